/** The `held` table: changes that wait for their release. */
import type { Held } from '../model/held.ts'
import type { Change } from '../model/intent.ts'
import { idOfHash } from '../model/token.ts'
import { sameHash } from './digest.ts'

type HeldRow = Omit<Held, 'change'> & { change: string }

export function putHeld(sql: SqlStorage, held: Held): void {
  sql.exec(
    'INSERT OR REPLACE INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    held.id,
    JSON.stringify(held.change),
    held.reason,
    held.made_by,
    held.made_at,
    held.secret_hash,
    held.expires_at,
    held.due_at,
  )
}

export function dropHeld(sql: SqlStorage, id: string): void {
  sql.exec('DELETE FROM held WHERE id = ?', id)
}

export function dropExpired(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM held WHERE expires_at <= ?', now)
}

export function heldBySecret(sql: SqlStorage, hash: string): Held | null {
  const row = sql.exec<HeldRow>('SELECT * FROM held WHERE id = ?', idOfHash(hash)).toArray()[0]
  const secret = row?.secret_hash ?? null
  return row !== undefined && secret !== null && sameHash(secret, hash) ? heldOf(row) : null
}

/** The id of the held change that has been due longest; null when none is due. */
export function nextDue(sql: SqlStorage, now: number): string | null {
  const rows = sql.exec<{ id: string }>('SELECT id FROM held WHERE due_at <= ? ORDER BY due_at LIMIT 1', now)
  return rows.toArray()[0]?.id ?? null
}

export function getHeld(sql: SqlStorage, id: string): Held {
  return heldOf(sql.exec<HeldRow>('SELECT * FROM held WHERE id = ?', id).one())
}

export function nextDueAt(sql: SqlStorage): number | null {
  return sql.exec<{ at: number | null }>('SELECT min(due_at) AS at FROM held WHERE due_at IS NOT NULL').one().at
}

export function postpone(sql: SqlStorage, id: string, until: number): void {
  sql.exec('UPDATE held SET due_at = ? WHERE id = ?', until, id)
}

/** Those that somebody asked for; the stash's own do not count against anybody. */
export function countHeld(sql: SqlStorage): number {
  return sql.exec<{ n: number }>('SELECT count(*) AS n FROM held WHERE made_by IS NOT NULL').one().n
}

// What `putHeld` wrote is a Change: nothing else writes this column.
const heldOf = (row: HeldRow): Held => ({ ...row, change: JSON.parse(row.change) as Change })
