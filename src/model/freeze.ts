/**
 * A freeze: until it ends, changes of items and guards, and the deletion of the stash, are refused. The stash's own changes (ends
 * of time-boxes, lapses) are excepted, and changes that break the glass. Tokens and freezes can be changed.
 */
export type Freeze = {
  /** In ms since the epoch; null: until it is ended by hand. */
  until: number | null
  reason: string | null
  /** The label of the actor that froze the stash. */
  by: string
}

/** A change in spite of a freeze: the label of the caller that broke the glass, and the reason given. */
export type BrokenGlass = { by: string; why: string }

/** A freeze ends by the clock, not by the alarm that removes it: a late alarm must not prolong it. */
export const isFrozen = (freeze: Freeze | null, now: number): freeze is Freeze =>
  freeze !== null && (freeze.until === null || freeze.until > now)
