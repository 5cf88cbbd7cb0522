/** The `answer` table: what was answered under an Idempotency-Key, so that a repeat gets the same. */
import type { Applied } from '../model/intent.ts'

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

export function keepAnswer(
  sql: SqlStorage,
  answer: { scope: string; key: string; fingerprint: string; applied: Applied; at: number },
): void {
  dropExpiredAnswers(sql, answer.at)
  sql.exec(
    'INSERT OR REPLACE INTO answer (scope, key, fingerprint, applied, at) VALUES (?, ?, ?, ?, ?)',
    answer.scope,
    answer.key,
    answer.fingerprint,
    JSON.stringify(answer.applied),
    answer.at,
  )
}

export function dropExpiredAnswers(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM answer WHERE at <= ?', now - ANSWER_LIFETIME_MS)
}
