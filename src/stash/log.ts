/**
 * The `log` and `change` tables: every accepted change, in order, with who, when, why, before and after, each
 * entry chained to the one before it by its hash. Its head is what the publisher must bring KV to.
 */
import { chainText, type Entry } from '../model/entry.ts'
import { sha256 } from './digest.ts'

/** Appends the entry and returns its hash, which the next entry will cover. */
export function append(sql: SqlStorage, entry: Entry, previousHash: string): string {
  const hash = sha256(chainText(entry, previousHash))
  sql.exec(
    'INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    entry.revision,
    entry.at,
    entry.kind,
    entry.actorId,
    entry.actor,
    entry.heldId,
    entry.reason,
    hash,
  )
  for (const [position, { key, before, after }] of entry.changes.entries()) {
    sql.exec(
      'INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      entry.revision,
      position,
      key,
      before?.value ?? null,
      before?.type ?? null,
      before?.version ?? null,
      after?.value ?? null,
      after?.type ?? null,
    )
  }
  return hash
}

/** What the first entry's hash covers: the stash's own beginning, so that two stashes never share a chain. */
export const genesis = (stashId: string, createdAt: number): string => sha256(JSON.stringify([stashId, createdAt]))
