/**
 * The `hub` table: the hubs that this stash tells of its changes, each with a cursor. What a hub has not confirmed is
 * told again, by the alarm if nothing else happens.
 */
import type { HubObject } from '../live/hub-object.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import { eventsForHub } from './replay.ts'

const RETRY_MS = 1_000
const RETRY_MAX_MS = 60_000
/** A quarter of an hour and more. A hub that comes back then subscribes anew, and its watchers resume. */
const FAILURES_MAX = 20
/** In one message; the rest goes in the next. One change alone may be larger. */
const TOLD_AT_ONCE = { changes: 100, bytes: 1024 * 1024 }

type HubRow = { name: string; subscription: string; told: number; failures: number; tried_at: number }

export function putHub(sql: SqlStorage, name: string, told: number): void {
  const statement = 'INSERT OR REPLACE INTO hub (name, subscription, told, failures, tried_at) VALUES (?, ?, ?, 0, 0)'
  sql.exec(statement, name, crypto.randomUUID(), told)
}

/** When a hub that has not confirmed everything is to be told again; null where all have. */
export function nextHubAt(sql: SqlStorage, head: number): number | null {
  const rows = sql.exec<HubRow>('SELECT * FROM hub WHERE told < ?', head).toArray()
  const times = rows.map(({ tried_at, failures }) => tried_at + Math.min(RETRY_MS * 2 ** failures, RETRY_MAX_MS))
  return times.length === 0 ? null : Math.min(...times)
}

export type Hubs = {
  sql: SqlStorage
  namespace: DurableObjectNamespace<HubObject>
  now(): number
  /** The stash's revision; null once it is deleted. */
  head(): number | null
  report(fault: unknown): void
}

/** Tells every hub what it has not confirmed; resolves when each has answered or failed. */
export async function tellHubs(hubs: Hubs): Promise<void> {
  const rows = hubs.sql.exec<HubRow>('SELECT * FROM hub').toArray()
  await Promise.all(rows.map(({ name }) => tellHub(hubs, name)))
}

async function tellHub({ sql, namespace, now, head, report }: Hubs, name: string): Promise<void> {
  try {
    for (let target = head(); ; target = head()) {
      const [row] = sql.exec<HubRow>('SELECT * FROM hub WHERE name = ?', name).toArray()
      if (row === undefined || (target !== null && row.told >= target)) return
      sql.exec('UPDATE hub SET tried_at = ? WHERE name = ?', now(), name)
      const events = target === null ? [gone(row.told)] : eventsForHub(sql, row.told, TOLD_AT_ONCE)
      const told = await namespace.get(namespace.idFromName(name)).tell(events)
      // What it answered is about the subscription it was told for: it may have made another one meanwhile.
      const { subscription } = row
      if (told === null || target === null) sql.exec('DELETE FROM hub WHERE subscription = ?', subscription)
      else sql.exec('UPDATE hub SET told = ?, failures = 0 WHERE subscription = ?', told, subscription)
    }
  } catch (fault) {
    sql.exec('UPDATE hub SET failures = failures + 1 WHERE name = ?', name)
    sql.exec('DELETE FROM hub WHERE name = ? AND failures > ?', name, FAILURES_MAX)
    report(fault)
  }
}

const gone = (told: number): WatchEvent => ({ type: 'gone', revision: told + 1, values: [] })
