/** The `key_freeze` table: the freezes of some keys, by their set of patterns. The freeze of the whole stash is in `stash`. */
import type { KeyedFreeze } from '../../model/freeze.ts'
import { dropHeld } from './held.ts'

/** Also those that have ended by the clock, and whose thaw was not released yet. At most `STASH_MAX_KEY_FREEZES`. */
export function listKeyFreezes(sql: SqlStorage): KeyedFreeze[] {
  const rows = sql.exec<{ freeze: string }>('SELECT freeze FROM key_freeze ORDER BY keys').toArray()
  // Only `putKeyFreeze` writes this column.
  return rows.map(({ freeze }) => JSON.parse(freeze) as KeyedFreeze)
}

/** Replaces the freeze with the same set of patterns. @param thawId the held change that will end the freeze, or null */
export function putKeyFreeze(sql: SqlStorage, freeze: KeyedFreeze, thawId: string | null): void {
  dropKeyFreeze(sql, freeze.keys)
  const keys = JSON.stringify(freeze.keys)
  sql.exec('INSERT INTO key_freeze (keys, freeze, thaw_id) VALUES (?, ?, ?)', keys, JSON.stringify(freeze), thawId)
}

/** Removes the freeze with this set of patterns, where there is one, and the held change that would end it. */
export function dropKeyFreeze(sql: SqlStorage, keys: string[]): void {
  const query = 'DELETE FROM key_freeze WHERE keys = ? RETURNING thaw_id'
  const rows = sql.exec<{ thaw_id: string | null }>(query, JSON.stringify(keys)).toArray()
  for (const { thaw_id: thawId } of rows) if (thawId !== null) dropHeld(sql, thawId)
}
