/**
 * Resolves differences between the object and a copy that no delay explains.
 *
 * - The copy is newer than the object. Either the copy was read after the object answered, or the object's storage went back,
 *   as in a point-in-time recovery. In the second case the object is asked to continue past the copy's revision.
 * - The object has no tables and no record of a deletion, and a copy of the stash exists: its storage was lost. Readers
 *   then keep the copy, unvouched.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { LEASE_MIN_MS, NO_STORAGE } from '../model/snapshot/vouch.ts'
import { withDeadline, TIMED_OUT } from './with-deadline.ts'
import { ANSWER_DEADLINE_MS, type VouchRequests, type VouchAnswer } from './vouch-requests.ts'
import { nextSequence } from './single-flight.ts'
import type { Stores } from './stores.ts'

/**
 * Asks the object for a new vouch, after the copy was read. If the object's revision is still lower, asks it to recover.
 * @returns null if the object does not answer, does not find the copy's revision in KV yet, or was asked to recover just before
 */
export async function resolveDivergence(
  vouches: VouchRequests,
  stores: Stores,
  stashId: string,
  copy: Snapshot,
): Promise<VouchAnswer | null> {
  const sequence = nextSequence()
  const again = await vouches.ask(stores, stashId, { sequence, atLeast: copy.revision, fallback: 'outdated' })
  if (again === null || again.head === null || again.head === NO_STORAGE || again.head >= copy.revision) return again
  stores.notice('diverged', stashId, `a copy has revision ${copy.revision}, and the object only ${again.head}`)
  const askedAt = stores.now()
  if (!vouches.availability.acquireRecovery(stashId, askedAt)) return null
  const head = await withDeadline(stores, ANSWER_DEADLINE_MS, stores.recover(stashId, copy.revision))
  if (head === TIMED_OUT) return null
  return head !== null && head < copy.revision
    ? null
    : { head, leaseMs: LEASE_MIN_MS, changes: null, askedAt, sequence: nextSequence() }
}

/**
 * Tells a stash that was deleted or never created from one whose storage was lost, by the newest copy. A deletion leaves a
 * tombstone in KV before the object empties itself, and it stays there longer than any of KV's caches keeps an older snapshot.
 * @param isKvKnown whether KV was read: without it, a missing copy proves nothing
 */
export function classifyMissingTables(copy: Snapshot | null, isKvKnown: boolean): 'gone' | 'lost' | 'unknown' {
  if (copy === null) return isKvKnown ? 'gone' : 'unknown'
  return copy.stash === null ? 'gone' : 'lost'
}
