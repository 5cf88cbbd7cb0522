/** The `item` table: the current value and version of each key. */
import type { Item } from '../../model/item.ts'

/** An item as the table has it, and as it crosses RPC: Workers of the version before read these names. */
export type ItemRow = Omit<Item, 'createdAt' | 'updatedAt'> & { created_at: number; updated_at: number }

const toItem = ({ created_at: createdAt, updated_at: updatedAt, ...row }: ItemRow): Item => ({
  ...row,
  createdAt,
  updatedAt,
})

export const toItemRow = ({ createdAt: created_at, updatedAt: updated_at, ...item }: Item): ItemRow => ({
  ...item,
  created_at,
  updated_at,
})

export function getItem(sql: SqlStorage, key: string): Item | undefined {
  const row = sql.exec<ItemRow>('SELECT * FROM item WHERE key = ?', key).toArray()[0]
  return row && toItem(row)
}

export function getItems(sql: SqlStorage, keys: Iterable<string>): Map<string, Item> {
  const found = new Map<string, Item>()
  for (const key of keys) {
    const item = getItem(sql, key)
    if (item !== undefined) found.set(key, item)
  }
  return found
}

export function listItemsByKey(sql: SqlStorage): Item[] {
  return sql.exec<ItemRow>('SELECT * FROM item ORDER BY key').toArray().map(toItem)
}

/** The items in the order of their last change, the newest first. */
export function listItemsByAge(sql: SqlStorage): Item[] {
  return sql.exec<ItemRow>('SELECT * FROM item ORDER BY version DESC, key').toArray().map(toItem)
}

export function putItem(sql: SqlStorage, item: Item): void {
  sql.exec(
    'INSERT OR REPLACE INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    item.key,
    item.value,
    item.type,
    item.version,
    item.bytes,
    item.createdAt,
    item.updatedAt,
  )
}

export function deleteItem(sql: SqlStorage, key: string): void {
  sql.exec('DELETE FROM item WHERE key = ?', key)
}
