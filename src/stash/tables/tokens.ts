/**
 * The `token` table. It has hashes only; a token itself is shown once, in the answer to the request that made it. A token's id is
 * the first 16 digits of its hash. The row is found by the id, which is public; then the whole hash is compared in constant time,
 * so that no timing of an index lookup leaks it.
 */
import { shownLabel } from '../../model/access/label.ts'
import { ABILITIES, type Ability } from '../../model/access/ability.ts'
import type { Actor, TokenActor } from '../../model/access/permit.ts'
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
  /** 'revoked' where it ends before its own expiry. */
  ends_as: string | null
  /** Set by its revocation, or by `dropExpiredTokens` after its expiry: a clock that is set back cannot make it valid again. */
  ended_at: number | null
}

export type TokenFacts = { token: TokenActor; createdAt: number; lastUsedAt: number | null; madeBy: string | null }

/** The resolution of `last_used_at`, because otherwise each use would cost a write. */
export const LAST_USED_RESOLUTION_MS = 10 * 60_000

/** For how long, and how many, ended tokens are kept, so that a holder learns that the token has ended, and when. */
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

/**
 * Authenticates a caller: returns the actor whose token has this hash. That a token has ended is disclosed only to a caller who
 * has the whole token.
 */
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

/** The requester of a held change: the stash itself, or a token with its present permissions; null where that token has ended. */
export const getRequester = (sql: SqlStorage, madeBy: string | null, now: number): Actor | null =>
  madeBy === null ? { kind: 'system', label: 'stash' } : getActorById(sql, madeBy, now)

/** The valid tokens, oldest first. */
export function listTokens(sql: SqlStorage, now: number): TokenFacts[] {
  const query = `SELECT * FROM token WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY created_at, rowid`
  return sql
    .exec<TokenRow>(query, now)
    .toArray()
    .map((row) => toTokenFacts(sql, row))
}

/** The facts about an authenticated token. */
export function getTokenFacts(sql: SqlStorage, token: TokenActor): TokenFacts {
  const row = getTokenRow(sql, token.id)
  if (row === undefined) throw new Error('an authenticated token has no row')
  return toTokenFacts(sql, row)
}

const toTokenFacts = (sql: SqlStorage, row: TokenRow): TokenFacts => ({
  token: toActor(sql, row),
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  madeBy: row.made_by,
})

export function endToken(sql: SqlStorage, id: string, until: number, now: number): void {
  // `expires_at` is set as well, because older versions of the code read only that.
  sql.exec(`UPDATE token SET expires_at = ?, ends_as = 'revoked' WHERE id = ?`, Math.max(until, now), id)
  if (until <= now) sql.exec('UPDATE token SET ended_at = ? WHERE id = ?', now, id)
}

/** Marks expired tokens as ended for good, and deletes ended ones after a month; earlier where there are too many. */
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

// Only `insertToken` and a migration write `can` and `keys`, always as JSON lists.
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

/** For a token without a stored holder: an older version granted it after the migration, for example after a rollback. */
function getHolder(sql: SqlStorage, id: string): string {
  let holder = id
  // A granter is older than its grants, so the loop ends. The bound is for a table that was edited by hand.
  for (let steps = 0; steps < 1_000; steps++) {
    const madeBy = getTokenRow(sql, holder)?.made_by ?? null
    const granter = madeBy === null ? undefined : getTokenRow(sql, madeBy)
    if (granter === undefined || granter.master === 1) return holder
    if (granter.holder !== null) return granter.holder
    holder = granter.id
  }
  return holder
}
