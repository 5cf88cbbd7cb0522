/** The items at a given time, for queries that read the tables: the same rule as `getSnapshotAt` has for snapshots. */
import { countBytes, type Item } from '../../model/item.ts'
import { getPendingValues } from './held.ts'

/**
 * The items at `now`. Where a time-box has ended and its revert was not released (the release was refused, or failed),
 * the key has its former value. Restored keys come first, then the others in their order.
 */
export function getItemsAt(sql: SqlStorage, items: Item[], now: number): Item[] {
  const over = new Map(getPendingValues(sql).flatMap((ended) => (ended.at <= now ? [[ended.key, ended]] : [])))
  const known = new Set(items.map(({ key }) => key))
  const back = Array.from(over.values()).flatMap(({ key, at, version, value, type }): Item[] => {
    if (value === null || known.has(key)) return []
    return [{ key, value, type, version, bytes: countBytes(key) + countBytes(value), createdAt: at, updatedAt: at }]
  })
  const remaining = items.flatMap((item): Item[] => {
    const ended = over.get(item.key)
    if (ended === undefined) return [item]
    if (ended.value === null) return []
    const { value, type, version, at } = ended
    return [{ ...item, value, type, version, bytes: countBytes(item.key) + countBytes(value), updatedAt: at }]
  })
  return [...back, ...remaining]
}
