/** A freeze: until it ends, nothing changes but what was decided before. */
export type Freeze = {
  /** In ms since the epoch; null: until somebody ends it. */
  until: number | null
  reason: string | null
  /** The label of the token that froze. */
  by: string
}

/** Who made a change in spite of a freeze, by the label of the token, and the reason that was given. */
export type BrokenGlass = { by: string; why: string }

/** Judged by the time, not by the alarm that clears it away: a late alarm freezes nobody. */
export const isFrozen = (freeze: Freeze | null, now: number): freeze is Freeze =>
  freeze !== null && (freeze.until === null || freeze.until > now)
