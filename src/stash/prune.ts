/** Forgets the oldest history, and what has expired. The chain stays whole: its anchor moves along. */
import { isPast, prunable, pruneAt, type LogSize } from '../model/retention.ts'
import { dropExpiredAnswers } from './answers.ts'
import { dropExpiredLinks } from './held.ts'
import { changesOf, charsIn } from './log.ts'
import { getStash } from './stash-row.ts'
import { dropExpiredTokens } from './tokens.ts'

/** When there will be something to forget; null while there is not. */
export function nextPruneAt(sql: SqlStorage, now: number): number | null {
  return pruneAt(logSize(sql), now)
}

export function prune(sql: SqlStorage, now: number): void {
  dropExpiredAnswers(sql, now)
  dropExpiredLinks(sql, now)
  dropExpiredTokens(sql, now)
  pruneLog(sql, now)
}

function pruneLog(sql: SqlStorage, now: number): void {
  const size = logSize(sql)
  const dueAt = pruneAt(size, now)
  if (dueAt === null || dueAt > now) return
  const query = 'SELECT revision, at, hash FROM log ORDER BY revision LIMIT ?'
  const oldest = sql.exec<{ revision: number; at: number; hash: string }>(query, prunable(size)).toArray()
  const kept = oldest.findIndex(({ at }) => !isPast(at, size, now))
  const last = oldest.slice(0, kept === -1 ? oldest.length : kept).at(-1)
  if (last === undefined) return
  const bytes = oldest
    .filter(({ revision }) => revision <= last.revision)
    .reduce((sum, { revision }) => sum + charsIn(changesOf(sql, revision)), 0)
  sql.exec('DELETE FROM change WHERE revision <= ?', last.revision)
  sql.exec('DELETE FROM log WHERE revision <= ?', last.revision)
  sql.exec(
    'UPDATE stash SET anchor_revision = ?, anchor_hash = ?, log_bytes = max(0, log_bytes - ?)',
    last.revision,
    last.hash,
    bytes,
  )
}

function logSize(sql: SqlStorage): LogSize {
  const { revision, anchor_revision, log_bytes: bytes } = getStash(sql)
  const query = 'SELECT at FROM log ORDER BY revision LIMIT 1'
  return {
    entries: revision - anchor_revision,
    bytes,
    oldestAt: () => sql.exec<{ at: number }>(query).one().at,
  }
}
