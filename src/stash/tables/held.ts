/**
 * The `held` table: changes that wait for their release. The `revert` table: the pending revert of each time-boxed key. The
 * stash's row has the number and size of held changes, so that no write has to count ten thousand rows.
 */
import { isInternal, type Held, type HeldKind, type HeldLink, type HeldRevert } from '../../model/held.ts'
import type { Patch } from '../../model/intent.ts'
import { countBytes, DEFAULT_TYPE } from '../../model/item.ts'
import { parseJson } from '../../model/parse-json.ts'
import { reaches, type TokenActor } from '../../model/access/permit.ts'
import { REVERTS_MAX } from '../../model/time-box.ts'
import { toTokenId } from '../../model/access/token.ts'
import { isSameHash } from './hash.ts'
import { flattenHeld, toHeld, type HeldRow } from './held-row.ts'

export function putHeld(sql: SqlStorage, held: Held): void {
  dropHeld(sql, held.id)
  const change = JSON.stringify(held.change)
  const bytes = countBytes(change)
  const flat = flattenHeld(held)
  sql.exec(
    `INSERT INTO held (id, kind, change, keys, reason, made_by, made_at, secret_hash, expires_at, due_at, decision, ends,
       approved_by, broke_glass, asked, set_by, set_by_label, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    flat.id,
    flat.kind,
    change,
    JSON.stringify(flat.keys),
    flat.reason,
    flat.made_by,
    flat.made_at,
    flat.secret_hash,
    flat.expires_at,
    flat.due_at,
    flat.decision,
    flat.ends,
    flat.approved_by && JSON.stringify(flat.approved_by),
    flat.broke_glass && JSON.stringify(flat.broke_glass),
    flat.asked,
    flat.set_by?.id ?? null,
    flat.set_by?.label ?? null,
    bytes,
  )
  adjustHeldCount(sql, held.kind, 1, bytes)
  if (held.kind !== 'revert') return
  for (const key of held.keys) sql.exec('INSERT OR REPLACE INTO revert (key, held_id) VALUES (?, ?)', key, held.id)
}

export function dropHeld(sql: SqlStorage, id: string): void {
  const rows = sql.exec<{ kind: HeldKind; bytes: number }>('DELETE FROM held WHERE id = ? RETURNING kind, bytes', id)
  for (const { kind, bytes } of rows.toArray()) {
    adjustHeldCount(sql, kind, -1, -bytes)
    if (kind === 'revert') sql.exec('DELETE FROM revert WHERE held_id = ?', id)
  }
}

/** Drops expired links. Approvals expire as well, but the alarm drops those, with an entry in the log. */
export function dropExpiredLinks(sql: SqlStorage, now: number): void {
  dropAll(sql, `SELECT id FROM held WHERE expires_at <= ? AND due_at IS NULL`, now)
}

/** How many held changes have expired and are not dropped yet. The index on `expires_at` answers this without reading rows. */
export const countExpired = (sql: SqlStorage, now: number): number =>
  sql.exec<{ n: number }>('SELECT count(*) AS n FROM held WHERE expires_at <= ?', now).one().n

/** When the next held change expires; null where none does. */
export const getNextExpiry = (sql: SqlStorage, now: number): number | null =>
  sql.exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM held WHERE expires_at > ?', now).one().at

/** Drops the links of a decision, except those with keys that the token does not reach. */
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

function adjustHeldCount(sql: SqlStorage, kind: HeldKind, rows: number, bytes: number): void {
  if (isInternal(kind)) return
  sql.exec('UPDATE stash SET held_count = held_count + ?, held_bytes = held_bytes + ?', rows, bytes)
}

export function findHeld(sql: SqlStorage, id: string): Held | null {
  const row = sql.exec<HeldRow>('SELECT * FROM held WHERE id = ?', id).toArray()[0]
  return row === undefined ? null : toHeld(row)
}

export function findHeldBySecret(sql: SqlStorage, hash: string): HeldLink | null {
  const held = findHeld(sql, toTokenId(hash))
  return held?.kind === 'link' && isSameHash(held.secretHash, hash) ? held : null
}

/** The pending revert of each of these keys that has one. */
export function getReverts(sql: SqlStorage, keys: Iterable<string>): Map<string, HeldRevert> {
  const reverts = new Map<string, HeldRevert>()
  const known = new Map<string, HeldRevert | null>()
  for (const key of keys) {
    const id = sql.exec<{ held_id: string }>('SELECT held_id FROM revert WHERE key = ?', key).toArray()[0]?.held_id
    if (id === undefined) continue
    if (!known.has(id)) known.set(id, findRevert(sql, id))
    const held = known.get(id)
    if (held) reverts.set(key, held)
  }
  return reverts
}

function findRevert(sql: SqlStorage, id: string): HeldRevert | null {
  const held = findHeld(sql, id)
  return held?.kind === 'revert' ? held : null
}

/**
 * The groups of due changes, in the order of their release: ends (reverts, thaws, lapses) must not be delayed, so they come
 * before requests of callers. Of the changes whose release began before and did not succeed, a run of the alarm takes only two:
 * one end, when it has released the other ends, and one change of any kind, when all its other tasks have begun.
 */
export type DueKind = 'ends' | 'tried_ends' | 'requests' | 'tried'

const IS_END = `kind IN ('revert', 'thaw', 'lapse')`
/** Has to match the condition of the index `held_by_end`, so that SQLite uses it. */
const IS_FRESH_END = `retry_at IS NULL AND ${IS_END}`

const DUE = {
  ends: `due_at <= ? AND ${IS_FRESH_END} ORDER BY due_at, rowid`,
  tried_ends: `retry_at <= ? AND ${IS_END} ORDER BY tries, due_at, rowid`,
  requests: `due_at <= ? AND retry_at IS NULL AND kind NOT IN ('revert', 'thaw', 'lapse') ORDER BY due_at, rowid`,
  tried: `retry_at <= ? ORDER BY tries, kind NOT IN ('revert', 'thaw', 'lapse'), due_at, rowid`,
} satisfies Record<DueKind, string>

/** This is short, because the other changes of the batch wait with the one whose release killed the object. */
const FIRST_RETRY_MS = 1_000
const RETRY_MS = 60_000
const RETRY_MAX_MS = 60 * 60_000

/**
 * The ids of due changes. Counts a try of each before its release, so that one whose release kills the object does not come
 * first again.
 */
export function takeDue(sql: SqlStorage, due: DueKind, limit: number, now: number): string[] {
  const rows = sql.exec<{ id: string; tries: number }>(
    `SELECT id, tries FROM held WHERE ${DUE[due]} LIMIT ?`,
    now,
    limit,
  )
  return rows.toArray().map(({ id, tries }) => {
    const wait = tries === 0 ? FIRST_RETRY_MS : Math.min(RETRY_MS * 2 ** (tries - 1), RETRY_MAX_MS)
    sql.exec('UPDATE held SET tries = tries + 1, retry_at = ? WHERE id = ?', now + wait, id)
    return id
  })
}

/** When the next release is due; null where none is. */
export function nextDueAt(sql: SqlStorage): number | null {
  const due = 'SELECT min(due_at) AS at FROM held WHERE due_at IS NOT NULL AND retry_at IS NULL'
  const retry = 'SELECT min(retry_at) AS at FROM held WHERE retry_at IS NOT NULL'
  const times = [due, retry].map((query) => sql.exec<{ at: number | null }>(query).one().at ?? Infinity)
  const at = Math.min(...times)
  return at === Infinity ? null : at
}

/** Whether an end is due that was not tried yet, or may be tried again. */
export function hasDueEnd(sql: SqlStorage, now: number): boolean {
  const queries = [
    `SELECT 1 FROM held WHERE due_at <= ? AND ${IS_FRESH_END} LIMIT 1`,
    `SELECT 1 FROM held WHERE retry_at <= ? AND ${IS_END} LIMIT 1`,
  ]
  return queries.some((query) => sql.exec(query, now).toArray().length > 0)
}

/**
 * Plans the next try after a release that ended without success. `due_at` stays as it was: the health check sees by it that
 * the change is overdue, and readers of snapshots see the end of the time-box.
 */
export function postpone(sql: SqlStorage, id: string, until: number): void {
  sql.exec('UPDATE held SET tries = 0, retry_at = ? WHERE id = ?', until, id)
}

/**
 * Reassigns schedules, approval requests and time-boxes of a token to its successor. Links are not reassigned: they may have
 * leaked with the token.
 */
export function reassignHeld(sql: SqlStorage, from: string, to: string): void {
  sql.exec(`UPDATE held SET made_by = ? WHERE made_by = ? AND kind IN ('schedule', 'approval')`, to, from)
  sql.exec('UPDATE held SET set_by = ? WHERE set_by = ?', to, from)
}

/** Limits for the time-boxes that one answer lists. */
const PENDING_MAX = 100
const PENDING_MAX_BYTES = 1024 * 1024

/**
 * The pending reverts, the next first: all, or those of time-boxes that one token has set.
 * @param isMeant reverts without a key that it accepts are left out
 */
export function getPendingReverts(
  sql: SqlStorage,
  setBy: string | null,
  isMeant: (key: string) => boolean = () => true,
): { held: HeldRevert[]; isWhole: boolean } {
  const query = `SELECT id, keys, bytes FROM held WHERE kind = 'revert' AND (?1 IS NULL OR set_by = ?1)
    ORDER BY due_at, rowid`
  const held: HeldRevert[] = []
  let size = 0
  // The loop ends at the limits. There are at most as many reverts as time-boxed keys.
  for (const { id, keys, bytes } of sql.exec<{ id: string; keys: string; bytes: number }>(query, setBy)) {
    if (!(JSON.parse(keys) as string[]).some(isMeant)) continue
    size += bytes
    if (held.length === PENDING_MAX || size > PENDING_MAX_BYTES) return { held, isWhole: false }
    const one = findRevert(sql, id)
    if (one !== null) held.push(one)
  }
  return { held, isWhole: true }
}

/**
 * The values that pending reverts put back, the next first. A stash that is older than the limits may have more bytes of them
 * than `REVERTS_MAX`: then only the next ones are returned.
 */
export function getPendingValues(sql: SqlStorage): PendingValue[] {
  const query = `SELECT change, due_at AS at, ends AS version, bytes FROM held WHERE ${IS_REVERT} ORDER BY due_at, rowid`
  const values: PendingValue[] = []
  let size = 0
  for (const { change, bytes, at, version } of sql.exec<PendingRow>(query)) {
    size += bytes
    if (size > REVERTS_MAX.bytes) break
    // `putHeld` writes a patch for a revert. A damaged row must not make the whole stash unreadable: it is skipped here, and its
    // release fails and is logged.
    const parsed = parseJson(change)
    if (parsed === undefined) continue
    for (const { key, value, type } of (parsed.value as Partial<Patch>).changes ?? []) {
      values.push({ key, at, version, value, type: type ?? DEFAULT_TYPE })
    }
  }
  return values
}

/** A value that a pending revert puts back, when, and the revision that set the time-box. A null value deletes the key. */
export type PendingValue = { key: string; at: number; version: number; value: string | null; type: string }
type PendingRow = { change: string; at: number; version: number; bytes: number }

/** Uses the small `revert` table: to read `kind` in a row of `held`, SQLite has to read past the large `change`. */
const IS_REVERT = 'id IN (SELECT held_id FROM revert)'

/** How many keys pending reverts put back, and the bytes of their JSON. */
export const getRevertSize = (sql: SqlStorage): { revertCount: number; revertBytes: number } =>
  sql
    .exec<{ revertCount: number; revertBytes: number }>(
      `SELECT (SELECT count(*) FROM revert) AS revertCount, coalesce(sum(bytes), 0) AS revertBytes
       FROM held WHERE ${IS_REVERT}`,
    )
    .one()

/** The held changes after this row, in the order of their rows. It is a generator, so that the reader may stop early. */
export function* iterateHeldAfter(sql: SqlStorage, cursor: number): Iterable<{ cursor: number; held: Held }> {
  const query = 'SELECT rowid AS cursor, * FROM held WHERE rowid > ? ORDER BY rowid'
  for (const { cursor: at, ...row } of sql.exec<HeldRow & { cursor: number }>(query, cursor)) {
    yield { cursor: at, held: toHeld(row) }
  }
}
