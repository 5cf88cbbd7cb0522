/**
 * A freeze: until it ends, changes of the frozen items and guards are refused, and so are the deletion of the stash and an import
 * that replaces everything. The stash's own changes (ends of time-boxes, lapses) are excepted, and changes that break the glass.
 * Tokens and freezes can be changed.
 */
export type Freeze = {
  /** In ms since the epoch; null: until it is ended by hand. */
  until: number | null
  reason: string | null
  /** The label of the actor that froze the stash. */
  by: string
  /** The patterns of the frozen keys, as `toPatternSet` returns them. Absent: every key is frozen. */
  keys?: string[]
}

/** A freeze of some keys. Its set of patterns identifies it: a stash has at most one freeze with the same set. */
export type KeyedFreeze = Freeze & { keys: string[] }

/** Beside the freeze of the whole stash. */
export const STASH_MAX_KEY_FREEZES = 20
export const FREEZE_MAX_PATTERNS = 100
/**
 * The limit for the patterns of all freezes of a stash, as JSON: each key of a change is matched with every pattern, and every
 * copy of the stash has them.
 */
export const KEY_FREEZES_MAX_BYTES = 32 * 1024

/** A change in spite of a freeze: the label of the caller that broke the glass, and the reason given. */
export type BrokenGlass = { by: string; why: string }

/** A freeze ends by the clock, not by the alarm that removes it: a late alarm must not prolong it. */
export const isFrozen = <F extends Pick<Freeze, 'until'>>(freeze: F | null, now: number): freeze is F =>
  freeze !== null && (freeze.until === null || freeze.until > now)

/** The public facts of a freeze: its end, and the patterns of its keys; null for every key. */
export type PublicFreeze = { keys: readonly string[] | null; until: number | null }

/** The freezes that have not ended at `now`, the one of the whole stash first. */
export function listStanding(
  freeze: Pick<Freeze, 'until'> | null,
  keyFreezes: readonly { keys: readonly string[]; until: number | null }[],
  now: number,
): PublicFreeze[] {
  return [
    ...(isFrozen(freeze, now) ? [{ keys: null, until: freeze.until }] : []),
    ...keyFreezes.filter((one) => isFrozen(one, now)).map(({ keys, until }) => ({ keys, until })),
  ]
}
