/**
 * Hubs take the watchers that are too many for a stash's own object: sharded by continent and number, each told of every
 * change by the stash, each telling its own.
 *
 * A hub keeps no truth: the revision it has told, the last few events, the sockets. What it has missed the stash tells it
 * again, and what it is told twice it skips, so it may be gone at any moment. Each minute its alarm renews its subscription.
 */
import { DurableObject } from 'cloudflare:workers'
import {
  compileFilter,
  composeFirstTexts,
  parseWatchTerms,
  serializeEvent,
  type Filter,
  type Missed,
  type WatchEvent,
  type WatchSource,
} from '../model/snapshot/watch-event.ts'
import { getStatusDigest, type WatchStatus } from '../model/snapshot/watch-status.ts'
import { Audience, CLOSE, close, refuseMessage } from './audience.ts'
import { hallOf } from './hall.ts'
import { Questions } from './questions.ts'
import { judgeSeat, readHubSeat, SEAT_STATUS, type HubSeatRequest } from './seat.ts'

/** For watchers that join while events come: what happened between the stash's answer and now. */
const RECENT_MAX = 256
/** A stash that changes faster than it can be asked has watchers that wait. */
const JOIN_ATTEMPTS = 10
/**
 * After a deploy all watchers of a hub come back at once. So many of their questions are asked at a time, and those who ask
 * the same share an answer: the stash has other hubs, and a crowd of them must not cost a writer its turn.
 */
const QUESTIONS_MAX = 4
/** A question that is not answered by then is given up, so that those behind it have their turn. */
const QUESTION_DEADLINE_MS = 10_000
/**
 * The subscription is a row of the stash's object, which a point-in-time recovery takes away without any sign of it here. So
 * the watchers of a hub are at most this late after one.
 */
export const RENEW_MS = 60_000

type Subscription = { stashId: string; name: string }

export class HubObject extends DurableObject<Env> {
  readonly #kv = this.ctx.storage.kv
  /** The revision that all sockets here have been told; null while no stash tells this hub anything. */
  #told: number | null
  readonly #audience: Audience
  #recent: WatchEvent[] = []
  /** For watchers that join. Null: not known, or the stash runs an older version, which sends none. */
  #status: WatchStatus | null = null
  /** How often the stash has sent a status on its own. */
  #statusesReceived = 0
  /** Watchers about to join, by their address: for their sake the hub stays subscribed. They have their places already. */
  readonly #joining = new Set<Pick<HubSeatRequest, 'address'>>()
  /** Whether this instance knows that the alarm is set. */
  #isRenewalSet = false
  /** One event at a time, to everybody. */
  #telling: Promise<void> = Promise.resolve()
  readonly #questions = new Questions({
    atOnce: QUESTIONS_MAX,
    deadlineMs: QUESTION_DEADLINE_MS,
    sleep: (ms, signal) => scheduler.wait(ms, { signal }),
  })

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#told = this.#kv.get<number>('told') ?? null
    this.#audience = new Audience(hallOf(ctx), this.#told ?? 0)
  }

  override async fetch(request: Request): Promise<Response> {
    const seat = readHubSeat(request.headers)
    const joining = [...this.#joining]
    const taken = this.#audience.size + joining.length
    const held = this.#audience.heldBy(seat.address) + joining.filter(({ address }) => address === seat.address).length
    const refusal = judgeSeat(seat, { taken, held, limit: seat.limit })
    if (refusal !== null) return new Response(null, { status: SEAT_STATUS[refusal] })
    this.#joining.add(seat)
    try {
      return await this.#join(seat, request.url)
    } finally {
      this.#joining.delete(seat)
    }
  }

  async #join({ stashId, name, address }: HubSeatRequest, url: string): Promise<Response> {
    const { after, filter, marks, body, batch = false, status: wantsStatus = false } = parseWatchTerms(url)
    for (let attempt = 0; attempt < JOIN_ATTEMPTS; attempt++) {
      if (this.#told === null) {
        const head = await this.#questions.ask('subscribe', () => this.#stash(stashId).subscribe(name))
        if (head === null) return new Response(null, { status: 404 })
        // Another may have subscribed meanwhile, and been told of more.
        if (this.#told === null) this.#note(head)
      }
      if (!this.#isRenewalSet) this.#setRenewal({ stashId, name })
      const missed = await this.#missed(stashId, name, after, filter)
      if (missed === null) return new Response(null, { status: 404 })
      // The end of the stash came meanwhile, from before a recovery: the hub has forgotten its subscription.
      if (this.#told === null) continue
      const gap = this.#since(missed.head)
      // Too much has happened since the stash answered: it is asked again.
      if (gap === null) continue
      // A stash that runs an older version gives events alone.
      const texts = [...(missed.texts ?? textsOf(missed.events, filter)), ...textsOf(gap, filter)]
      const head = Math.max(missed.head, this.#told ?? 0)
      const status = wantsStatus ? this.#status : undefined
      if (body && texts.length > 0)
        return new Response(composeFirstTexts(texts, head, { status, marks: false }).join('\n'))
      const { 0: client, 1: server } = new WebSocketPair()
      const first = composeFirstTexts(texts, head, { status, marks })
      this.#audience.admit(server, filter, first, head, address, { batch, status })
      return new Response(null, { status: 101, webSocket: client })
    }
    return new Response(null, { status: 503 })
  }

  /** With this hub's own cursor: a stash that has dropped the hub subscribes it again, and tells it what it has missed. */
  #missed(stashId: string, name: string, after: number | null, filter: Filter): Promise<Missed | null> {
    return this.#questions.ask(JSON.stringify([after, filter]), async () => {
      const hub = this.#told === null ? null : { name, told: this.#told }
      const received = this.#statusesReceived
      const missed = await this.#stash(stashId).missed(after, filter, 'texts', hub, true)
      // A status that the stash sent meanwhile may be newer than the one in this answer.
      if (missed !== null && received === this.#statusesReceived) this.#noteStatus(missed.status ?? null)
      return missed
    })
  }

  /** Watchers that are here receive a status that differs as well: a call of the stash may have been lost. */
  #noteStatus(status: WatchStatus | null): void {
    const before = this.#status
    this.#status = status
    if (status === null || (before !== null && getStatusDigest(before) === getStatusDigest(status))) return
    this.#telling = this.#telling.then(() => this.#audience.tellAll([], this.#status)).catch(() => {})
  }

  /** Renews the subscription while watchers are here. A call that fails is made again by the next alarm. */
  override async alarm(): Promise<void> {
    this.#isRenewalSet = false
    const subscription = this.#kv.get<Subscription>('subscription')
    if (this.#told === null || subscription === undefined || this.#audience.size === 0) return
    this.#setRenewal(subscription)
    const missed = await this.#missed(subscription.stashId, subscription.name, this.#told, []).catch(() => undefined)
    if (missed === null) await this.tell([{ type: 'gone', revision: this.#told + 1, values: [] }])
  }

  /** To be called by each instance that watchers join, so that the alarm is never set to a time far away. */
  #setRenewal(subscription: Subscription): void {
    this.#isRenewalSet = true
    this.#kv.put('subscription', subscription)
    void this.ctx.storage.setAlarm(Date.now() + RENEW_MS)
  }

  /**
   * Told by the stash: events in order, the first after what it believes this hub has told. Returns what the hub has
   * told now, from where the stash goes on; null where nobody is here any more, and the stash need not.
   */
  async tell(events: WatchEvent[], status: WatchStatus | null = null): Promise<number | null> {
    if (status !== null) {
      this.#status = status
      this.#statusesReceived++
    }
    const turn = this.#telling.then(() => this.#tellAll(events))
    this.#telling = turn.catch(() => {})
    await turn
    if (this.#audience.size > 0 || this.#joining.size > 0) return this.#told ?? 0
    await this.#forget()
    return null
  }

  async #tellAll(events: WatchEvent[]): Promise<void> {
    let told = this.#told ?? 0
    const next: WatchEvent[] = []
    let gone: WatchEvent | null = null
    for (const event of events) {
      if (event.type === 'gone') {
        gone = event
        break
      }
      // A snapshot may leave revisions out; a change that does not follow on is one too early.
      if (event.revision <= told || (event.type === 'change' && event.revision > told + 1)) continue
      told = event.revision
      next.push(event)
    }
    if (next.length > 0) {
      this.#note(told)
      this.#recent = [...this.#recent, ...next].slice(-RECENT_MAX)
    }
    await this.#audience.tellAll(next, this.#status)
    if (gone === null) return
    this.#audience.end(gone)
    await this.#forget()
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    refuseMessage(socket, message)
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket, CLOSE.done, '')
  }

  /** What has been told here after this revision; null where that is not known any more. */
  #since(revision: number): WatchEvent[] | null {
    const gap = this.#recent.filter((event) => event.revision > revision)
    const missing = (this.#told ?? 0) - revision
    return missing <= 0 || gap[0]?.type === 'snapshot' || gap.length === missing ? gap : null
  }

  async #forget(): Promise<void> {
    this.#told = null
    this.#recent = []
    this.#status = null
    this.#isRenewalSet = false
    await this.ctx.storage.deleteAll()
  }

  #note(told: number): void {
    this.#told = told
    this.#kv.put('told', told)
  }

  #stash(stashId: string): WatchSource {
    return this.env.STASH.get(this.env.STASH.idFromString(stashId))
  }
}

function textsOf(events: WatchEvent[], filter: Filter): string[] {
  const matches = compileFilter(filter)
  return events.flatMap((event) => serializeEvent(event, filter, matches) ?? [])
}
