/**
 * Broadcasts the log to the hubs of this stash: the `hub` table has one row per subscribed hub, with a cursor that the hub
 * itself confirms. Each hub is called by a loop of its own, one call at a time, and no other hub and no watcher waits for it.
 *
 * What a hub has not confirmed is told again by the alarm, with a back-off that commits respect as well: a hub that is out
 * of reach while a stash changes ten times a second must not use up its failures within seconds.
 */
import type { HubSink, WatchEvent } from '../../model/snapshot/watch-event.ts'
import { getEventsForHub } from './replay.ts'

const RETRY_MS = 1_000
const RETRY_MAX_MS = 60_000
/** A quarter of an hour and more. From then on a hub is called once an hour. */
const FREQUENT_FAILURES = 20
const RARE_RETRY_MS = 60 * 60_000
/**
 * A week of hourly calls. Nothing tells a hub that it is dropped, so its watchers would wait in silence: it is dropped only
 * once no socket of its can be open any more. A hub that comes back even later is subscribed by the next watcher that joins.
 */
export const FAILURES_MAX = FREQUENT_FAILURES + 7 * 24
/** In one message; the rest goes in the next. One change alone may be larger. */
export const TOLD_AT_ONCE = { changes: 25, bytes: 1024 * 1024 }
/**
 * How long one call may take. A full hub sends 25 changes to 2,000 sockets in some 5 s (0.1 ms each); twice that, because
 * a call that is given up too early is made again for nothing.
 */
export const CALL_DEADLINE_MS = 10_000
/** After its deadline a call is counted as failed by its own timer; the alarm comes a little later. */
const DEADLINE_SLACK_MS = 100

/** From before every history a hub is told a snapshot. */
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
  /** False once the tables are gone. */
  exists(): boolean
  /** Sets the alarm to an earlier time where something waits for one. */
  arm(): void
  /** Asks KV whether the stash went back. Null where that is known. Rejects where KV does not say. */
  confirm(): Promise<void> | null
  /** Up to which revision a cursor is sure to be of this history: see `Recovery`. */
  knownUpTo(): number
  report(fault: unknown): void
}

export class Hubs {
  readonly #source: HubSource
  /** The hubs with a call under way, and the deadline of each call. */
  readonly #deadlines = new Map<string, number>()

  constructor(source: HubSource) {
    this.#source = source
  }

  /** From now on the hub is told of every change after this revision. */
  subscribe(name: string, told: number): void {
    // A hub that leaves and comes back in the same moment is another subscription.
    const statement = 'INSERT OR REPLACE INTO hub (name, subscription, told, failures, tried_at) VALUES (?, ?, ?, 0, 0)'
    this.#source.sql.exec(statement, name, crypto.randomUUID(), told)
  }

  /** The same for one that may have been lost from the table: it is told how things stand. */
  subscribeAnew(name: string): void {
    if (this.#row(name) === null) this.subscribe(name, 0)
  }

  /** The same for a hub that believes to be subscribed, where it is not: it was dropped. */
  resubscribe(name: string, told: number): void {
    if (this.#row(name) !== null) return
    this.subscribe(name, told)
    this.#source.arm()
    void this.tell()
  }

  /** When the alarm is to tell a hub again that has not confirmed everything; null where all have. */
  nextAt(): number | null {
    const { sql, head, now } = this.#source
    const target = head() ?? Number.MAX_SAFE_INTEGER
    const rows = sql.exec<HubRow>('SELECT * FROM hub WHERE told < ?', target).toArray()
    const times = rows.map((row) => {
      const deadline = this.#deadlines.get(row.name)
      if (deadline !== undefined) return deadline + DEADLINE_SLACK_MS
      // It is about to be called. The alarm is for an object that dies before it does.
      return row.failures === 0 ? now() + RETRY_MS : retryAt(row, now())
    })
    return times.length === 0 ? null : Math.min(...times)
  }

  /** Calls every hub that has not confirmed everything. Resolves when each has, or has failed. Never rejects. */
  async tell(): Promise<void> {
    const { sql, exists, confirm, report } = this.#source
    if (!exists()) return
    try {
      // What a hub has told may be of a history that this object has lost: changes must not be told on top of that.
      const confirming = confirm()
      if (confirming !== null) await confirming.catch(() => {})
      if (!exists()) return
      const names = sql.exec<{ name: string }>('SELECT name FROM hub').toArray()
      await Promise.all(names.map(({ name }) => this.#tellHub(name)))
    } catch (fault) {
      report(fault)
    }
  }

  /** A loop that is under way already takes up what was committed meanwhile: it looks at the head before it ends. */
  async #tellHub(name: string): Promise<void> {
    if (this.#deadlines.has(name)) return
    const { head, now, exists } = this.#source
    try {
      while (exists()) {
        const [row, target] = [this.#row(name), head()]
        if (row === null || (target !== null && row.told >= target)) return
        if (row.failures > 0 && retryAt(row, now()) > now()) return
        if (!(await this.#call(row, target))) return
      }
    } finally {
      this.#deadlines.delete(name)
    }
  }

  /** One call. False where it failed, or has passed its deadline. */
  async #call(row: HubRow, target: number | null): Promise<boolean> {
    const { sql, hub, now, sleep, knownUpTo } = this.#source
    this.#deadlines.set(row.name, now() + CALL_DEADLINE_MS)
    const answered = new AbortController()
    try {
      // KV has not said it: the hub is told how things stand.
      const from = (target ?? 0) > knownUpTo() ? BEFORE_ALL : row.told
      const events = target === null ? [toGone(row.told)] : getEventsForHub(sql, from, TOLD_AT_ONCE)
      const call = hub(row.name).tell(events)
      const deadline = sleep(CALL_DEADLINE_MS, answered.signal).then(() => 'late' as const)
      deadline.catch(() => {})
      const told = await Promise.race([call, deadline])
      if (told === 'late') {
        void call.then((answer) => this.#settleLate(row, target, answer)).catch(() => {})
        throw new Error(`the hub did not answer within ${CALL_DEADLINE_MS} ms`)
      }
      if (told === row.told && target !== null) throw new Error('the hub confirmed nothing of what it was told')
      this.#settle(row, target, told)
      return true
    } catch (fault) {
      this.#fail(row, fault)
      return false
    } finally {
      answered.abort()
    }
  }

  /** An answer is about the subscription that was told: by now the hub may have another one, which is left alone. */
  #settle({ subscription }: HubRow, target: number | null, told: number | null): void {
    const { sql, exists } = this.#source
    if (!exists()) return
    if (told === null || target === null) sql.exec('DELETE FROM hub WHERE subscription = ?', subscription)
    else sql.exec('UPDATE hub SET told = ?, failures = 0 WHERE subscription = ?', told, subscription)
  }

  /** The call was repeated meanwhile, so what it confirms may have been confirmed before, and more. */
  #settleLate(row: HubRow, target: number | null, told: number | null): void {
    const current = this.#source.exists() ? this.#row(row.name) : null
    if (current?.subscription !== row.subscription) return
    this.#settle(row, target, told === null ? null : Math.max(told, current.told))
    void this.tell()
  }

  #fail({ name, subscription }: HubRow, fault: unknown): void {
    const { sql, now, exists, arm, report } = this.#source
    report(fault)
    // The loop ends with this, and the alarm is to be set to the back-off instead of the deadline.
    this.#deadlines.delete(name)
    if (!exists()) return
    const statement = 'UPDATE hub SET failures = failures + 1, tried_at = ? WHERE subscription = ?'
    sql.exec(statement, now(), subscription)
    sql.exec('DELETE FROM hub WHERE subscription = ? AND failures > ?', subscription, FAILURES_MAX)
    arm()
  }

  #row(name: string): HubRow | null {
    return this.#source.sql.exec<HubRow>('SELECT * FROM hub WHERE name = ?', name).toArray()[0] ?? null
  }
}

/** Never further away than one back-off: the clock may have been set back since the call. */
function retryAt({ tried_at, failures }: HubRow, now: number): number {
  const backOff = failures > FREQUENT_FAILURES ? RARE_RETRY_MS : Math.min(RETRY_MS * 2 ** failures, RETRY_MAX_MS)
  return Math.min(tried_at, now) + backOff
}

const toGone = (told: number): WatchEvent => ({ type: 'gone', revision: told + 1, values: [] })
