/** Deletes the oldest history and expired rows. The chain stays verifiable: its anchor is moved to the last deleted entry. */
import { isPast, prunable, PRUNE_BATCH_BYTES, pruneAt, type LogSize } from '../model/retention.ts'
import { dropExpiredReplies } from './tables/idempotency.ts'
import { dropExpiredLinks } from './tables/held.ts'
import { getChanges, countChars } from './tables/log.ts'
import { getStash } from './tables/stash-row.ts'
import { dropExpiredTokens } from './tables/tokens.ts'

/** When history is to be pruned next; null when it is not. */
export function nextPruneAt(sql: SqlStorage, now: number): number | null {
  return pruneAt(getLogSize(sql), now)
}

export function prune(sql: SqlStorage, now: number): void {
  dropExpiredReplies(sql, now)
  dropExpiredLinks(sql, now)
  dropExpiredTokens(sql, now)
  pruneLog(sql, now)
}

type Prunable = { revision: number; at: number; hash: string; bytes: number }

function pruneLog(sql: SqlStorage, now: number): void {
  const size = getLogSize(sql)
  const dueAt = pruneAt(size, now)
  if (dueAt === null || dueAt > now) return
  const query = 'SELECT revision, at, hash, bytes FROM log ORDER BY revision LIMIT ?'
  let last: Prunable | null = null
  let bytes = 0
  let entries = 0
  for (const entry of sql.exec<Prunable>(query, prunable(size)).toArray()) {
    if (!isPast(entry.at, size, now) || bytes > PRUNE_BATCH_BYTES) break
    last = entry
    entries++
    // Entries of older versions have no size: they were counted by the characters of their values.
    bytes += entry.bytes === 0 ? countChars(getChanges(sql, entry.revision)) : entry.bytes
  }
  if (last === null) return
  sql.exec('DELETE FROM change WHERE revision <= ?', last.revision)
  sql.exec('DELETE FROM log WHERE revision <= ?', last.revision)
  sql.exec(
    'UPDATE stash SET anchor_revision = ?1, anchor_hash = ?2, log_bytes = max(0, log_bytes - ?3), gap = gap - (?1 - anchor_revision - ?4)',
    last.revision,
    last.hash,
    bytes,
    entries,
  )
}

function getLogSize(sql: SqlStorage): LogSize {
  const { revision, anchor_revision, gap, log_bytes: bytes } = getStash(sql)
  const query = 'SELECT at FROM log ORDER BY revision LIMIT 1'
  return {
    entries: revision - anchor_revision - gap,
    bytes,
    databaseBytes: sql.databaseSize,
    oldestAt: () => sql.exec<{ at: number }>(query).one().at,
  }
}
