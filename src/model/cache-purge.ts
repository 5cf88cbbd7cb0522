/** How the stash asks its Worker to purge the cache: a message between two rooms that only share this one. */
export const PURGE_METHOD = 'PURGE'

export type PurgeProps = { purgeTag: string }
