/**
 * Where the object and a copy disagree in a way that no delay explains.
 *
 * A copy is newer than the object: either it was read after the object answered, or the object went back, as it does in a
 * point-in-time recovery. Then it is asked to go on past the copy. Or the object has no tables, and no note of a deletion:
 * while a copy of the stash lives, its storage was lost. Readers keep the copy then, unvouched.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE } from '../model/snapshot/vouch.ts'
import { withDeadline, TIMED_OUT } from './with-deadline.ts'
import { ANSWER_DEADLINE_MS, type VouchRequests, type VouchAnswer } from './vouch-requests.ts'
import { takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

/**
 * The object's word where the copy is newer than the last one: it is asked once more, after the copy was read, and where
 * that is lower still, told of the copy. Null: the object is silent, or does not believe it yet.
 */
export async function resolveDivergence(
  questions: VouchRequests,
  stores: Stores,
  stashId: string,
  copy: Snapshot,
): Promise<VouchAnswer | null> {
  const turn = takeTurn()
  const again = await questions.ask(stores, stashId, { turn, wanted: copy.revision, need: 'more' })
  if (again === null || again.head === null || again.head === NO_STORAGE || again.head >= copy.revision) return again
  stores.notice('diverged', stashId, `a copy has revision ${copy.revision}, and the object only ${again.head}`)
  const askedAt = stores.now()
  if (!questions.availability.acquireRecovery(stashId, askedAt)) return null
  const head = await withDeadline(stores, ANSWER_DEADLINE_MS, stores.recover(stashId, copy.revision))
  if (head === TIMED_OUT) return null
  return head !== null && head < copy.revision ? null : { head, askedAt, turn: takeTurn() }
}

/**
 * What an object without tables means, beside the newest copy there is; `isKvKnown` says whether KV was among those asked.
 * A deletion leaves a tombstone in KV before the object empties itself, for longer than any cache there keeps what was before.
 */
export function explainMissingTables(copy: Snapshot | null, isKvKnown: boolean): 'gone' | 'lost' | 'unknown' {
  if (copy === null) return isKvKnown ? 'gone' : 'unknown'
  return copy.stash === null ? 'gone' : 'lost'
}
