/** A freeze: until it ends, every change is refused, except those that the stash makes by itself. */
export type Freeze = {
  /** In ms since the epoch; null: until it is ended by hand. */
  until: number | null
  reason: string | null
  /** The label of the token that froze. */
  by: string
}

/** A change in spite of a freeze: the label of the token that made it, and the reason given. */
export type BrokenGlass = { by: string; why: string }

/** By the time, and not by the alarm that removes the freeze: a late alarm must not prolong it. */
export const isFrozen = (freeze: Freeze | null, now: number): freeze is Freeze =>
  freeze !== null && (freeze.until === null || freeze.until > now)
