/**
 * The watchers of one stash: the sockets of its own object, the hubs that take a crowd, and what each of them has missed.
 * It reads the log and changes nothing. Whether there is a stash to watch is for its owner to say: see `WatchersHost`.
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
  /** The stash's revision; null once it is deleted, or where it never was. */
  head(): number | null
  /** False once the tables are gone. */
  exists(): boolean
  /** Sets the alarm to an earlier time where something waits for one. */
  arm(): void
  recovery: Pick<Recovery, 'knownUpTo' | 'confirm'>
}

/** Of each continent: each is called once, and has 2,000 watchers. Those of others hear when somebody joins there. */
const LOST_HUBS_EACH = 8

export class Watchers {
  readonly #sql: SqlStorage
  readonly #audience: Audience
  readonly #replays: ReplayCache
  readonly #hubs: Hubs
  readonly #broadcaster: WatchBroadcaster
  readonly #recovery: WatchersOptions['recovery']

  constructor({ ctx, hub, head, exists, arm, recovery }: WatchersOptions) {
    const { sql } = ctx.storage
    const reportFault = (fault: unknown) => report('tell', fault, { stash: ctx.id.toString() })
    const told = head() ?? 0
    this.#sql = sql
    this.#recovery = recovery
    this.#replays = new ReplayCache(sql)
    this.#audience = new Audience(hallOf(ctx), told)
    this.#hubs = new Hubs({
      sql,
      hub,
      now: () => Date.now(),
      sleep: (ms, signal) => scheduler.wait(ms, { signal }),
      head,
      exists,
      arm,
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
        tellHubs: () => this.#hubs.tell(),
        report: reportFault,
      },
      told,
    )
  }

  /** Tells everybody of what was committed. To be called after each commit. Never rejects. */
  notify(): Promise<void> {
    return this.#broadcaster.notify()
  }

  /** When the alarm is to tell a hub again that has not confirmed everything; null where all have. */
  nextHubAt(): number | null {
    return this.#hubs.nextAt()
  }

  /**
   * Takes a watcher in: see `WatchTerms`. Where it does not, see `SEAT_STATUS`; 503 sends it to the hubs.
   * @param head the stash's revision
   * @param limit how many the stash's own object takes
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
   * After a recovery: hubs that subscribed in the time that was lost are told of it all the same. One that has no watchers
   * says so, and is let go. Runs in the transaction of the recovery; the next `notify` tells them.
   */
  subscribeLostHubs(stashId: string): void {
    for (const continent of [...Object.keys(CONTINENT_HINTS), NO_CONTINENT]) {
      for (let n = 0; n < LOST_HUBS_EACH; n++) this.#hubs.subscribeAnew(toHubName(stashId, continent, n))
    }
  }

  /** From now on this hub is told of every change after this revision. */
  subscribe(hub: string, head: number): void {
    this.#hubs.subscribe(hub, head)
  }

  /** What a watcher has missed up to `head`. A hub that was dropped is subscribed again. */
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

  /** From where a watcher may be told changes; null: it may have seen what this object has lost, and is told a snapshot. */
  #toKnownCursor(after: number | null): number | null {
    return after !== null && after > this.#recovery.knownUpTo() ? null : after
  }
}
