/**
 * The object's answer to "which revision is the present state?": the revision; null where the stash was deleted; NO_STORAGE
 * where the object has neither tables nor the mark of a deletion. Then its storage was lost, the stash was never created, or it
 * was deleted by a version that left no mark. KV's copy shows whether the storage was lost.
 */
export type Vouch = number | null

/** A number, because readers of the version before handle numbers and null only: they take it for a revision below all others. */
export const NO_STORAGE = -1

/**
 * The copy that a reader has, to which changes can be applied: its revision, and the beginning of the hash of that revision's log
 * entry. By the hash an object that was restored to an earlier state knows a copy of the history that it has lost. `leaseMs` is the
 * last lease of a reader whose last questions failed: after an outage the object learns from it how many readers there are.
 */
export type KnownCopy = { revision: number; chain: string | null; leaseMs?: number }

/** The least lease, in ms: what a reader counts on where the object does not name one, as an older version does not. */
export const LEASE_MIN_MS = 1_000
/** The longest one, in ms. */
export const LEASE_MAX_MS = 60_000

/**
 * The answer to a caller that says which copy it has, null for none. It may serve its copy without another question for `leaseMs`: the
 * least lease counts from its question, a longer one from the answer. `changes` lead from the caller's revision to `head` (`snapshot-changes.ts`); null where the caller has to read
 * the snapshot, or has it.
 */
export type VouchReply = { head: Vouch; leaseMs: number; changes: string | null }

/** An object that runs the version before ignores what the caller knows, and answers with the bare vouch. */
export function toVouchReply(answer: Vouch | VouchReply): VouchReply {
  if (answer === null || typeof answer === 'number') return { head: answer, leaseMs: LEASE_MIN_MS, changes: null }
  const { head, leaseMs, changes } = answer
  return { head, leaseMs: Math.min(Math.max(leaseMs, LEASE_MIN_MS), LEASE_MAX_MS), changes }
}
