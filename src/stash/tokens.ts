/**
 * The `token` table: who may act. Hashes only; the token itself was shown once, to the one who asked.
 *
 * A token's id is the first 16 digits of its hash. The id is public (history and logs name it) and finds
 * the row; the whole hash is then compared in constant time, so that no index lookup leaks it.
 */
import { ABILITIES, type Ability, type Actor, type TokenActor } from '../model/permit.ts'
import { idOfHash } from '../model/token.ts'
import { sameHash } from './digest.ts'

type TokenRow = {
  id: string
  hash: string
  label: string
  master: number
  created_at: number
  can: string
  keys: string
  expires_at: number | null
  last_used_at: number | null
  made_by: string | null
  line: string | null
}

export type TokenFacts = { token: TokenActor; createdAt: number; lastUsedAt: number | null; madeBy: string | null }

/** When a token was last used is known to within this: else each use would cost a write. */
export const LAST_USED_RESOLUTION_MS = 10 * 60_000

export function insertMaster(sql: SqlStorage, hash: string, now: number): void {
  const id = idOfHash(hash)
  const can = [...ABILITIES]
  const token: TokenActor = {
    kind: 'token',
    id,
    label: 'master',
    master: true,
    can,
    keys: ['*'],
    expiresAt: null,
    line: id,
  }
  insertToken(sql, { token, hash, madeBy: null, now })
}

export function insertToken(
  sql: SqlStorage,
  { token, hash, madeBy, now }: { token: TokenActor; hash: string; madeBy: string | null; now: number },
): void {
  sql.exec(
    `INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, made_by, line)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    token.id,
    hash,
    token.label,
    token.master ? 1 : 0,
    now,
    JSON.stringify(token.can),
    JSON.stringify(token.keys),
    token.expiresAt,
    madeBy,
    token.line,
  )
}

/** The actor whose token has this hash, or null for a token that does not count: unknown here, revoked or expired. */
export function believe(sql: SqlStorage, hash: string, now: number): TokenActor | null {
  const row = rowOf(sql, idOfHash(hash))
  if (row === undefined || !sameHash(row.hash, hash) || isExpired(row, now)) return null
  if (row.last_used_at === null || now - row.last_used_at >= LAST_USED_RESOLUTION_MS) {
    sql.exec('UPDATE token SET last_used_at = ? WHERE id = ?', now, row.id)
  }
  return actorOf(row)
}

export function actorOfId(sql: SqlStorage, id: string, now: number): TokenActor | null {
  const row = rowOf(sql, id)
  return row === undefined || isExpired(row, now) ? null : actorOf(row)
}

/** Who made a held change: the stash itself, a token as it stands now, or null where that token is gone. */
export const makerOf = (sql: SqlStorage, madeBy: string | null, now: number): Actor | null =>
  madeBy === null ? { kind: 'system', label: 'stash' } : actorOfId(sql, madeBy, now)

/** Those that count, oldest first. */
export function listTokens(sql: SqlStorage, now: number): TokenFacts[] {
  const query = 'SELECT * FROM token WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at, rowid'
  return sql
    .exec<TokenRow>(query, now)
    .toArray()
    .map((row) => ({
      token: actorOf(row),
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      madeBy: row.made_by,
    }))
}

export function endToken(sql: SqlStorage, id: string, until: number, now: number): void {
  if (until <= now) sql.exec('DELETE FROM token WHERE id = ?', id)
  else sql.exec('UPDATE token SET expires_at = ? WHERE id = ?', until, id)
}

export function dropExpiredTokens(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM token WHERE expires_at <= ?', now)
}

function rowOf(sql: SqlStorage, id: string): TokenRow | undefined {
  return sql.exec<TokenRow>('SELECT * FROM token WHERE id = ?', id).toArray()[0]
}

const isExpired = ({ expires_at }: TokenRow, now: number): boolean => expires_at !== null && expires_at <= now

// What `insertToken` wrote: nothing else writes these columns.
const actorOf = ({ id, label, master, can, keys, expires_at, line }: TokenRow): TokenActor => ({
  kind: 'token',
  id,
  label,
  master: master === 1,
  can: JSON.parse(can) as Ability[],
  keys: JSON.parse(keys) as string[],
  expiresAt: expires_at,
  line: line ?? id,
})
