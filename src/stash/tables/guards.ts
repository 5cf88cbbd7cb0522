/** The `guard` table: the rule of each guarded key. */
import type { GuardRow } from '../../model/decide/facts.ts'
import type { Guard } from '../../model/guard/guard.ts'

type Row = { key: string; guard: string; version: number }

export function getGuards(sql: SqlStorage, keys: Iterable<string>): Map<string, GuardRow> {
  const found = new Map<string, GuardRow>()
  for (const key of keys) {
    const row = sql.exec<Row>('SELECT * FROM guard WHERE key = ?', key).toArray()[0]
    if (row !== undefined) found.set(key, toGuard(row))
  }
  return found
}

export const listGuardsByKey = (sql: SqlStorage): GuardRow[] =>
  sql.exec<Row>('SELECT * FROM guard ORDER BY key').toArray().map(toGuard)

/** The rows with the guards as stored: the verification of history must not rely on them being JSON. */
export const getGuardTexts = (sql: SqlStorage): Row[] => sql.exec<Row>('SELECT * FROM guard').toArray()

export const countGuardBytes = (sql: SqlStorage): { guardCount: number; guardBytes: number } =>
  sql
    .exec<{ guardCount: number; guardBytes: number }>(
      'SELECT count(*) AS guardCount, coalesce(sum(octet_length(guard)), 0) AS guardBytes FROM guard',
    )
    .one()

export function putGuard(sql: SqlStorage, key: string, guard: Guard, version: number): void {
  sql.exec('INSERT OR REPLACE INTO guard (key, guard, version) VALUES (?, ?, ?)', key, JSON.stringify(guard), version)
}

export function deleteGuard(sql: SqlStorage, key: string): void {
  sql.exec('DELETE FROM guard WHERE key = ?', key)
}

// Only `putGuard` writes this column, always with a guard.
const toGuard = ({ key, guard, version }: Row): GuardRow => ({ key, guard: JSON.parse(guard) as Guard, version })
