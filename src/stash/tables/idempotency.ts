/**
 * Idempotency records, in the tables `answer` and `refusal`: the reply to a command, so that a repeat gets the same. Replies of
 * accepted changes are kept for up to a day. Refusals are kept for up to two minutes, so that an original that arrives after
 * its refused repeat is refused as well. They have a table of their own, because older versions take every row of `answer` for
 * an accepted change.
 */
import type { Applied } from '../../model/intent.ts'
import { countBytes } from '../../model/item.ts'
import { REFUSAL_LIFETIME_MS } from '../../model/replayable-refusal.ts'
import { ok, type Refusal, type Result } from '../../model/refusal.ts'

/** A day is long enough for retries overnight. The contract states it. */
const ANSWER_LIFETIME_MS = 24 * 60 * 60_000

/** The limits for one credential in each of the two tables. The oldest rows are deleted first. */
const SCOPE_MAX_ANSWERS = 1_000
const SCOPE_MAX_BYTES = 8 * 1024 * 1024
/** The limit of refusals for a link. It is lower, because one or two people use a link, and its bearer is anonymous. */
const LINK_MAX_REFUSALS = 20

/** The scope (the credential) and the key by which a reply is found, and the fingerprint of its request. */
export type IdempotencyRecordKey = { scope: string; key: string; fingerprint: string }

type IdempotentReply = { fingerprint: string; result: Result<Applied> }

export function findIdempotentReply(sql: SqlStorage, scope: string, key: string, now: number): IdempotentReply | null {
  return findApplied(sql, scope, key, now) ?? findRefused(sql, scope, key, now)
}

function findApplied(sql: SqlStorage, scope: string, key: string, now: number): IdempotentReply | null {
  const query = 'SELECT fingerprint, applied FROM answer WHERE scope = ? AND key = ? AND at > ?'
  const row = sql
    .exec<{ fingerprint: string; applied: string }>(query, scope, key, now - ANSWER_LIFETIME_MS)
    .toArray()[0]
  if (row === undefined) return null
  // Only `saveIdempotentReply` writes this column.
  return { fingerprint: row.fingerprint, result: ok(JSON.parse(row.applied) as Applied) }
}

function findRefused(sql: SqlStorage, scope: string, key: string, now: number): IdempotentReply | null {
  const query = 'SELECT fingerprint, refusal FROM refusal WHERE scope = ? AND key = ? AND at > ?'
  const row = sql
    .exec<{ fingerprint: string; refusal: string }>(query, scope, key, now - REFUSAL_LIFETIME_MS)
    .toArray()[0]
  if (row === undefined) return null
  // Only `saveIdempotentRefusal` writes this column.
  return { fingerprint: row.fingerprint, result: { ok: false, refusal: JSON.parse(row.refusal) as Refusal } }
}

export function saveIdempotentReply(
  sql: SqlStorage,
  { scope, key, fingerprint }: IdempotencyRecordKey,
  applied: Applied,
  at: number,
): void {
  dropExpiredReplies(sql, at)
  const text = JSON.stringify(applied)
  const statement =
    'INSERT OR REPLACE INTO answer (scope, key, fingerprint, applied, at, bytes) VALUES (?, ?, ?, ?, ?, ?)'
  sql.exec(statement, scope, key, fingerprint, text, at, countBytes(text) + key.length + fingerprint.length)
  dropOldest(sql, 'answer', scope, SCOPE_MAX_ANSWERS)
}

export function saveIdempotentRefusal(
  sql: SqlStorage,
  { scope, key, fingerprint }: IdempotencyRecordKey,
  { refusal, at, byLink }: { refusal: Refusal; at: number; byLink: boolean },
): void {
  dropExpiredReplies(sql, at)
  const text = JSON.stringify(refusal)
  const statement =
    'INSERT OR REPLACE INTO refusal (scope, key, fingerprint, refusal, at, bytes) VALUES (?, ?, ?, ?, ?, ?)'
  sql.exec(statement, scope, key, fingerprint, text, at, countBytes(text) + key.length + fingerprint.length)
  dropOldest(sql, 'refusal', scope, byLink ? LINK_MAX_REFUSALS : SCOPE_MAX_ANSWERS)
}

function dropOldest(sql: SqlStorage, table: 'answer' | 'refusal', scope: string, limit: number): void {
  const kept = sql.exec<{ id: number; bytes: number }>(
    `SELECT rowid AS id, bytes FROM ${table} WHERE scope = ? ORDER BY at DESC, rowid DESC`,
    scope,
  )
  let count = 0
  let total = 0
  const over: number[] = []
  for (const { id, bytes } of kept) {
    count++
    total += bytes
    // The newest stays, even if it is too large.
    if (count > 1 && (count > limit || total > SCOPE_MAX_BYTES)) over.push(id)
  }
  for (const id of over) sql.exec(`DELETE FROM ${table} WHERE rowid = ?`, id)
}

export function dropExpiredReplies(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM answer WHERE at <= ?', now - ANSWER_LIFETIME_MS)
  sql.exec('DELETE FROM refusal WHERE at <= ?', now - REFUSAL_LIFETIME_MS)
}
