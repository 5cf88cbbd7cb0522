/** Releases the held change that has been due longest. One transaction, called by the alarm. */
import { carryOut } from './apply.ts'
import { dropHeld, nextDue } from './held.ts'
import { actorOfId } from './tokens.ts'

export function releaseDue(sql: SqlStorage, now: number): void {
  const held = nextDue(sql, now)
  if (held === null) return
  const actor = held.made_by === null ? ({ kind: 'system', label: 'stash' } as const) : actorOfId(sql, held.made_by)
  const applied = actor && carryOut(sql, { actor, intent: held.change, heldId: held.id, reason: held.reason }, now)
  // Refused, it is over all the same: the facts have moved on, and would refuse it again for ever.
  if (!applied?.ok) dropHeld(sql, held.id)
}
