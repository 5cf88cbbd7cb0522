/**
 * What the flags of a stash are at a time: past its end a time-boxed value is over, whether or not the stash has made a
 * revision of that yet. The one place that says so; every reader of a snapshot goes through it.
 */
import type { Flag, Snapshot } from './snapshot.ts'

/**
 * The snapshot as it stands at `now` (ms since the epoch): each flag whose time-box has ended has the value that comes
 * back. The same object where nothing has ended since.
 */
export function getSnapshotAt<S extends Snapshot>(snapshot: S, now: number): S {
  if (now < snapshot.changesAt) return snapshot
  const flags = new Map(snapshot.flags)
  const pending = snapshot.reverts.filter(({ at }) => at > now)
  const reverted = new Set(snapshot.reverted)
  for (const { key, at, version, to } of snapshot.reverts) {
    // Away already, and to stay away: the stash makes no revision of that.
    if (at > now || (to === null && !flags.has(key))) continue
    reverted.add(key)
    if (to === null) flags.delete(key)
    else flags.set(key, { key, version, ...to, reverted: true })
  }
  return {
    ...snapshot,
    flags: inOrder(flags),
    reverts: pending,
    changesAt: pending[0]?.at ?? Infinity,
    reverted,
  }
}

/** By key, as the stash gives them: an answer must not depend on what was put back first. */
const inOrder = (flags: Map<string, Flag>): Map<string, Flag> =>
  new Map([...flags].toSorted(([a], [b]) => (a < b ? -1 : 1)))
