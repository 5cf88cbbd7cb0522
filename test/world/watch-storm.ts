/**
 * `npm run world -- watchers`: a hundred thousand watchers of one stash, whose sockets a deploy cuts at one moment, while a writer
 * commits each second. Each isolate has a module instance of `connect` of its own, because that remembers where watchers go. Nothing
 * here was measured on Cloudflare.
 */
import { quantile } from '../bench/figures.ts'
import type * as Connecting from '../../src/http/watch/connect.ts'
import type { App } from '../../src/http/scope.ts'
import { RETRY_CUT_MANY_MS } from '../../src/http/watch/sse.ts'
import { CAPACITY } from './crowd.ts'
import { MASTER } from './objects.ts'
import type { ClientEnd } from './runtime/sockets.ts'
import { createStub } from './stub.ts'
import { printHeader, printRow, type Print } from './table.ts'
import { World } from './world.ts'

const CONTINENTS = ['NA', 'EU', 'AS', 'SA', 'OC', 'AF']
const BEFORE_HUBS = 200
const PER_HUB = 2_000
const SETTLE_MS = 20_000
const WATCHED_MS = 90_000
const COMMIT_EACH_MS = 1_000
/** Between a client and the isolate that serves it. */
const CLIENT_DISTANCE_MS = 10
const RETRY_MS = { least: 500, most: 2_500 }

/** The watchers come for the first time within `fillMs`. */
type Load = { watchers: number; isolates: number; continents: number; fillMs: number }
const LOADS: Load[] = [
  { watchers: 2_000, isolates: 300, continents: 6, fillMs: 60_000 },
  { watchers: 100_000, isolates: 300, continents: 6, fillMs: 60_000 },
  { watchers: 100_000, isolates: 1_500, continents: 6, fillMs: 60_000 },
  { watchers: 100_000, isolates: 1_500, continents: 1, fillMs: 240_000 },
]

type Connect = typeof Connecting.connect
type Isolate = { connect: Connect; continent: string; distanceMs: number }
type Client = { isolate: number; last: number | null; isConnected: boolean; faults: number }

let instances = 0
async function importConnect(): Promise<Connect> {
  // Another address makes another instance of the module.
  const module = (await import(`../../src/http/watch/connect.ts?instance=${++instances}`)) as typeof Connecting
  return module.connect
}

class WatchStorm {
  readonly world = new World({ seed: 5, places: 1, isolates: 1, mode: 'vouched', watchersBeforeHubs: BEFORE_HUBS })
  readonly committedAt: number[] = []
  /** By revision: when the last of the watchers received it. */
  readonly lastReceivedAt: number[] = []
  refusedWrites = 0
  isOver = false
  #continents = 1
  #isolates: Isolate[] = []
  readonly #clients: Client[] = []

  static async begin({ watchers, isolates, continents, fillMs }: Load): Promise<WatchStorm> {
    const storm = new WatchStorm()
    const { world } = storm
    storm.#continents = continents
    await storm.replaceIsolates(isolates)
    world.object.capacity = CAPACITY
    storm.#commitLater()
    for (let i = 0; i < watchers; i++) {
      const client: Client = { isolate: i % isolates, last: null, isConnected: false, faults: 0 }
      storm.#clients.push(client)
      world.clock.at(world.clock.now() + (i / watchers) * fillMs, () => void storm.#connect(client))
    }
    await world.clock.pass(fillMs + SETTLE_MS)
    return storm
  }

  async replaceIsolates(count: number): Promise<void> {
    const { random } = this.world
    this.#isolates = []
    for (let i = 0; i < count; i++) {
      const continent = CONTINENTS[i % this.#continents] ?? 'XX'
      this.#isolates.push({ connect: await importConnect(), continent, distanceMs: random.between(1, 170) })
    }
  }

  /** A deploy: each isolate is new, and the objects begin anew without their sockets. */
  async deploy(): Promise<void> {
    await this.replaceIsolates(this.#isolates.length)
    this.world.object.crash()
    for (const hub of this.world.objects.hubs()) hub.crash()
  }

  get connected(): number {
    return this.#clients.filter(({ isConnected }) => isConnected).length
  }

  get faults(): number {
    return this.#clients.reduce((sum, { faults }) => sum + faults, 0)
  }

  #retry(client: Client, { least, most }: { least: number; most: number }): void {
    const { clock, random } = this.world
    clock.at(clock.now() + random.between(least, most), () => void this.#connect(client))
  }

  async #connect(client: Client): Promise<void> {
    const { clock } = this.world
    if (this.isOver) return
    await clock.sleep(CLIENT_DISTANCE_MS)
    const opened = await this.#open(client).catch(() => null)
    if (opened === null || !opened.ok) return this.#retry(client, RETRY_MS)
    // The sockets of the simulated `WebSocketPair` have this type.
    const socket = opened.value.response.webSocket as unknown as ClientEnd
    client.isConnected = true
    socket.listen({
      message: (text) => {
        for (const line of text.split('\n'))
          this.#receive(client, JSON.parse(line) as { type: string; revision: number })
      },
      closed: () => {
        client.isConnected = false
        this.#retry(client, RETRY_CUT_MANY_MS)
      },
    })
  }

  #open(client: Client): ReturnType<Connect> {
    const { objects, id } = this.world
    const isolate = this.#isolates[client.isolate]
    if (isolate === undefined) throw new Error('there is no such isolate')
    const env = {
      STASH: { get: () => createStub(objects.stash, isolate.distanceMs) },
      HUBS: {
        idFromName: (name: string) => name,
        get: (name: string) => {
          const hub = objects.hub(name)
          hub.capacity ??= CAPACITY
          return createStub(hub, CLIENT_DISTANCE_MS)
        },
      },
      WATCHERS_PER_OBJECT: String(PER_HUB),
      WATCHES: { limit: async () => ({ success: true }) },
      // `connect` uses only these bindings.
    } as unknown as App['Bindings']
    // The code uses only these members.
    const request = { headers: new Headers(), cf: { continent: isolate.continent } } as unknown as Request
    const stashId = { toString: () => id } as unknown as DurableObjectId
    const terms = { after: client.last, filter: null, marks: false, body: false, framing: 'lines' as const }
    return isolate.connect(env, stashId, terms, request)
  }

  #receive(client: Client, { type, revision }: { type: string; revision: number }): void {
    if (type === 'change' && revision !== (client.last ?? -1) + 1) client.faults++
    if (type === 'snapshot' && client.last !== null && revision <= client.last) client.faults++
    client.last = revision
    this.lastReceivedAt[revision] = this.world.clock.now()
  }

  async #commit(): Promise<void> {
    const { clock, object } = this.world
    const intent = { kind: 'put', key: 'flag', value: `at ${clock.now()}`, type: 'text/plain' } as const
    const applied = await object.call(0, (one) => one.apply({ credential: MASTER, intent })).catch(() => null)
    if (applied === null) this.refusedWrites++
    else if (applied.ok) this.committedAt[applied.value.revision] = clock.now()
  }

  #commitLater(): void {
    const { clock } = this.world
    clock.at(clock.now() + COMMIT_EACH_MS, () => {
      if (this.isOver) return
      void this.#commit()
      this.#commitLater()
    })
  }
}

async function measure(load: Load): Promise<string[]> {
  const storm = await WatchStorm.begin(load)
  const { object, objects, clock } = storm.world
  const missing = load.watchers - storm.connected
  if (missing > 0) throw new Error(`${missing} watchers could not connect before the deploy`)
  const quietFrom = clock.now()
  await clock.pass(10_000)
  const delays = [...storm.committedAt.entries()]
    .filter(([, at]) => at >= quietFrom && at < clock.now() - 5_000)
    .map(([revision, at]) => (storm.lastReceivedAt[revision] ?? Infinity) - at)
  await storm.deploy()
  const since = clock.now()
  let [stashCalls, hubCalls, backAfter] = [0, 0, Number.NaN]
  object.sentChars = 0
  object.nearWaits.length = 0
  storm.refusedWrites = 0
  for (let passed = 0; passed < WATCHED_MS; passed += 1_000) {
    object.requests = 0
    for (const hub of objects.hubs()) hub.requests = 0
    await clock.pass(1_000)
    stashCalls = Math.max(stashCalls, object.requests)
    for (const hub of objects.hubs()) hubCalls = Math.max(hubCalls, hub.requests)
    if (Number.isNaN(backAfter) && storm.connected === load.watchers) backAfter = clock.now() - since
  }
  storm.isOver = true
  const cells = [
    `${(Math.max(...delays) / 1_000).toFixed(2)} s`,
    String(stashCalls),
    String(hubCalls),
    String([...objects.hubs()].length),
    Number.isNaN(backAfter) ? 'never' : `${Math.ceil(backAfter / 1_000)} s`,
    `${Math.round(quantile(object.nearWaits, 0.99))} ms`,
    String(storm.refusedWrites),
    `${Math.round(object.sentChars / 1_024)} KiB`,
    String(storm.faults),
  ]
  storm.world.end()
  return cells
}

export async function printWatchStorm(print: Print): Promise<void> {
  const header = [
    'watchers; isolates; continents',
    'commit to the last watcher, before',
    'most calls in a second, at the stash',
    'at any hub',
    'hubs',
    'all are back after',
    "a write's wait p99",
    'writes refused',
    'sent by the stash',
    'missed or repeated',
  ]
  printHeader(header, print)
  for (const load of LOADS)
    printRow([`${load.watchers}; ${load.isolates}; ${load.continents}`, ...(await measure(load))], print)
}
