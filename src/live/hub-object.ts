/**
 * Hubs take the watchers that are too many for a stash's own object: sharded by continent and number, each sent every
 * change by the stash, each sending it to its own watchers.
 *
 * A hub keeps no truth: the revision that it has sent, a copy of the flags in memory, the sockets. What it has missed the stash
 * sends again, and what it receives twice it skips, so it may be gone at any moment. Each minute its alarm renews its subscription.
 * Watchers that join are answered from the copy, which a hub compares with the stash at most once a second: after a deploy a
 * hundred thousand of them come back at once, and must not cost a writer its turn.
 */
import { DurableObject } from 'cloudflare:workers'
import {
  composeFirstTexts,
  parseWatchTerms,
  type Missed,
  type WatchEvent,
  type WatchSource,
} from '../model/snapshot/watch-event.ts'
import { getStatusDigest, type WatchStatus } from '../model/snapshot/watch-status.ts'
import { BoundedCalls } from './bounded-calls.ts'
import { CLOSE, close, ConnectionManager, refuseMessage } from './connection-manager.ts'
import { getHibernatingSockets } from './hibernating-sockets.ts'
import { HubCopy } from './hub-copy.ts'
import { HUB_COUNT_HEADER, judgeOpening, parseHubOpening, REFUSAL_STATUS, type HubOpening } from './opening.ts'

/** For so long the copy is current without a question to the stash, which sends each change besides. */
const COPY_CURRENT_MS = 1_000
/** More hubs of a continent than these ask less often, so that they ask the stash no more than this in a second. */
const COMPARED_PER_SECOND = 8
/** Give up with 503 after this many rounds in which the stash changed between its answer and the end of the round. */
const JOIN_ATTEMPTS = 10
/** A call that is not answered by then is given up. */
const CALL_DEADLINE_MS = 10_000
/** The changes before the copy that a hub loads with it, for watchers that come back. */
const EARLIER_CHANGES = 100
/**
 * The subscription is a row of the stash's object, which a point-in-time recovery takes away without any sign of it here. So
 * the watchers of a hub are at most this late after one.
 */
export const RENEW_MS = 60_000
/** A restart cuts all sockets of a hub. For so long it stays subscribed without any, because its watchers come back. */
const RETURN_MS = 2 * 60_000

type Subscription = { stashId: string; name: string }

export class HubObject extends DurableObject<Env> {
  readonly #kv = this.ctx.storage.kv
  /** The revision that all sockets here have been sent; null while the hub is not subscribed. It is stored as `told`. */
  #sentUpTo: number | null
  readonly #connections: ConnectionManager
  readonly #copy = new HubCopy()
  /** How many hubs the stash has on this continent, by its last answer. It is stored: a restart concerns all of them. */
  #hubs: number
  /** When the question was asked to which the stash gave its last answer, or failed to. */
  #comparedAt = -Infinity
  /** For watchers that join. Null: not known, or the stash runs an older version, which sends none. */
  #status: WatchStatus | null = null
  /** How often the stash has sent a status on its own. */
  #statusesReceived = 0
  /** Watchers about to join, by their address: for their sake the hub stays subscribed. They have their places already. */
  readonly #joining = new Set<Pick<HubOpening, 'address'>>()
  /** Whether this instance knows that the alarm is set. */
  #isRenewalSet = false
  /** One broadcast at a time. */
  #broadcasting: Promise<void> = Promise.resolve()
  /** When an instance first found the hub without its sockets; null: it has some. It is stored: instances come and go. */
  #emptySince: number | null
  readonly #calls = new BoundedCalls({
    atOnce: 1,
    deadlineMs: CALL_DEADLINE_MS,
    sleep: (ms, signal) => scheduler.wait(ms, { signal }),
  })

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sentUpTo = this.#kv.get<number>('told') ?? null
    this.#hubs = this.#kv.get<number>('hubs') ?? 1
    this.#connections = new ConnectionManager(getHibernatingSockets(ctx), this.#sentUpTo ?? 0)
    this.#emptySince = this.#kv.get<number>('emptySince') ?? null
    if (this.#sentUpTo !== null && this.#connections.size === 0 && this.#emptySince === null)
      this.#kv.put('emptySince', (this.#emptySince = Date.now()))
  }

  /** Accepts a watcher: see `WatchTerms`. For the refusals see `REFUSAL_STATUS`. */
  override async fetch(request: Request): Promise<Response> {
    const opening = parseHubOpening(request.headers)
    if (opening.returning && this.#sentUpTo === null) return this.#refuse(REFUSAL_STATUS.idle)
    const joining = [...this.#joining]
    const taken = this.#connections.size + joining.length
    const held =
      this.#connections.countFrom(opening.address) + joining.filter(({ address }) => address === opening.address).length
    const refusal = judgeOpening(opening, { taken, held, limit: opening.limit })
    if (refusal !== null) return this.#refuse(REFUSAL_STATUS[refusal])
    this.#joining.add(opening)
    try {
      return await this.#join(opening, request.url)
    } finally {
      this.#joining.delete(opening)
    }
  }

  async #join({ stashId, name, address }: HubOpening, url: string): Promise<Response> {
    const { after, filter, marks, body, framing, status: wantsStatus = false } = parseWatchTerms(url)
    for (let attempt = 0; attempt < JOIN_ATTEMPTS; attempt++) {
      if (this.#sentUpTo === null) {
        const head = await this.#calls.run('subscribe', () => this.#stash(stashId).subscribe(name))
        if (head === null) return new Response(null, { status: 404 })
        // Another may have subscribed meanwhile, and been sent more.
        if (this.#sentUpTo === null) this.#noteSent(head)
      }
      if (!this.#isRenewalSet) this.#setRenewal({ stashId, name })
      // A watcher that has seen more than this copy has it from the stash: another comparison shows it.
      const isAhead = (after ?? 0) > (this.#copy.revision ?? 0)
      if (isAhead || !this.#isCurrent()) {
        if (!(await this.#compare({ stashId, name }, isAhead))) return new Response(null, { status: 404 })
        // That comparison may have begun before this watcher came.
        if (isAhead && attempt === 0) continue
      }
      const { revision } = this.#copy
      // The end of the stash came meanwhile, from before a recovery; or changes have overtaken its answer.
      if (this.#sentUpTo === null || revision === null || revision < this.#sentUpTo) continue
      const texts = this.#copy.textsSince(after, filter)
      const status = wantsStatus ? this.#status : undefined
      if (body && texts.length > 0)
        return new Response(composeFirstTexts(texts, revision, { status, marks: false }).join('\n'))
      const { 0: client, 1: server } = new WebSocketPair()
      const first = composeFirstTexts(texts, revision, { status, marks })
      if (this.#emptySince !== null) this.#kv.delete('emptySince')
      this.#emptySince = null
      this.#connections.accept(server, filter, first, revision, address, { framing, status })
      return new Response(null, { status: 101, webSocket: client, headers: this.#countHeader() })
    }
    return this.#refuse(503)
  }

  #refuse(status: number): Response {
    return new Response(null, { status, headers: this.#countHeader() })
  }

  #countHeader(): Record<string, string> {
    return { [HUB_COUNT_HEADER]: String(this.#hubs) }
  }

  #isCurrent(): boolean {
    const age = Date.now() - this.#comparedAt
    const { revision } = this.#copy
    return (
      revision !== null &&
      revision >= (this.#sentUpTo ?? 0) &&
      age >= 0 &&
      age < COPY_CURRENT_MS * Math.max(1, this.#hubs / COMPARED_PER_SECOND)
    )
  }

  /**
   * Brings the copy up to date. Resolves to false where there is no such stash. A stash that does not answer is asked again a second
   * later: until then watchers join with the copy as it is.
   * @param isRequired whether the copy will not do: then a failure rejects, as it does without a copy
   */
  async #compare(subscription: Subscription, isRequired: boolean): Promise<boolean> {
    try {
      return await this.#calls.run('compare', () => this.#ask(subscription))
    } catch (fault) {
      this.#comparedAt = Date.now()
      if (isRequired || this.#copy.revision === null) throw fault
      return true
    }
  }

  /**
   * With this hub's own cursor: a stash that has dropped the hub subscribes it again, and sends it what it has missed. The copy may
   * then be ahead of the watchers that are here.
   */
  async #ask({ stashId, name }: Subscription): Promise<boolean> {
    const stash = this.#stash(stashId)
    const askedAt = Date.now()
    const received = this.#statusesReceived
    const { revision } = this.#copy
    const ask = (after: number | null): Promise<Missed | null> =>
      stash.missed(after, null, 'events', this.#sentUpTo === null ? null : { name, told: this.#sentUpTo }, true)
    const missed = await ask(revision)
    if (missed === null) return false
    this.#noteHubs(missed)
    this.#copy.load(missed)
    // A status that the stash sent meanwhile may be newer than the one in this answer.
    if (received === this.#statusesReceived) this.#noteStatus(missed.status ?? null)
    if (revision === null && missed.head > 0) {
      const earlier = await ask(Math.max(0, missed.head - EARLIER_CHANGES))
      if (earlier === null) return false
      this.#copy.loadRecent(earlier)
    }
    this.#comparedAt = askedAt
    return true
  }

  #noteHubs({ hubs = this.#hubs }: Missed): void {
    if (hubs === this.#hubs) return
    this.#hubs = hubs
    this.#kv.put('hubs', hubs)
  }

  /** Watchers that are here receive a status that differs as well: a call of the stash may have been lost. */
  #noteStatus(status: WatchStatus | null): void {
    const before = this.#status
    this.#status = status
    if (status === null || (before !== null && getStatusDigest(before) === getStatusDigest(status))) return
    this.#broadcasting = this.#broadcasting.then(() => this.#connections.broadcast([], this.#status)).catch(() => {})
  }

  /** Renews the subscription while watchers are here. A call that fails is made again by the next alarm. */
  override async alarm(): Promise<void> {
    this.#isRenewalSet = false
    const subscription = this.#kv.get<Subscription>('subscription')
    if (this.#sentUpTo === null || subscription === undefined || this.#connections.size === 0) return
    this.#setRenewal(subscription)
    const { stashId, name } = subscription
    const [told, received] = [this.#sentUpTo, this.#statusesReceived]
    // A filter without keys: no event is answered. The copy is for watchers that join, and stays as it is.
    const renew = () => this.#stash(stashId).missed(told, [], 'texts', { name, told }, true)
    const missed = await this.#calls.run('renew', renew).catch(() => undefined)
    if (missed === null) await this.tell([{ type: 'gone', revision: (this.#sentUpTo ?? 0) + 1, values: [] }])
    if (missed === null || missed === undefined) return
    this.#noteHubs(missed)
    if (received === this.#statusesReceived) this.#noteStatus(missed.status ?? null)
  }

  /** To be called by each instance that watchers join, so that the alarm is never set to a time far away. */
  #setRenewal(subscription: Subscription): void {
    this.#isRenewalSet = true
    this.#kv.put('subscription', subscription)
    void this.ctx.storage.setAlarm(Date.now() + RENEW_MS)
  }

  /**
   * The stash broadcasts events in order, the first after the cursor that it has for this hub. Returns the revision up to which the hub
   * has sent them; null: it has no watcher left, and is unsubscribed.
   */
  async tell(events: WatchEvent[], status: WatchStatus | null = null): Promise<number | null> {
    if (status !== null) {
      this.#status = status
      this.#statusesReceived++
    }
    const turn = this.#broadcasting.then(() => this.#broadcast(events))
    this.#broadcasting = turn.catch(() => {})
    await turn
    const mayReturn = this.#emptySince !== null && Date.now() < this.#emptySince + RETURN_MS
    if (this.#connections.size > 0 || this.#joining.size > 0 || mayReturn) return this.#sentUpTo ?? 0
    await this.#forget()
    return null
  }

  async #broadcast(events: WatchEvent[]): Promise<void> {
    let sentUpTo = this.#sentUpTo ?? 0
    const next: WatchEvent[] = []
    let gone: WatchEvent | null = null
    for (const event of events) {
      if (event.type === 'gone') {
        gone = event
        break
      }
      // A snapshot may leave revisions out; a change that does not follow on is one too early.
      if (event.revision <= sentUpTo || (event.type === 'change' && event.revision > sentUpTo + 1)) continue
      sentUpTo = event.revision
      next.push(event)
    }
    if (next.length > 0) {
      this.#noteSent(sentUpTo)
      for (const event of next) this.#copy.follow(event)
    }
    await this.#connections.broadcast(next, this.#status)
    if (gone === null) return
    this.#connections.end(gone)
    await this.#forget()
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    refuseMessage(socket, message)
  }

  override webSocketClose(socket: WebSocket): void {
    close(socket, CLOSE.done, '')
  }

  async #forget(): Promise<void> {
    this.#sentUpTo = null
    this.#copy.forget()
    this.#comparedAt = -Infinity
    this.#status = null
    this.#isRenewalSet = false
    this.#emptySince = null
    await this.ctx.storage.deleteAll()
  }

  #noteSent(revision: number): void {
    this.#sentUpTo = revision
    this.#kv.put('told', revision)
  }

  #stash(stashId: string): WatchSource {
    return this.env.STASH.get(this.env.STASH.idFromString(stashId))
  }
}
