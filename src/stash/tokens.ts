/**
 * The `token` table: who may act. Hashes only; the token itself was shown once, to the one who asked.
 *
 * A token's id is the first 16 digits of its hash. The id is public (history and logs name it) and finds
 * the row; the whole hash is then compared in constant time, so that no index lookup leaks it.
 */
import type { Actor } from '../model/permit.ts'
import { idOfHash } from '../model/token.ts'
import { sameHash } from './digest.ts'

type TokenRow = { id: string; hash: string; label: string; master: number; created_at: number }

export function insertToken(
  sql: SqlStorage,
  token: { hash: string; label: string; master: boolean; created_at: number },
): void {
  sql.exec(
    'INSERT INTO token (id, hash, label, master, created_at) VALUES (?, ?, ?, ?, ?)',
    idOfHash(token.hash),
    token.hash,
    token.label,
    token.master ? 1 : 0,
    token.created_at,
  )
}

/** The actor whose token has this hash, or null for a token this stash does not know. */
export function believe(sql: SqlStorage, hash: string): Actor | null {
  const row = rowOf(sql, idOfHash(hash))
  return row !== undefined && sameHash(row.hash, hash) ? actorOf(row) : null
}

export function actorOfId(sql: SqlStorage, id: string): Actor | null {
  const row = rowOf(sql, id)
  return row === undefined ? null : actorOf(row)
}

function rowOf(sql: SqlStorage, id: string): TokenRow | undefined {
  return sql.exec<TokenRow>('SELECT * FROM token WHERE id = ?', id).toArray()[0]
}

const actorOf = (row: TokenRow): Actor => ({ kind: 'token', id: row.id, label: row.label, master: row.master === 1 })
