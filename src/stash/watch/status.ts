/**
 * The status of a stash for its watchers, read from its tables. A freeze and a link end by the clock: the status read later may
 * differ, although no transaction has changed anything.
 */
import { listStanding } from '../../model/freeze.ts'
import type { WatchStatus } from '../../model/snapshot/watch-status.ts'
import { countExpired, getNextExpiry } from '../tables/held.ts'
import { listKeyFreezes } from '../tables/key-freezes.ts'
import { getStash, toFreeze } from '../tables/stash-row.ts'

export function getStatus(sql: SqlStorage, now: number): WatchStatus {
  const row = getStash(sql)
  return {
    held: Math.max(0, row.held_count - countExpired(sql, now)),
    freezes: listStanding(toFreeze(row), listKeyFreezes(sql), now),
  }
}

/** When the status changes by the clock; Infinity where it does not. */
export const getStatusEnd = (sql: SqlStorage, { freezes }: WatchStatus, now: number): number =>
  Math.min(getNextExpiry(sql, now) ?? Infinity, ...freezes.map(({ until }) => until ?? Infinity))
