/**
 * The message by which a stash's object asks its Worker to purge the cache. It is in this room, because `stash/` may not import
 * `http/`, and `http/` may import only types of `stash/`.
 */
export const PURGE_METHOD = 'PURGE'

export type PurgeProps = { purgeTag: string }
