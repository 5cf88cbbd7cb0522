/**
 * A watcher and its connection: messages arrive in order, some time later; a connection that breaks loses what was on
 * its way. The client comes back after a while, and says what it has seen. It keeps a copy of the flags, as clients do.
 */
import { isDeepStrictEqual } from 'node:util'
import { connect } from '../../src/http/watch/connect.ts'
import type { App } from '../../src/http/scope.ts'
import type { Filter } from '../../src/model/snapshot/watch-event.ts'
import { WorldBroken } from './kv-model.ts'
import { PROMISED } from './promises.ts'
import type { ClientEnd } from './runtime/sockets.ts'
import { WATCHERS_PER_OBJECT } from './stash-home.ts'
import { stubOf } from './stub.ts'
import { viewOf, type State } from './truth.ts'
import type { World } from './world.ts'

type Told = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, { at: string; to: string | null } | null>
}

/** Both of what a Worker answers with, and what it keeps. */
type Opening = Awaited<ReturnType<typeof connect>>

/** How long it waits for a connection. */
const PATIENCE_MS = 10_000

// A `WebSocketPair` of this world has such ends.
const socketOf = ({ webSocket }: Response): ClientEnd => webSocket as unknown as ClientEnd

export class WatcherModel {
  /** What it has been told last; null before the first event. */
  last: Told | null = null
  readonly copy = new Map<string, string>()
  readonly reverts = new Map<string, { at: string; to: string | null }>()
  readonly filter: Filter
  readonly #world: World
  readonly #distanceMs: number
  #socket: ClientEnd | null = null
  #isGone = false

  constructor(world: World, filter: Filter) {
    this.#world = world
    this.filter = filter
    this.#distanceMs = world.random.between(1, 120)
    void this.#connect()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** The connection breaks, for a reason of its own. */
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
      // What was on its way may still come, or may not.
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
        clock.at(arrivesAt, () => isConnected && this.#hear(JSON.parse(text) as Told))
      },
      closed,
    })
  }

  /** Null: turned down, or not reached. */
  async #open(): Promise<ClientEnd | null> {
    const { home, id } = this.#world
    const env = {
      STASH: { get: () => stubOf(home.stash, this.#distanceMs) },
      HUBS: { idFromName: (name: string) => name, get: (name: string) => stubOf(home.hub(name), this.#distanceMs) },
      WATCHERS_PER_OBJECT: String(WATCHERS_PER_OBJECT),
      WATCHES: { limit: async () => ({ success: true }) },
      // To open a watch takes these bindings.
    } as unknown as App['Bindings']
    const terms = { after: this.last?.revision ?? null, filter: this.filter, marks: false, body: false }
    const request = new Request(`https://flags.test/api/stash/${id}/watch`)
    // An id of the namespace: what the code needs of it is its text.
    const stashId = { toString: () => id } as unknown as DurableObjectId
    const connecting: Promise<Opening | null> = connect(env, stashId, terms, request).catch(() => null)
    const patience = this.#world.clock.sleep(PATIENCE_MS).then(() => null)
    const opening = await Promise.race([connecting, patience])
    if (opening === null) {
      // One that opens after all is not wanted any more.
      void connecting.then((late) => late?.ok === true && socketOf(late.value).left())
      return null
    }
    if (opening.ok) return socketOf(opening.value)
    // Deleted while it was away.
    if (opening.refusal.code === 'stash_not_found') this.#isGone = true
    return null
  }

  #hear(told: Told): void {
    const { truth } = this.#world
    const before = this.last?.revision ?? null
    const broke = (what: string) => this.#world.broke(new WorldBroken(`a watcher at ${before} ${what}`))
    if (this.#isGone) return broke(`was told ${JSON.stringify(told)} after the end`)
    this.last = told
    if (told.type === 'gone') {
      this.#isGone = true
      return
    }
    if (told.type === 'snapshot') {
      this.copy.clear()
      this.reverts.clear()
      for (const [key, value] of Object.entries(told.flags ?? {})) this.copy.set(key, value)
    } else {
      if (before === null || told.revision <= before) return broke(`was told of revision ${told.revision} again`)
      if (this.filter === null && told.revision !== before + 1) return broke(`was told of ${told.revision} next`)
      for (const [key, value] of Object.entries(told.changes ?? {})) {
        if (!PROMISED.tellsOfEmptyEnds && this.#isPast(key)) this.reverts.delete(key)
        if (value === null) this.copy.delete(key)
        else this.copy.set(key, value)
      }
    }
    for (const [key, revert] of Object.entries(told.reverts ?? {})) {
      if (revert === null) this.reverts.delete(key)
      else this.reverts.set(key, revert)
    }
    if (!truth.isKnown(told.revision)) return broke(`was told of revision ${told.revision}, which never was`)
    const known = truth.statesAt(told.revision).some((state) => this.#agrees(state))
    const held = () => JSON.stringify([...this.copy, ...this.reverts])
    if (!known) broke(`holds what was not so at revision ${told.revision}: ${held()}`)
  }

  /** Whether its copy is what this state is to it: the flags, and what will become of them. */
  #agrees(state: State): boolean {
    const { flags, reverts } = state
    if (this.filter === 'revisions') return true
    const keys = this.filter ?? [...flags.keys(), ...this.copy.keys(), ...reverts.keys(), ...this.reverts.keys()]
    const now = this.#world.clock.now()
    return keys.every((key) => {
      const told = this.reverts.get(key)
      const [mine, real] = [told && { at: Date.parse(told.at), to: told.to }, reverts.get(key)]
      const pending = [mine, real].map((revert) => (revert !== undefined && revert.at > now ? revert : null))
      const value = mine !== undefined && mine.at <= now ? mine.to : (this.copy.get(key) ?? null)
      return isDeepStrictEqual(pending[0], pending[1]) && value === viewOf(state, key, now)
    })
  }

  #isPast(key: string): boolean {
    const revert = this.reverts.get(key)
    return revert !== undefined && Date.parse(revert.at) <= this.#world.clock.now()
  }

  /** Whether it has come to what is true now. */
  isAt(head: State): boolean {
    if (this.last === null || this.#isGone) return false
    return this.#agrees(head) && (this.filter !== null || this.last.revision === head.revision)
  }
}
