/** Writes a decision: rows, counters and the log entry. Runs inside the caller's transaction. */
import type { Decision, DecidedEntry, Effect } from '../../model/decide/decision.ts'
import type { EntryChange } from '../../model/entry.ts'
import { getActorLabel, type Actor } from '../../model/access/permit.ts'
import { deleteGuard, putGuard } from '../tables/guards.ts'
import { dropDecision, dropHeld, reassignHeld, putHeld } from '../tables/held.ts'
import { deleteItem, putItem } from '../tables/items.ts'
import { dropKeyFreeze, putKeyFreeze } from '../tables/key-freezes.ts'
import { appendEntry } from '../tables/log.ts'
import { markDeleted, moveHead, setDescription, setFreeze, type StashRow } from '../tables/stash-row.ts'
import { endToken, insertToken } from '../tables/tokens.ts'

export type CommitContext = { actor: Actor; heldId: string | null; reason: string | null; now: number }

export function commit(sql: SqlStorage, stash: StashRow, decision: Decision, context: CommitContext): void {
  const { applied, entry, effects } = decision
  for (const effect of effects) applyEffect(sql, effect, applied.revision, context.now)
  if (entry === null) return

  const { actor, heldId, reason, now } = context
  const { revision } = applied
  let { item_count, bytes } = stash
  for (const { key, before, after } of entry.items) {
    if (after === null) deleteItem(sql, key)
    else putItem(sql, after)
    item_count += (after ? 1 : 0) - (before ? 1 : 0)
    bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
  }
  for (const { key, after } of entry.guards) {
    if (after === null) deleteGuard(sql, key)
    else putGuard(sql, key, after, revision)
  }
  const logged = appendEntry(
    sql,
    {
      revision,
      at: now,
      kind: entry.kind,
      actorId: actor.kind === 'token' ? actor.id : null,
      actor: getActorLabel(actor),
      heldId,
      reason,
      detail: entry.detail && JSON.stringify(entry.detail),
      changes: toEntryChanges(entry),
    },
    stash.head_hash,
  )
  moveHead(sql, { revision, item_count, bytes, head_hash: logged.hash, log_bytes: stash.log_bytes + logged.bytes })
}

const toEntryChanges = ({ items, guards, detail }: DecidedEntry): EntryChange[] => [
  ...items.map(({ key, before, after }) => ({ what: 'item' as const, key, before, after })),
  ...guards.map(({ key, before, after }) => ({
    what: 'guard' as const,
    key,
    before: before && { value: JSON.stringify(before.guard), type: '', version: before.version },
    after: after && { value: JSON.stringify(after), type: '' },
  })),
  // By these rows the history of a key shows the dropped held changes about it as well, and a token for some keys sees the freezes
  // that it reaches.
  ...(detail?.dropped?.keys ?? detail?.freeze?.keys ?? []).map((key) => ({
    what: 'held' as const,
    key,
    before: null,
    after: null,
  })),
]

function applyEffect(sql: SqlStorage, effect: Effect, revision: number, now: number): void {
  switch (effect.kind) {
    case 'hold':
      return putHeld(sql, effect.held)
    case 'drop':
      return dropHeld(sql, effect.heldId)
    case 'drop_decision':
      return dropDecision(sql, effect.by, effect.decision)
    case 'mark_deleted':
      return markDeleted(sql, revision, now)
    case 'set_freeze':
      return setFreeze(sql, effect.freeze)
    case 'set_key_freeze':
      return putKeyFreeze(sql, effect.freeze, effect.thawId)
    case 'end_key_freeze':
      return dropKeyFreeze(sql, effect.keys)
    case 'describe':
      return setDescription(sql, effect.described)
    case 'add_token':
      return insertToken(sql, effect)
    case 'remove_token':
      return endToken(sql, effect.id, now, now)
    case 'end_token':
      return endToken(sql, effect.id, effect.until, now)
    case 'replace_token':
      endToken(sql, effect.old, effect.oldUntil, now)
      return reassignHeld(sql, effect.old, effect.by)
  }
}
