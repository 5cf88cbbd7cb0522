/** Releases a held change whose time has come. One transaction, called by the alarm. */
import { carryOut } from './apply.ts'
import { dropHeld, getHeld } from './held.ts'
import { actorOfId } from './tokens.ts'

export function releaseDue(sql: SqlStorage, id: string, now: number): void {
  const held = getHeld(sql, id)
  const actor = held.made_by === null ? ({ kind: 'system', label: 'stash' } as const) : actorOfId(sql, held.made_by)
  const applied = actor && carryOut(sql, { actor, intent: held.change, heldId: held.id, reason: held.reason }, now)
  // Refused, it is over all the same: the facts have moved on, and would refuse it again for ever.
  if (!applied?.ok) dropHeld(sql, id)
}
