/** The items by the clock, for those who read the tables and not a snapshot: as `atTime` has it there. */
import { countBytes, type Item } from '../../model/item.ts'
import { getPendingValues } from './held.ts'

/**
 * These items as they stand at `now`: where a time-box is over and the stash could not make a revision of that (it was
 * full, or its release failed), the key has what it goes back to. First what is back, then the others in their order.
 */
export function getItemsAt(sql: SqlStorage, items: Item[], now: number): Item[] {
  const over = new Map(getPendingValues(sql).flatMap((ended) => (ended.at <= now ? [[ended.key, ended]] : [])))
  if (over.size === 0) return items
  const known = new Set(items.map(({ key }) => key))
  const back = Array.from(over.values()).flatMap(({ key, at, version, value, type }): Item[] => {
    if (value === null || known.has(key)) return []
    return [{ key, value, type, version, bytes: countBytes(key) + countBytes(value), createdAt: at, updatedAt: at }]
  })
  const standing = items.flatMap((item): Item[] => {
    const ended = over.get(item.key)
    if (ended === undefined) return [item]
    if (ended.value === null) return []
    const { value, type, version, at } = ended
    return [{ ...item, value, type, version, bytes: countBytes(item.key) + countBytes(value), updatedAt: at }]
  })
  return [...back, ...standing]
}
