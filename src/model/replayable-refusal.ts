/**
 * The refusals that are kept for their Idempotency-Key, so that a late original is not accepted after its repeat was refused.
 *
 * These are the refusals of the statuses 404, 409, 412, 422 and 423 that a decision can make. Status codes belong to `http/`;
 * a unit test compares this list with its table. `idempotency_mismatch` is left out, because the key then belongs to another
 * request, whose reply is kept.
 */
import type { Refusal, RefusalCode } from './refusal.ts'

/** Long enough for a request that a network or a retrying proxy has delayed. The contract states it. */
export const REFUSAL_LIFETIME_MS = 2 * 60_000

export const REPLAYABLE_REFUSALS: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'item_not_found',
  'guard_not_found',
  'held_not_found',
  'token_not_found',
  'revision_not_found',
  'not_frozen',
  'version_conflict',
  'item_exists',
  'too_many_items',
  'stash_too_large',
  'too_many_guards',
  'too_many_tokens',
  'guards_too_large',
  'change_too_costly',
  'too_many_freezes',
  'too_many_held',
  'too_large_to_hold',
  'time_boxes_too_large',
  'frozen',
  'guard_mismatch',
  'guard_unmet',
  'reason_required',
  'time_box_required',
  'approval_required',
  'unsafe_end',
  'time_past',
  'time_too_far',
  'not_awaiting_approval',
  'requester_gone',
  'later_changes',
  'nothing_to_undo',
  'master_token',
  'token_replaced',
  'label_taken',
  'slug_set',
])

export const isReplayable = ({ code }: Refusal): boolean => REPLAYABLE_REFUSALS.has(code)
