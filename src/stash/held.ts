/**
 * The `held` table: changes that wait for their release; and the `revert` table, which says of a key which of
 * them will put it back. The stash's row counts what is held, so that nobody has to count ten thousand rows.
 */
import { isHousekeeping, type Held } from '../model/held.ts'
import { bytesOf } from '../model/item.ts'
import { reaches, type TokenActor } from '../model/permit.ts'
import { idOfHash } from '../model/token.ts'
import { sameHash } from './digest.ts'

/** Values are wide: lists read these, and no more than they show. */
type HeldRow = Omit<Held, 'change' | 'keys' | 'approved_by' | 'broke_glass'> & {
  change: string
  keys: string
  approved_by: string | null
  broke_glass: string | null
  bytes: number
}

export function putHeld(sql: SqlStorage, held: Held): void {
  dropHeld(sql, held.id)
  const change = JSON.stringify(held.change)
  const bytes = bytesOf(change)
  sql.exec(
    `INSERT INTO held (id, kind, change, keys, reason, made_by, made_at, secret_hash, expires_at, due_at, decision, ends,
       approved_by, broke_glass, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    held.id,
    held.kind,
    change,
    JSON.stringify(held.keys),
    held.reason,
    held.made_by,
    held.made_at,
    held.secret_hash,
    held.expires_at,
    held.due_at,
    held.decision,
    held.ends,
    held.approved_by && JSON.stringify(held.approved_by),
    held.broke_glass && JSON.stringify(held.broke_glass),
    bytes,
  )
  count(sql, held.kind, 1, bytes)
  if (held.kind !== 'revert') return
  for (const key of held.keys) sql.exec('INSERT OR REPLACE INTO revert (key, held_id) VALUES (?, ?)', key, held.id)
}

export function dropHeld(sql: SqlStorage, id: string): void {
  const rows = sql.exec<Pick<HeldRow, 'kind' | 'bytes'>>('DELETE FROM held WHERE id = ? RETURNING kind, bytes', id)
  for (const { kind, bytes } of rows.toArray()) {
    count(sql, kind, -1, -bytes)
    if (kind === 'revert') sql.exec('DELETE FROM revert WHERE held_id = ?', id)
  }
}

/** Links that nobody used. Whatever else expires has a time when the alarm takes it up. */
export function dropExpiredLinks(sql: SqlStorage, now: number): void {
  dropAll(sql, `SELECT id FROM held WHERE expires_at <= ? AND due_at IS NULL`, now)
}

/** Nobody voids links about keys that are none of their business. */
export function dropDecision(sql: SqlStorage, by: TokenActor, decision: string): void {
  const rows = sql
    .exec<{ id: string; keys: string }>('SELECT id, keys FROM held WHERE decision = ?', decision)
    .toArray()
  for (const { id, keys } of rows) {
    if ((JSON.parse(keys) as string[]).every((key) => reaches(by, key))) dropHeld(sql, id)
  }
}

export const countHeldBy = (sql: SqlStorage, madeBy: string): number =>
  sql.exec<{ n: number }>('SELECT count(*) AS n FROM held WHERE made_by = ?', madeBy).one().n

function dropAll(sql: SqlStorage, query: string, ...bindings: (string | number)[]): void {
  for (const { id } of sql.exec<{ id: string }>(query, ...bindings).toArray()) dropHeld(sql, id)
}

function count(sql: SqlStorage, kind: Held['kind'], rows: number, bytes: number): void {
  if (isHousekeeping(kind)) return
  sql.exec('UPDATE stash SET held_count = held_count + ?, held_bytes = held_bytes + ?', rows, bytes)
}

export function findHeld(sql: SqlStorage, id: string): Held | null {
  const row = sql.exec<HeldRow>('SELECT * FROM held WHERE id = ?', id).toArray()[0]
  return row === undefined ? null : heldOf(row)
}

export function heldBySecret(sql: SqlStorage, hash: string): Held | null {
  const held = findHeld(sql, idOfHash(hash))
  const secret = held?.secret_hash ?? null
  return secret !== null && sameHash(secret, hash) ? held : null
}

/** The pending revert of each of these keys that has one. */
export function revertsOf(sql: SqlStorage, keys: Iterable<string>): Map<string, Held> {
  const reverts = new Map<string, Held>()
  const known = new Map<string, Held | null>()
  for (const key of keys) {
    const id = sql.exec<{ held_id: string }>('SELECT held_id FROM revert WHERE key = ?', key).toArray()[0]?.held_id
    if (id === undefined) continue
    if (!known.has(id)) known.set(id, findHeld(sql, id))
    const held = known.get(id)
    if (held) reverts.set(key, held)
  }
  return reverts
}

/** The id of the held change that has been due longest; null when none is due. */
export function nextDue(sql: SqlStorage, now: number): string | null {
  const rows = sql.exec<{ id: string }>('SELECT id FROM held WHERE due_at <= ? ORDER BY due_at, rowid LIMIT 1', now)
  return rows.toArray()[0]?.id ?? null
}

export function nextDueAt(sql: SqlStorage): number | null {
  return sql.exec<{ at: number | null }>('SELECT min(due_at) AS at FROM held WHERE due_at IS NOT NULL').one().at
}

export function postpone(sql: SqlStorage, id: string, until: number): void {
  sql.exec('UPDATE held SET due_at = ? WHERE id = ?', until, id)
}

/** What a token scheduled and asked for goes on under its successor. Its links do not: they may have leaked with it. */
export function passOn(sql: SqlStorage, from: string, to: string): void {
  sql.exec(`UPDATE held SET made_by = ? WHERE made_by = ? AND kind IN ('schedule', 'approval')`, to, from)
}

/** In the order in which they were made, one by one: the reader stops when it has enough. */
export function* heldAfter(sql: SqlStorage, cursor: number): Iterable<{ cursor: number; held: Held }> {
  const query = 'SELECT rowid AS cursor, * FROM held WHERE rowid > ? ORDER BY rowid'
  for (const { cursor: at, ...row } of sql.exec<HeldRow & { cursor: number }>(query, cursor)) {
    yield { cursor: at, held: heldOf(row) }
  }
}

// What `putHeld` wrote is a held change: nothing else writes these columns.
function heldOf({ bytes: _bytes, ...row }: HeldRow): Held {
  const { change, keys, approved_by, broke_glass } = row
  return {
    ...row,
    change: JSON.parse(change) as Held['change'],
    keys: JSON.parse(keys) as string[],
    approved_by: approved_by === null ? null : (JSON.parse(approved_by) as Held['approved_by']),
    broke_glass: broke_glass === null ? null : (JSON.parse(broke_glass) as Held['broke_glass']),
  }
}
