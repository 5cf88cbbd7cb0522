/**
 * Broadcasts the log to the hubs of this stash. The `hub` table has one row per subscribed hub, with a cursor that the hub
 * confirms. Each hub has its own loop of calls: a slow one delays no other hub, and no watcher of the object itself. The alarm
 * repeats calls that failed, with a back-off that commits respect as well: a hub that is out of reach while a stash changes
 * ten times a second must not use up its failures within seconds.
 */
import { getStatusDigest, type WatchStatus } from '../../model/snapshot/watch-status.ts'
import type { HubSink, WatchEvent } from '../../model/snapshot/watch-event.ts'
import { parseHubNumber } from '../../live/hub-names.ts'
import { getNextEvents } from './replay.ts'

const RETRY_MS = 1_000
const RETRY_MAX_MS = 60_000
/** After so many failures, which take a quarter of an hour or more, a hub is called once an hour. */
const FREQUENT_FAILURES = 20
const RARE_RETRY_MS = 60 * 60_000
/**
 * After more failures than this, the last of them in a week of hourly calls, a hub is dropped. It is not notified. Where it still
 * has watchers, the next one that joins, or the renewal of its subscription (`RENEW_MS` in `live/hub-object.ts`), subscribes it
 * again.
 */
export const FAILURES_MAX = FREQUENT_FAILURES + 7 * 24
/** How long one call may take. A call that is abandoned too early is repeated in vain. */
export const CALL_DEADLINE_MS = 10_000
/** A timer counts a call as failed at its deadline. The alarm comes a little later, for the case that the object has died. */
const DEADLINE_SLACK_MS = 100

/** A cursor before every revision: the hub gets a snapshot. */
const BEFORE_ALL = -1

type HubRow = { name: string; subscription: string; told: number; failures: number; tried_at: number }

export type HubSource = {
  sql: SqlStorage
  hub(name: string): HubSink
  now(): number
  /** Rejects when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>
  /** The stash's revision; null once it is deleted. */
  head(): number | null
  /** Whether the tables exist: false before the creation, and once the storage is deleted. */
  exists(): boolean
  /** Sets the alarm to an earlier time where a task needs it. */
  scheduleAlarm(): void
  /**
   * Makes sure by KV that the storage was not restored to an earlier time. Null where that is known. Rejects where KV cannot be
   * read.
   */
  confirm(): Promise<void> | null
  /** Cursors up to this revision are known to be of this history: see `Recovery`. */
  knownUpTo(): number
  report(fault: unknown): void
}

export class Hubs {
  readonly #source: HubSource
  /** The hubs with a call under way, and the deadline of each call. */
  readonly #deadlines = new Map<string, number>()
  readonly #getStatus: () => WatchStatus | null
  /**
   * By name of the hub: the digest of the status that it has confirmed. It is kept in memory only: after a restart each hub gets
   * the status once more, and a hub that misses it asks within a minute.
   */
  readonly #confirmedStatuses = new Map<string, { subscription: string; digest: number }>()

  /** @param getStatus the present status; null where there is none to send */
  constructor(source: HubSource, getStatus: () => WatchStatus | null = () => null) {
    this.#source = source
    this.#getStatus = getStatus
  }

  /** Whether any hub is subscribed. */
  exist(): boolean {
    return this.#source.sql.exec('SELECT 1 FROM hub LIMIT 1').toArray().length > 0
  }

  /** How many hubs its continent has: one more than the highest number that is subscribed. */
  countBeside(name: string): number {
    const continent = name.slice(0, name.lastIndexOf('/') + 1)
    const rows = this.#source.sql.exec<{ name: string }>('SELECT name FROM hub').toArray()
    const beside = rows.filter((row) => row.name.startsWith(continent))
    return 1 + Math.max(parseHubNumber(name), ...beside.map((row) => parseHubNumber(row.name)))
  }

  /** Subscribes the hub to the changes after this revision. It replaces an earlier subscription of the same hub. */
  subscribe(name: string, cursor: number): void {
    // The id is new also for a hub that leaves and comes back at once: an answer to a call from before must not change its row.
    const statement = 'INSERT OR REPLACE INTO hub (name, subscription, told, failures, tried_at) VALUES (?, ?, ?, 0, 0)'
    this.#source.sql.exec(statement, name, crypto.randomUUID(), cursor)
  }

  /** Subscribes a hub that a restored table may lack. It gets a snapshot. */
  subscribeAnew(name: string): void {
    if (this.#row(name) === null) this.subscribe(name, 0)
  }

  /** Subscribes a hub that takes itself for subscribed, but whose row was dropped, or lost by a restore. */
  resubscribe(name: string, cursor: number): void {
    if (this.#row(name) !== null) return
    this.subscribe(name, cursor)
    this.#source.scheduleAlarm()
    void this.broadcast()
  }

  /**
   * When the alarm is to call a hub that has not confirmed every event, or whose last call with a status failed; null where there is
   * none.
   */
  nextAt(): number | null {
    const { sql, head, now } = this.#source
    const target = head() ?? Number.MAX_SAFE_INTEGER
    const rows = sql.exec<HubRow>('SELECT * FROM hub WHERE told < ? OR failures > 0', target).toArray()
    const waiting = rows.filter((row) => row.told < target || !this.#hasStatus(row))
    const times = waiting.map((row) => {
      const deadline = this.#deadlines.get(row.name)
      if (deadline !== undefined) return deadline + DEADLINE_SLACK_MS
      // It is about to be called. The alarm is for the case that the object dies before that.
      return row.failures === 0 ? now() + RETRY_MS : retryAt(row, now())
    })
    return times.length === 0 ? null : Math.min(...times)
  }

  /**
   * Calls every hub that has not confirmed every event, except those in a call or in their back-off. Resolves when each of the
   * called hubs has confirmed or failed. Never rejects.
   */
  async broadcast(): Promise<void> {
    const { sql, exists, confirm, report } = this.#source
    if (!exists()) return
    try {
      // Watchers of a hub may have events of a history that this object has lost: changes must not be sent on top of those.
      const confirming = confirm()
      if (confirming !== null) await confirming.catch(() => {})
      if (!exists()) return
      const names = sql.exec<{ name: string }>('SELECT name FROM hub').toArray()
      await Promise.all(names.map(({ name }) => this.#broadcastTo(name)))
    } catch (fault) {
      report(fault)
    }
  }

  /** A loop that is already under way also sends later commits: it compares with the head before it ends. */
  async #broadcastTo(name: string): Promise<void> {
    if (this.#deadlines.has(name)) return
    const { head, now, exists } = this.#source
    try {
      while (exists()) {
        const [row, target] = [this.#row(name), head()]
        if (row === null || (target !== null && row.told >= target && this.#hasStatus(row))) return
        if (row.failures > 0 && retryAt(row, now()) > now()) return
        if (!(await this.#call(row, target))) return
      }
    } finally {
      this.#deadlines.delete(name)
    }
  }

  /** One call. False where it failed, or has passed its deadline. */
  async #call(row: HubRow, target: number | null): Promise<boolean> {
    const { hub, now, sleep, knownUpTo } = this.#source
    this.#deadlines.set(row.name, now() + CALL_DEADLINE_MS)
    const answered = new AbortController()
    try {
      // A head past `knownUpTo` means that KV could not be read. The cursor may be of a lost history: the hub gets a snapshot.
      const from = (target ?? 0) > knownUpTo() ? BEFORE_ALL : row.told
      const events = this.#getEvents(row, target, from)
      const isLast = target !== null && (events.at(-1)?.revision ?? row.told) >= target
      const status = isLast && !this.#hasStatus(row) ? this.#getStatus() : null
      const call = status === null ? hub(row.name).tell(events) : hub(row.name).tell(events, status)
      const deadline = sleep(CALL_DEADLINE_MS, answered.signal).then(() => 'late' as const)
      const confirmed = await Promise.race([call, deadline])
      if (confirmed === 'late') {
        void call.then((answer) => this.#settleLate(row, target, answer)).catch(() => {})
        throw new Error(`the hub did not answer within ${CALL_DEADLINE_MS} ms`)
      }
      if (confirmed === row.told && target !== null && events.length > 0)
        throw new Error('the hub confirmed none of the events it was sent')
      this.#settle(row, target, confirmed)
      if (status !== null) this.#noteStatus(row, status)
      return true
    } catch (fault) {
      this.#fail(row, fault)
      return false
    } finally {
      answered.abort()
    }
  }

  /** None where only the status has to be sent. */
  #getEvents(row: HubRow, target: number | null, from: number): WatchEvent[] {
    if (target === null) return [toGone(row.told)]
    return row.told >= target ? [] : getNextEvents(this.#source.sql, from)
  }

  /** Whether the hub has confirmed the present status. */
  #hasStatus({ name, subscription }: HubRow): boolean {
    const status = this.#getStatus()
    if (status === null) return true
    const confirmed = this.#confirmedStatuses.get(name)
    return confirmed?.subscription === subscription && confirmed.digest === getStatusDigest(status)
  }

  #noteStatus({ name, subscription }: HubRow, status: WatchStatus): void {
    this.#confirmedStatuses.set(name, { subscription, digest: getStatusDigest(status) })
  }

  /** An answer is about the subscription that was called. A newer subscription of the hub is not changed. */
  #settle({ subscription }: HubRow, target: number | null, confirmed: number | null): void {
    const { sql, exists } = this.#source
    if (!exists()) return
    if (confirmed === null || target === null) {
      sql.exec('DELETE FROM hub WHERE subscription = ?', subscription)
    } else sql.exec('UPDATE hub SET told = ?, failures = 0 WHERE subscription = ?', confirmed, subscription)
  }

  /** The call may have been repeated meanwhile, so the hub may have confirmed this revision, or a later one, already. */
  #settleLate(row: HubRow, target: number | null, confirmed: number | null): void {
    const current = this.#source.exists() ? this.#row(row.name) : null
    if (current?.subscription !== row.subscription) return
    this.#settle(row, target, confirmed === null ? null : Math.max(confirmed, current.told))
    void this.broadcast()
  }

  #fail({ name, subscription }: HubRow, fault: unknown): void {
    const { sql, now, exists, scheduleAlarm, report } = this.#source
    report(fault)
    // The loop ends here: the alarm has to be set to the back-off instead of the deadline.
    this.#deadlines.delete(name)
    if (!exists()) return
    const statement = 'UPDATE hub SET failures = failures + 1, tried_at = ? WHERE subscription = ?'
    sql.exec(statement, now(), subscription)
    sql.exec('DELETE FROM hub WHERE subscription = ? AND failures > ?', subscription, FAILURES_MAX)
    scheduleAlarm()
  }

  #row(name: string): HubRow | null {
    return this.#source.sql.exec<HubRow>('SELECT * FROM hub WHERE name = ?', name).toArray()[0] ?? null
  }
}

/** When the hub is called next. Never later than one back-off from now: the clock may have been set back since the last call. */
function retryAt({ tried_at, failures }: HubRow, now: number): number {
  const backOff = failures > FREQUENT_FAILURES ? RARE_RETRY_MS : Math.min(RETRY_MS * 2 ** failures, RETRY_MAX_MS)
  return Math.min(tried_at, now) + backOff
}

const toGone = (cursor: number): WatchEvent => ({ type: 'gone', revision: cursor + 1, values: [] })
