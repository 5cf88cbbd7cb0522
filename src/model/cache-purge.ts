/** The message by which a stash's object asks its Worker to purge the cache. Both rooms may import this one, and not each other. */
export const PURGE_METHOD = 'PURGE'

export type PurgeProps = { purgeTag: string }
