/** The `answer` table: what was answered under an Idempotency-Key, so that a repeat gets the same. */
import type { Applied } from '../model/intent.ts'
import { bytesOf } from '../model/item.ts'

/** Long enough for a night's retries. The contract states it. */
const ANSWER_LIFETIME_MS = 24 * 60 * 60_000

type AnswerRow = { fingerprint: string; applied: string }

export function findAnswer(
  sql: SqlStorage,
  scope: string,
  key: string,
  now: number,
): { fingerprint: string; applied: Applied } | null {
  const row = sql
    .exec<AnswerRow>(
      'SELECT fingerprint, applied FROM answer WHERE scope = ? AND key = ? AND at > ?',
      scope,
      key,
      now - ANSWER_LIFETIME_MS,
    )
    .toArray()[0]
  return row === undefined ? null : { fingerprint: row.fingerprint, applied: JSON.parse(row.applied) as Applied }
}

/** Of one token: far more than it repeats. The oldest are forgotten first. */
const SCOPE_MAX_ANSWERS = 1_000
const SCOPE_MAX_BYTES = 8 * 1024 * 1024

export function keepAnswer(
  sql: SqlStorage,
  answer: { scope: string; key: string; fingerprint: string; applied: Applied; at: number },
): void {
  dropExpiredAnswers(sql, answer.at)
  const applied = JSON.stringify(answer.applied)
  const bytes = bytesOf(applied) + answer.key.length + answer.fingerprint.length
  sql.exec(
    'INSERT OR REPLACE INTO answer (scope, key, fingerprint, applied, at, bytes) VALUES (?, ?, ?, ?, ?, ?)',
    answer.scope,
    answer.key,
    answer.fingerprint,
    applied,
    answer.at,
    bytes,
  )
  dropOldest(sql, answer.scope)
}

function dropOldest(sql: SqlStorage, scope: string): void {
  const kept = sql.exec<{ id: number; bytes: number }>(
    'SELECT rowid AS id, bytes FROM answer WHERE scope = ? ORDER BY at DESC, rowid DESC',
    scope,
  )
  let count = 0
  let total = 0
  const over: number[] = []
  for (const { id, bytes } of kept) {
    count++
    total += bytes
    // The newest stays, however large.
    if (count > 1 && (count > SCOPE_MAX_ANSWERS || total > SCOPE_MAX_BYTES)) over.push(id)
  }
  for (const id of over) sql.exec('DELETE FROM answer WHERE rowid = ?', id)
}

export function dropExpiredAnswers(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM answer WHERE at <= ?', now - ANSWER_LIFETIME_MS)
}
