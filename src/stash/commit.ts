/** Writes a decision down: rows, counters and the log entry. Runs inside the caller's transaction. */
import type { Decision, Effect } from '../model/decide.ts'
import { labelOf, type Actor } from '../model/permit.ts'
import { dropHeld, putHeld } from './held.ts'
import { deleteItem, putItem } from './items.ts'
import { append } from './log.ts'
import { bury, moveHead, type StashRow } from './stash-row.ts'

export type Circumstance = { actor: Actor; heldId: string | null; reason: string | null; now: number }

export function commit(sql: SqlStorage, stash: StashRow, decision: Decision, circumstance: Circumstance): void {
  const { actor, heldId, reason, now } = circumstance
  for (const effect of decision.effects) carryOut(sql, effect, decision.applied.revision, now)
  if (decision.entry === null) return

  let { item_count, bytes } = stash
  for (const { key, before, after } of decision.entry.changes) {
    if (after === null) deleteItem(sql, key)
    else putItem(sql, after)
    item_count += (after ? 1 : 0) - (before ? 1 : 0)
    bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
  }
  const { revision } = decision.applied
  const head_hash = append(
    sql,
    {
      revision,
      at: now,
      kind: decision.entry.kind,
      actorId: actor.kind === 'token' ? actor.id : null,
      actor: labelOf(actor),
      heldId,
      reason,
      changes: decision.entry.changes,
    },
    stash.head_hash,
  )
  moveHead(sql, { revision, item_count, bytes, head_hash })
}

function carryOut(sql: SqlStorage, effect: Effect, revision: number, now: number): void {
  switch (effect.kind) {
    case 'hold':
      return putHeld(sql, effect.held)
    case 'drop':
      return dropHeld(sql, effect.heldId)
    case 'bury':
      return bury(sql, revision, now)
  }
}
