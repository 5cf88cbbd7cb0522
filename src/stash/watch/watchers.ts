/**
 * The watchers of one stash: the sockets of its own object, its hubs, and the events that each of them has missed. It reads
 * the log, and writes only the `hub` table. Its owner says whether there is a stash to watch: see `WatchersOptions`.
 */
import { ConnectionManager } from '../../live/connection-manager.ts'
import { getHibernatingSockets } from '../../live/hibernating-sockets.ts'
import { CONTINENT_HINTS, NO_CONTINENT, toHubName } from '../../live/hub-names.ts'
import { parseOpening, REFUSAL_STATUS } from '../../live/opening.ts'
import {
  composeFirstTexts,
  parseWatchTerms,
  type Filter,
  type HubSink,
  type Missed,
} from '../../model/snapshot/watch-event.ts'
import type { WatchStatus } from '../../model/snapshot/watch-status.ts'
import { getNextExpiry } from '../tables/held.ts'
import { Hubs, type HubSource } from './hubs.ts'
import { getNextEvents, getReplay, ReplayCache } from './replay.ts'
import type { Recovery } from '../publish/recovery.ts'
import { report } from '../report.ts'
import { getStatus, getStatusEnd } from './status.ts'
import { StatusBroadcaster } from './status-broadcaster.ts'
import { WatchBroadcaster, type BroadcastSource } from './watch-broadcaster.ts'

export type WatchersOptions = {
  ctx: DurableObjectState
  hub(name: string): HubSink
  /** The stash's revision; null where it is deleted, or does not exist. */
  head(): number | null
  /** Whether the tables exist: false before the creation, and once the storage is deleted. */
  exists(): boolean
  /** Sets the alarm to an earlier time where a task needs it. */
  scheduleAlarm(): void
  recovery: Pick<Recovery, 'knownUpTo' | 'confirm'>
}

/**
 * How many hubs of each continent are subscribed again after a recovery; each may have 2,000 watchers. Any further hub is
 * subscribed again within a minute, when it renews its subscription.
 */
const LOST_HUBS_EACH = 8

export class Watchers {
  readonly #sql: SqlStorage
  readonly #connections: ConnectionManager
  readonly #replays: ReplayCache
  readonly #hubs: Hubs
  readonly #broadcaster: WatchBroadcaster
  readonly #statusBroadcaster: StatusBroadcaster
  readonly #head: WatchersOptions['head']
  readonly #scheduleAlarm: WatchersOptions['scheduleAlarm']
  /** The status, until it changes by the clock; null where it must be read. */
  #status: { value: WatchStatus; until: number } | null = null
  readonly #recovery: WatchersOptions['recovery']

  constructor({ ctx, hub, head, exists, scheduleAlarm, recovery }: WatchersOptions) {
    const { sql } = ctx.storage
    const reportFault = (fault: unknown) => report('tell', fault, { stash: ctx.id.toString() })
    const broadcastUpTo = head() ?? 0
    this.#sql = sql
    this.#recovery = recovery
    this.#head = head
    this.#scheduleAlarm = scheduleAlarm
    const getPresentStatus = () => (head() === null ? null : this.#getStatus())
    this.#replays = new ReplayCache(sql)
    this.#connections = new ConnectionManager(getHibernatingSockets(ctx), broadcastUpTo)
    const hubSource: HubSource = {
      sql,
      hub,
      now: () => Date.now(),
      sleep: (ms, signal) => scheduler.wait(ms, { signal }),
      head,
      exists,
      scheduleAlarm,
      confirm: () => recovery.confirm(),
      knownUpTo: () => recovery.knownUpTo(),
      report: reportFault,
    }
    this.#hubs = new Hubs(hubSource, getPresentStatus)
    this.#statusBroadcaster = new StatusBroadcaster({
      getStatus: getPresentStatus,
      isWanted: () => this.#connections.wantsStatus,
      durable: () => ctx.storage.sync(),
      tell: (status) => this.#connections.broadcast([], status),
      report: reportFault,
    })
    this.#broadcaster = new WatchBroadcaster(
      {
        head,
        next: (after) => getNextEvents(sql, after),
        durable: () => ctx.storage.sync(),
        yieldToRequests: () => scheduler.wait(2),
        connections: this.#withStatus(this.#connections, head),
        broadcastToHubs: () => this.#hubs.broadcast(),
        report: reportFault,
      },
      broadcastUpTo,
    )
  }

  /** Broadcasts new commits, and then the status where it differs. To be called after each commit, and by the alarm. Never rejects. */
  async notify(): Promise<void> {
    await this.#broadcaster.notify()
    // Where another call is sending events, that call sends the status after them.
    if (!this.#broadcaster.isBroadcasting) await this.#statusBroadcaster.notify()
  }

  /** Sends the status together with the last event: a long poll is answered for the event, and its answer has the status. */
  #withStatus(connections: ConnectionManager, head: WatchersOptions['head']): BroadcastSource['connections'] {
    return {
      get size() {
        return connections.size
      },
      broadcast: (events) => {
        const isLast = events.at(-1)?.revision === head()
        return connections.broadcast(events, isLast && connections.wantsStatus ? this.#getStatus() : null)
      },
      end: (event) => connections.end(event),
    }
  }

  /** To be called after each transaction. The status may have changed without a revision. */
  noteTransaction(): void {
    this.#status = null
  }

  /** Whether a change of the status has to be broadcast. Hubs do not say whether their watchers asked for it. */
  get wantsStatus(): boolean {
    return this.#connections.wantsStatus || this.#hubs.exist()
  }

  /**
   * When the alarm is to broadcast: to a hub that has not confirmed every event, or a status that changes by the clock. Null:
   * neither. Hubs are not considered for the latter: they ask for the status each minute.
   */
  nextBroadcastAt(): number | null {
    const times = [this.#hubs.nextAt() ?? Infinity, this.#head() === null ? Infinity : this.#nextStatusAt()]
    const at = Math.min(...times)
    return at === Infinity ? null : at
  }

  /** Freezes are not considered: their end is a revision, for which the alarm is set. */
  #nextStatusAt(): number {
    const at = getNextExpiry(this.#sql, Date.now())
    return at !== null && this.#connections.wantsStatus ? at : Infinity
  }

  /** Read once after each transaction, and when it has changed by the clock: not for each watcher. */
  #getStatus(): WatchStatus {
    const now = Date.now()
    if (this.#status === null || now >= this.#status.until) {
      const value = getStatus(this.#sql, now)
      this.#status = { value, until: getStatusEnd(this.#sql, value, now) }
    }
    return this.#status.value
  }

  /**
   * Accepts a watcher: see `WatchTerms`. Past the limit it is refused as `REFUSAL_STATUS` says, and the Worker tries the hubs.
   * @param head the stash's revision
   * @param limit how many watchers the stash's own object accepts
   */
  admit(request: Request, head: number, limit: number): Response {
    if (this.#connections.size >= limit) return new Response(null, { status: REFUSAL_STATUS.full })
    const { address } = parseOpening(request.headers)
    const { after, filter, marks, body, framing, status: wantsStatus = false } = parseWatchTerms(request.url)
    const texts = this.#replays.textsSince(head, this.#toKnownCursor(after), filter)
    const status = wantsStatus ? this.#getStatus() : undefined
    if (body && texts.length > 0)
      return new Response(composeFirstTexts(texts, head, { status, marks: false }).join('\n'))
    const { 0: client, 1: server } = new WebSocketPair()
    const first = composeFirstTexts(texts, head, { status, marks })
    const isFirst = wantsStatus && !this.#connections.wantsStatus
    this.#connections.accept(server, filter, first, head, address, { framing, status })
    // The next commit sets the alarm as well. This is for the links that were made before.
    if (isFirst) this.#scheduleAlarm()
    return new Response(null, { status: 101, webSocket: client })
  }

  /**
   * Subscribes the first hubs of each continent after a recovery, because the restored table may lack hubs that subscribed later.
   * A hub that has no watchers says so when it is called, and is unsubscribed. To be called in the transaction of the recovery;
   * the next `notify` calls the hubs.
   */
  subscribeLostHubs(stashId: string): void {
    for (const continent of [...Object.keys(CONTINENT_HINTS), NO_CONTINENT]) {
      for (let n = 0; n < LOST_HUBS_EACH; n++) this.#hubs.subscribeAnew(toHubName(stashId, continent, n))
    }
  }

  /** Subscribes the hub to the changes after this revision. */
  subscribe(hub: string, head: number): void {
    this.#hubs.subscribe(hub, head)
  }

  /** The events that a watcher has missed, up to `head`. A hub whose row is missing is subscribed again. */
  missed(
    head: number,
    after: number | null,
    filter: Filter,
    form: 'events' | 'texts',
    hub: { name: string; told: number } | null,
    withStatus = false,
  ): Missed {
    if (hub !== null) this.#hubs.resubscribe(hub.name, hub.told)
    const cursor = this.#toKnownCursor(after)
    const status = withStatus ? { status: this.#getStatus() } : {}
    const more = hub === null ? status : { ...status, hubs: this.#hubs.countBeside(hub.name) }
    if (form === 'texts') return { head, events: [], texts: this.#replays.textsSince(head, cursor, filter), ...more }
    return { head, events: getReplay(this.#sql, cursor, filter), knownUpTo: this.#recovery.knownUpTo(), ...more }
  }

  /** The cursor from which a watcher may get changes; null where its revision may be of a lost history: it gets a snapshot. */
  #toKnownCursor(after: number | null): number | null {
    return after !== null && after > this.#recovery.knownUpTo() ? null : after
  }
}
