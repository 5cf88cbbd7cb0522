/**
 * The `token` table: who may act. Hashes only; the token itself was shown once, to the one who asked.
 *
 * A token's id is the first 16 digits of its hash. The id is public (history and logs name it) and finds
 * the row; the whole hash is then compared in constant time, so that no index lookup leaks it.
 */
import { shownLabel } from '../../model/access/label.ts'
import { ABILITIES, type Ability, type Actor, type TokenActor } from '../../model/access/permit.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { toTokenId } from '../../model/access/token.ts'
import { isSameHash } from './hash.ts'

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
  holder: string | null
  granted: number | null
  /** 'revoked', where something other than its own end ends it. */
  ends_as: string | null
  /** Set once it has ended, so that a clock that goes backwards brings no token back. */
  ended_at: number | null
}

export type TokenFacts = { token: TokenActor; createdAt: number; lastUsedAt: number | null; madeBy: string | null }

/** When a token was last used is known to within this: else each use would cost a write. */
export const LAST_USED_RESOLUTION_MS = 10 * 60_000

/** For so long the holder of an ended token is told why it does not count, as far as so many ended tokens go. */
const ENDED_KEPT_MS = 30 * 24 * 60 * 60_000
const ENDED_KEPT_MAX = 1_000

export function insertMaster(sql: SqlStorage, hash: string, now: number): void {
  const id = toTokenId(hash)
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
    holder: id,
    createdAt: now,
    granted: 0,
    replaced: false,
  }
  insertToken(sql, { token, hash, madeBy: null })
}

export function insertToken(
  sql: SqlStorage,
  { token, hash, madeBy }: { token: TokenActor; hash: string; madeBy: string | null },
): void {
  sql.exec(
    `INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, made_by, line, holder, granted)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    token.id,
    hash,
    token.label,
    token.master ? 1 : 0,
    token.createdAt,
    JSON.stringify(token.can),
    JSON.stringify(token.keys),
    token.expiresAt,
    madeBy,
    token.line,
    token.holder,
    token.granted,
  )
}

/** The actor whose token has this hash. Only who holds all of a former token is told that it was one. */
export function authenticate(sql: SqlStorage, hash: string, now: number): Result<TokenActor> {
  const row = getTokenRow(sql, toTokenId(hash))
  if (row === undefined || !isSameHash(row.hash, hash)) return refuse({ code: 'invalid_token' })
  if (hasEnded(row, now)) {
    const at = row.ended_at ?? row.expires_at ?? now
    if (at + ENDED_KEPT_MS <= now) return refuse({ code: 'invalid_token' })
    return refuse({ code: row.ends_as === 'revoked' ? 'token_revoked' : 'token_expired', at })
  }
  if (row.last_used_at === null || now - row.last_used_at >= LAST_USED_RESOLUTION_MS) {
    sql.exec('UPDATE token SET last_used_at = ? WHERE id = ?', now, row.id)
  }
  return ok(toActor(sql, row))
}

export function getActorById(sql: SqlStorage, id: string, now: number): TokenActor | null {
  const row = getTokenRow(sql, id)
  return row === undefined || hasEnded(row, now) ? null : toActor(sql, row)
}

/** Who made a held change: the stash itself, a token as it stands now, or null where that token is gone. */
export const getRequester = (sql: SqlStorage, madeBy: string | null, now: number): Actor | null =>
  madeBy === null ? { kind: 'system', label: 'stash' } : getActorById(sql, madeBy, now)

/** Those that count, oldest first. */
export function listTokens(sql: SqlStorage, now: number): TokenFacts[] {
  const query = `SELECT * FROM token WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY created_at, rowid`
  return sql
    .exec<TokenRow>(query, now)
    .toArray()
    .map((row) => ({
      token: toActor(sql, row),
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      madeBy: row.made_by,
    }))
}

export function endToken(sql: SqlStorage, id: string, until: number, now: number): void {
  // A version of the code that knows no other column goes by `expires_at`.
  sql.exec(`UPDATE token SET expires_at = ?, ends_as = 'revoked' WHERE id = ?`, Math.max(until, now), id)
  if (until <= now) sql.exec('UPDATE token SET ended_at = ? WHERE id = ?', now, id)
}

/** Marks expired tokens as ended for good, and forgets ended ones after a month; sooner where there are too many. */
export function dropExpiredTokens(sql: SqlStorage, now: number): void {
  sql.exec('UPDATE token SET ended_at = expires_at WHERE ended_at IS NULL AND expires_at <= ?', now)
  sql.exec('DELETE FROM token WHERE ended_at <= ?', now - ENDED_KEPT_MS)
  sql.exec(
    `DELETE FROM token WHERE id IN (
       SELECT id FROM token WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, rowid DESC LIMIT -1 OFFSET ?)`,
    ENDED_KEPT_MAX,
  )
}

function getTokenRow(sql: SqlStorage, id: string): TokenRow | undefined {
  return sql.exec<TokenRow>('SELECT * FROM token WHERE id = ?', id).toArray()[0]
}

const hasEnded = ({ expires_at, ended_at }: TokenRow, now: number): boolean =>
  ended_at !== null || (expires_at !== null && expires_at <= now)

// What `insertToken` wrote: nothing else writes these columns.
const toActor = (sql: SqlStorage, { id, label, master, can, keys, ...row }: TokenRow): TokenActor => ({
  kind: 'token',
  id,
  label: shownLabel(id, label, master === 1),
  master: master === 1,
  can: JSON.parse(can) as Ability[],
  keys: JSON.parse(keys) as string[],
  expiresAt: row.expires_at,
  line: row.line ?? id,
  holder: row.holder ?? (master === 1 ? (row.line ?? id) : getHolder(sql, id)),
  createdAt: row.created_at,
  granted: row.granted,
  replaced: row.ends_as !== null,
})

/** Of a token granted by a version of the code that knew no holders: the migration could not see it. */
function getHolder(sql: SqlStorage, id: string): string {
  let holder = id
  // A granter is older than its grants, so this ends; the bound is for a table that was edited by hand.
  for (let steps = 0; steps < 1_000; steps++) {
    const madeBy = getTokenRow(sql, holder)?.made_by ?? null
    const maker = madeBy === null ? undefined : getTokenRow(sql, madeBy)
    if (maker === undefined || maker.master === 1) return holder
    if (maker.holder !== null) return maker.holder
    holder = maker.id
  }
  return holder
}
