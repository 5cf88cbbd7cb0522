/** The `stash` table: one row for the whole stash. */
import type { Description } from '../../model/entry.ts'
import type { Freeze } from '../../model/freeze.ts'
import type { Profile } from '../../model/profile.ts'

export type StashRow = {
  name: string | null
  description: string | null
  profile: Profile
  created_at: number
  revision: number
  item_count: number
  bytes: number
  head_hash: string
  deleted_at: number | null
  /** A `Freeze` as JSON. */
  freeze: string | null
  /** The number and size of held changes, without lapses and thaws. */
  held_count: number
  held_bytes: number
  /** The sum of the sizes of the log's entries. */
  log_bytes: number
  /** The last pruned revision, and its hash; 0 and null while none was pruned. */
  anchor_revision: number
  /** How many revisions after the anchor have no entry, because a recovery left them out. */
  gap: number
  anchor_hash: string | null
  /** The public name that paths may have instead of the id; null where the stash has none. */
  slug: string | null
}

export function getStash(sql: SqlStorage): StashRow {
  return sql.exec<StashRow>('SELECT * FROM stash').one()
}

export function insertStash(
  sql: SqlStorage,
  row: Pick<StashRow, 'name' | 'description' | 'slug' | 'profile' | 'created_at' | 'head_hash'>,
): void {
  sql.exec(
    'INSERT INTO stash (one, name, description, slug, profile, created_at, head_hash, revision, item_count, bytes) VALUES (1, ?, ?, ?, ?, ?, ?, 0, 0, 0)',
    row.name,
    row.description,
    row.slug,
    row.profile,
    row.created_at,
    row.head_hash,
  )
}

export function moveHead(
  sql: SqlStorage,
  head: Pick<StashRow, 'revision' | 'item_count' | 'bytes' | 'head_hash' | 'log_bytes'>,
): void {
  sql.exec(
    'UPDATE stash SET revision = ?, item_count = ?, bytes = ?, head_hash = ?, log_bytes = ?',
    head.revision,
    head.item_count,
    head.bytes,
    head.head_hash,
    head.log_bytes,
  )
}

// Only `setFreeze` writes this column.
export const toFreeze = ({ freeze }: StashRow): Freeze | null =>
  freeze === null ? null : (JSON.parse(freeze) as Freeze)

export function setFreeze(sql: SqlStorage, freeze: Freeze | null): void {
  sql.exec('UPDATE stash SET freeze = ?', freeze && JSON.stringify(freeze))
}

export function setDescription(sql: SqlStorage, { name, description, slug }: Description): void {
  sql.exec('UPDATE stash SET name = ?, description = ?, slug = ?', name, description, slug)
}

/**
 * Deletes the data of the stash. This row and the cursors of KV and the hubs stay until KV has the tombstone, and each
 * subscribed hub has the last event. The anchor is set so that no history is left to prune.
 */
export function markDeleted(sql: SqlStorage, revision: number, now: number): void {
  for (const table of ['item', 'guard', 'token', 'held', 'revert', 'log', 'change', 'answer', 'refusal', 'key_freeze'])
    sql.exec(`DELETE FROM ${table}`)
  sql.exec(
    `UPDATE stash SET name = NULL, description = NULL, slug = NULL, revision = ?1, item_count = 0, bytes = 0, deleted_at = ?2,
       anchor_revision = ?1, gap = 0`,
    revision,
    now,
  )
}
