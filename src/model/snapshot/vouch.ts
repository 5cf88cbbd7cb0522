/**
 * What an object vouches for: its revision; null where the stash was deleted; NO_STORAGE where it has no tables, and no
 * note that it was deleted. A deletion leaves such a note since there is one, so this means storage that was lost, a stash
 * that was never created, or one deleted by a version from before. KV tells these apart.
 */
export type Vouch = number | null

/** A number, because readers of the version before know numbers and null: to them it is a very old revision. */
export const NO_STORAGE = -1
