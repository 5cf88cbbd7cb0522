/**
 * The flags of a stash at a given time. A time-boxed value ends by the clock, also where the stash has made no revision for
 * the end yet. This is the only implementation of that rule for snapshots: every reader of a snapshot has to use it.
 */
import type { Flag, Snapshot } from './snapshot.ts'

/**
 * The snapshot at `now` (ms since the epoch): each flag whose time-box has ended has its former value. Returns the same
 * object where no time-box has ended.
 */
export function getSnapshotAt<S extends Snapshot>(snapshot: S, now: number): S {
  if (now < snapshot.changesAt) return snapshot
  const flags = new Map(snapshot.flags)
  const pending = snapshot.reverts.filter(({ at }) => at > now)
  const reverted = new Set(snapshot.reverted)
  for (const { key, at, version, to } of snapshot.reverts) {
    // The key is absent, and was absent before its time-box: the stash makes no revision for such an end.
    if (at > now || (to === null && !flags.has(key))) continue
    reverted.add(key)
    if (to === null) flags.delete(key)
    else flags.set(key, { key, version, ...to, changedAt: at, reverted: true })
  }
  return {
    ...snapshot,
    flags: inOrder(flags),
    reverts: pending,
    changesAt: pending[0]?.at ?? Infinity,
    reverted,
  }
}

/** Sorts by key, as the stash does: the result must not depend on the order in which values were put back. */
const inOrder = (flags: Map<string, Flag>): Map<string, Flag> =>
  new Map([...flags].toSorted(([a], [b]) => (a < b ? -1 : 1)))
