/**
 * The watchers of one stash: the sockets of its own object, its hubs, and the events that each of them has missed. It reads
 * the log, and writes only the `hub` table. Its owner says whether there is a stash to watch: see `WatchersOptions`.
 */
import { Audience } from '../../live/audience.ts'
import { CONTINENT_HINTS, NO_CONTINENT, toHubName } from '../../live/continents.ts'
import { hallOf } from '../../live/hall.ts'
import { judgeSeat, readSeat, SEAT_STATUS } from '../../live/seat.ts'
import {
  parseWatchTerms,
  serializeMark,
  type Filter,
  type HubSink,
  type Missed,
} from '../../model/snapshot/watch-event.ts'
import { Hubs } from './hubs.ts'
import { getNextEvent, getReplay, ReplayCache } from './replay.ts'
import type { Recovery } from '../publish/recovery.ts'
import { report } from '../report.ts'
import { WatchBroadcaster } from './watch-broadcaster.ts'

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
  readonly #audience: Audience
  readonly #replays: ReplayCache
  readonly #hubs: Hubs
  readonly #broadcaster: WatchBroadcaster
  readonly #recovery: WatchersOptions['recovery']

  constructor({ ctx, hub, head, exists, scheduleAlarm, recovery }: WatchersOptions) {
    const { sql } = ctx.storage
    const reportFault = (fault: unknown) => report('tell', fault, { stash: ctx.id.toString() })
    const broadcastUpTo = head() ?? 0
    this.#sql = sql
    this.#recovery = recovery
    this.#replays = new ReplayCache(sql)
    this.#audience = new Audience(hallOf(ctx), broadcastUpTo)
    this.#hubs = new Hubs({
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
    })
    this.#broadcaster = new WatchBroadcaster(
      {
        head,
        next: (after) => getNextEvent(sql, after),
        durable: () => ctx.storage.sync(),
        yieldToRequests: () => scheduler.wait(2),
        audience: this.#audience,
        broadcastToHubs: () => this.#hubs.broadcast(),
        report: reportFault,
      },
      broadcastUpTo,
    )
  }

  /** Broadcasts new commits. To be called after each commit, and by the alarm. Never rejects. */
  notify(): Promise<void> {
    return this.#broadcaster.notify()
  }

  /** When the alarm is to call a hub that has not confirmed every event; null where every hub has. */
  nextHubAt(): number | null {
    return this.#hubs.nextAt()
  }

  /**
   * Accepts a watcher: see `WatchTerms`. For the refusals see `SEAT_STATUS`; after 503 the Worker tries the hubs.
   * @param head the stash's revision
   * @param limit how many watchers the stash's own object accepts
   */
  admit(request: Request, head: number, limit: number): Response {
    const seat = readSeat(request.headers)
    const [taken, held] = [this.#audience.size, this.#audience.heldBy(seat.address)]
    const refusal = judgeSeat(seat, { taken, held, limit })
    if (refusal !== null) return new Response(null, { status: SEAT_STATUS[refusal] })
    const { after, filter, marks, body } = parseWatchTerms(request.url)
    const texts = this.#replays.textsSince(head, this.#toKnownCursor(after), filter)
    if (body && texts.length > 0) return new Response(texts.join('\n'))
    const { 0: client, 1: server } = new WebSocketPair()
    this.#audience.admit(server, filter, marks ? [...texts, serializeMark(head)] : texts, head, seat.address)
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
  ): Missed {
    if (hub !== null) this.#hubs.resubscribe(hub.name, hub.told)
    const cursor = this.#toKnownCursor(after)
    if (form === 'texts') return { head, events: [], texts: this.#replays.textsSince(head, cursor, filter) }
    return { head, events: getReplay(this.#sql, cursor, filter) }
  }

  /** The cursor from which a watcher may get changes; null where its revision may be of a lost history: it gets a snapshot. */
  #toKnownCursor(after: number | null): number | null {
    return after !== null && after > this.#recovery.knownUpTo() ? null : after
  }
}
