/**
 * A watcher and its connection. Messages arrive in order after a delay; a connection that breaks loses those in flight.
 * The client reconnects after a while with its cursor. It keeps a copy of the flags, as clients do.
 */
import { isDeepStrictEqual } from 'node:util'
import { connect, type Connected } from '../../src/http/watch/connect.ts'
import type { App } from '../../src/http/scope.ts'
import type { Filter, Framing } from '../../src/model/snapshot/watch-event.ts'
import { InvariantViolation } from './kv-model.ts'
import { distortMessage } from './plants.ts'
import { GUARANTEES } from './bounds.ts'
import { ASSUMED } from './constants.ts'
import type { ClientEnd } from './runtime/sockets.ts'
import { WATCHERS_PER_OBJECT } from './objects.ts'
import { createStub } from './stub.ts'
import { getValueAt, type State } from './truth.ts'
import type { World } from './world.ts'

type ReceivedEvent = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, { at: string; to: string | null } | null>
}

/** The Worker's response, which has the client's end of the socket, or its refusal. */
type Opening = Awaited<ReturnType<typeof connect>>

/** How long it waits for a connection. */
const PATIENCE_MS = 10_000

// The sockets of the simulated `WebSocketPair` have this type.
const getSocket = ({ response }: Connected): ClientEnd => response.webSocket as unknown as ClientEnd

export class WatcherModel {
  /** The last event; null before the first. */
  last: ReceivedEvent | null = null
  readonly copy = new Map<string, string>()
  readonly reverts = new Map<string, { at: string; to: string | null }>()
  readonly filter: Filter
  readonly #world: World
  readonly #distanceMs: number
  /** As a client with a WebSocket receives events, or as the Worker receives those of a stream. */
  readonly #framing: Framing
  #socket: ClientEnd | null = null
  #isGone = false

  constructor(world: World, filter: Filter) {
    this.#world = world
    this.filter = filter
    this.#distanceMs = world.random.between(...ASSUMED.watcherDistanceMs)
    this.#framing = world.random() < 0.5 ? 'lines' : 'single'
    void this.#connect()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Breaks the connection. */
  drop(): void {
    this.#socket?.leave()
  }

  async #connect(): Promise<void> {
    const { clock, random } = this.#world
    const socket = await this.#open()
    if (this.#isGone) return
    if (socket === null) {
      await clock.sleep(random.between(500, 2_500))
      return this.#connect()
    }
    let arrivesAt = 0
    let isConnected = true
    this.#socket = socket
    const closed = (): void => {
      if (this.#socket !== socket) return
      this.#socket = null
      // Messages in flight may still arrive, or be lost.
      isConnected = random() < 0.5
      clock.at(clock.now() + this.#distanceMs + random.between(500, 2_500), () => {
        isConnected = false
        void this.#connect()
      })
    }
    socket.leave = () => {
      socket.left()
      closed()
    }
    socket.listen({
      message: (text) => {
        arrivesAt = Math.max(arrivesAt, clock.now() + this.#distanceMs)
        clock.at(arrivesAt, () => {
          for (const line of distortMessage(this.#world.plant, text.split('\n')))
            if (isConnected) this.#receive(JSON.parse(line) as ReceivedEvent)
        })
      },
      closed,
    })
  }

  /** Returns null if the connection is refused or fails. */
  async #open(): Promise<ClientEnd | null> {
    const { objects, id } = this.#world
    const env = {
      STASH: { get: () => createStub(objects.stash, this.#distanceMs) },
      HUBS: {
        idFromName: (name: string) => name,
        get: (name: string) => createStub(objects.hub(name), this.#distanceMs),
      },
      WATCHERS_PER_OBJECT: String(WATCHERS_PER_OBJECT),
      WATCHES: { limit: async () => ({ success: true }) },
      // `connect` uses only these bindings.
    } as unknown as App['Bindings']
    const terms = {
      after: this.last?.revision ?? null,
      filter: this.filter,
      marks: false,
      body: false,
      framing: this.#framing,
    }
    const request = new Request(`https://flags.test/api/stash/${id}/watch`)
    // The code uses only `toString` of the object's id.
    const stashId = { toString: () => id } as unknown as DurableObjectId
    const connecting: Promise<Opening | null> = connect(env, stashId, terms, request).catch(() => null)
    const patience = this.#world.clock.sleep(PATIENCE_MS).then(() => null)
    const opening = await Promise.race([connecting, patience])
    if (opening === null) {
      // A connection that opens after the deadline is closed.
      void connecting.then((late) => late?.ok === true && getSocket(late.value).left())
      return null
    }
    if (opening.ok) return getSocket(opening.value)
    // The stash was deleted while the watcher was disconnected.
    if (opening.refusal.code === 'stash_not_found') this.#isGone = true
    return null
  }

  #receive(event: ReceivedEvent): void {
    const { truth } = this.#world
    const before = this.last?.revision ?? null
    const report = (what: string) => this.#world.report(new InvariantViolation(`a watcher at ${before} ${what}`))
    if (this.#isGone) return report(`received ${JSON.stringify(event)} after the end`)
    this.last = event
    if (event.type === 'gone') {
      this.#isGone = true
      return
    }
    if (event.type === 'snapshot') {
      this.copy.clear()
      this.reverts.clear()
      for (const [key, value] of Object.entries(event.flags ?? {})) this.copy.set(key, value)
    } else {
      if (before === null || event.revision <= before) return report(`received revision ${event.revision} again`)
      if (this.filter === null && event.revision !== before + 1) return report(`received ${event.revision} next`)
      for (const [key, value] of Object.entries(event.changes ?? {})) {
        if (!GUARANTEES.broadcastsEmptyReverts && this.#isPast(key)) this.reverts.delete(key)
        if (value === null) this.copy.delete(key)
        else this.copy.set(key, value)
      }
    }
    for (const [key, revert] of Object.entries(event.reverts ?? {})) {
      if (revert === null) this.reverts.delete(key)
      else this.reverts.set(key, revert)
    }
    if (!truth.isKnown(event.revision)) return report(`received revision ${event.revision}, which never existed`)
    const known = truth.statesAt(event.revision).some((state) => this.#agrees(state))
    const copy = () => JSON.stringify([...this.copy, ...this.reverts])
    if (!known) report(`has a copy that does not match revision ${event.revision}: ${copy()}`)
  }

  /** Whether its copy matches this state for its filter: the flags, and the ends of their time-boxes. */
  #agrees(state: State): boolean {
    const { flags, reverts } = state
    if (this.filter === 'revisions') return true
    const keys = this.filter ?? [...flags.keys(), ...this.copy.keys(), ...reverts.keys(), ...this.reverts.keys()]
    const now = this.#world.clock.now()
    return keys.every((key) => {
      const copied = this.reverts.get(key)
      const [mine, real] = [copied && { at: Date.parse(copied.at), to: copied.to }, reverts.get(key)]
      const pending = [mine, real].map((revert) => (revert !== undefined && revert.at > now ? revert : null))
      const value = mine !== undefined && mine.at <= now ? mine.to : (this.copy.get(key) ?? null)
      return isDeepStrictEqual(pending[0], pending[1]) && value === getValueAt(state, key, now)
    })
  }

  #isPast(key: string): boolean {
    const revert = this.reverts.get(key)
    return revert !== undefined && Date.parse(revert.at) <= this.#world.clock.now()
  }

  /** Whether the watcher has reached this state. */
  isAt(head: State): boolean {
    if (this.last === null || this.#isGone) return false
    return this.#agrees(head) && (this.filter !== null || this.last.revision === head.revision)
  }
}
