/** The `item` table: the current value and version of each key. */
import type { Item } from '../../model/item.ts'

export function getItem(sql: SqlStorage, key: string): Item | undefined {
  return sql.exec<Item>('SELECT * FROM item WHERE key = ?', key).toArray()[0]
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
  return sql.exec<Item>('SELECT * FROM item ORDER BY key').toArray()
}

/** Newest change first. */
export function listItemsByAge(sql: SqlStorage): Item[] {
  return sql.exec<Item>('SELECT * FROM item ORDER BY version DESC, key').toArray()
}

export function putItem(sql: SqlStorage, item: Item): void {
  sql.exec(
    'INSERT OR REPLACE INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    item.key,
    item.value,
    item.type,
    item.version,
    item.bytes,
    item.created_at,
    item.updated_at,
  )
}

export function deleteItem(sql: SqlStorage, key: string): void {
  sql.exec('DELETE FROM item WHERE key = ?', key)
}
