/**
 * Gathers the facts of the stash's health. It has to be cheap, because each run of the alarm does it: it reads from indexes or
 * from tables of few rows, and at most 100 late changes of each sort.
 */
import { LATE_MS, type AlarmFacts, type HealthFacts, type Late } from '../../model/health.ts'
import type { HeldKind } from '../../model/held.ts'
import { getCursor } from '../publish/outbox.ts'
import { nextPruneAt } from '../prune.ts'
import { getStash, type StashRow } from '../tables/stash-row.ts'

const LATE_MAX = 100

export function gatherHealth(sql: SqlStorage, alarm: AlarmFacts, now: number): HealthFacts {
  const stash = getStash(sql)
  const { revision, anchor_revision: prunedThrough } = stash
  return {
    revision,
    createdAt: stash.created_at,
    timeBoxedKeys: sql.exec<{ n: number }>('SELECT count(*) AS n FROM revert').one().n,
    heldCount: stash.held_count,
    ...getLateChanges(sql, now),
    kv: getKvHealth(sql, stash),
    hubs: getHubHealth(sql, stash),
    alarm,
    storage: { databaseBytes: sql.databaseSize, logBytes: stash.log_bytes },
    history: { prunedThrough, firstAt: loggedAfter(sql, prunedThrough), pruneAt: nextPruneAt(sql, now) },
  }
}

type LateRow = { kind: HeldKind; due_at: number | null; tries: number; retry_at: number | null; keys: string }

/** The two conditions are those of the indexes `held_by_due` and `held_by_retry`. */
function getLateChanges(sql: SqlStorage, now: number): Pick<HealthFacts, 'late' | 'isWhole'> {
  const select = (condition: string, ...bindings: number[]): LateRow[] =>
    sql
      .exec<LateRow>(
        `SELECT kind, due_at, tries, retry_at, keys FROM held WHERE ${condition} LIMIT ?`,
        ...bindings,
        LATE_MAX + 1,
      )
      .toArray()
  const sorts = [
    select('due_at <= ? AND retry_at IS NULL ORDER BY due_at', now - LATE_MS),
    select('retry_at IS NOT NULL ORDER BY retry_at'),
  ]
  const late = sorts.flatMap((rows) =>
    rows.slice(0, LATE_MAX).map(({ kind, due_at, tries, retry_at, keys }): Late => {
      // A damaged row must not hide the other late ones.
      return { kind, dueAt: due_at ?? now, tries, isRetried: retry_at !== null, keys: parseKeys(keys) }
    }),
  )
  return { late, isWhole: sorts.every((rows) => rows.length <= LATE_MAX) }
}

// The cast is safe: only `putHeld` and a migration write this column, always a JSON list of keys.
function parseKeys(text: string): string[] {
  try {
    return JSON.parse(text) as string[]
  } catch {
    return []
  }
}

function getKvHealth(sql: SqlStorage, stash: StashRow): HealthFacts['kv'] {
  const { revision, failures, triedAt, pending } = getCursor(sql)
  const isBehind = revision < stash.revision
  return {
    revision,
    behindSince: isBehind ? revisionAfter(sql, stash, revision) : null,
    failures,
    triedAt: triedAt === 0 ? null : triedAt,
    isPending: pending,
  }
}

function getHubHealth(sql: SqlStorage, stash: StashRow): HealthFacts['hubs'] {
  // The table has at most a few hundred rows: 64 hubs a continent.
  const query = `SELECT count(*) AS count, coalesce(sum(told < ?1), 0) AS behind, min(told) AS lowest,
    coalesce(max(CASE WHEN told < ?1 THEN failures END), 0) AS failures FROM hub`
  type Row = { count: number; behind: number; lowest: number | null; failures: number }
  const { count, behind, lowest, failures } = sql.exec<Row>(query, stash.revision).one()
  const behindSince = lowest === null || behind === 0 ? null : revisionAfter(sql, stash, lowest)
  return { count, behind, lowestCursor: lowest, behindSince, failures }
}

/** When the revision after this one was made: since then a cursor at this revision is behind. */
function revisionAfter(sql: SqlStorage, { created_at, deleted_at }: StashRow, revision: number): number {
  if (revision < 0) return deleted_at ?? created_at
  // Where that entry was pruned, the time is that of the first entry left. A deleted stash has no log.
  return loggedAfter(sql, revision) ?? deleted_at ?? created_at
}

function loggedAfter(sql: SqlStorage, revision: number): number | null {
  const query = 'SELECT at FROM log WHERE revision > ? ORDER BY revision LIMIT 1'
  return sql.exec<{ at: number }>(query, revision).toArray()[0]?.at ?? null
}
