/** The message by which a stash's object asks its Worker to purge the cache: `stash/` and `http/` may not import each other. */
export const PURGE_METHOD = 'PURGE'

export type PurgeProps = { purgeTag: string }
