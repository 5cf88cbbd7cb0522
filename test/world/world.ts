/** The whole: one stash with its object, KV, the cache, and places full of isolates that run the real read path. */
import type { ReadMode } from '../../src/edge/stores.ts'
import type { Applied, Command, Intent } from '../../src/model/intent.ts'
import type { Result } from '../../src/model/refusal.ts'
import { CacheModel, type Answer } from './cache-model.ts'
import { Clock } from './clock.ts'
import { createRandom, type Random } from './random.ts'
import { KvModel, WorldBroken } from './kv-model.ts'
import type { ObjectHost } from './object-host.ts'
import { answerIn, makeIsolate, urlOf, type Ask, type Isolate, type Place } from './reader.ts'
import type { Copy } from './runtime/disk.ts'
import { installGlobals } from './runtime/globals.ts'
import { makeHome, MASTER, type Home } from './stash-home.ts'
import type { StashObject } from '../../src/stash/stash-object.ts'
import { Truth } from './truth.ts'
import type { WatcherModel } from './watcher-model.ts'
import type { Plant } from './plants.ts'

export type WorldOptions = {
  seed: number
  places: number
  isolates: number
  mode: ReadMode
  /** One way, in ms, from the nearest place to the object, and from the farthest. */
  nearMs?: number
  farMs?: number
  /** By how much the clocks of isolates may be wrong, either way. */
  skewMs?: number
  /** What the object begins with: a stash with a past. */
  from?: Copy | null
  plant?: Plant | null
}

/** What parts of the code may complain of in a story: the faults that it is told, which it must bear. */
const BORNE =
  /KV (?:GET|PUT) failed|network connection lost|overloaded|the instance is gone|the connection went|did not answer/
/** Stages of the object that must never fail by themselves. */
const MUST_NOT_FAIL = ['stash/alarm', 'stash/release', 'stash/tell']

let worlds = 0

export class World {
  readonly clock = new Clock()
  readonly random: Random
  readonly kv: KvModel
  readonly cache: CacheModel
  readonly truth = new Truth()
  readonly home: Home
  readonly object: ObjectHost<StashObject>
  readonly places: Place[]
  readonly watchers: WatcherModel[] = []
  /** Never the same twice in a process: parts of the code keep what they know by it. */
  readonly id = (++worlds).toString(16).padStart(64, 'a')
  readonly mode: ReadMode
  readonly plant: Plant | null
  /** By how much the clock of the isolate that runs at this moment is wrong. */
  readonly skew = { ms: 0 }
  readonly skewMs: number
  /** What the code must never do, and did. */
  readonly faults: Error[] = []
  /** What the code has logged. */
  readonly logged: string[] = []
  /** Up to this revision KV's copies do not say when time-boxes end: a version from before wrote them. */
  withoutReverts = -1
  /** How often the Worker ran. */
  runs = 0
  /** When something last happened that may keep a caller from an answer in time. */
  disturbedAt = -Infinity
  readonly #uninstall: () => void

  constructor(options: WorldOptions) {
    const { seed, places, isolates, mode, nearMs = 1, farMs = 120, skewMs = 0, from = null, plant = null } = options
    this.random = createRandom(seed)
    this.mode = mode
    this.skewMs = skewMs
    this.#uninstall = installGlobals({ clock: this.clock, skew: this.skew, log: (line) => this.#noteLog(line) })
    this.kv = new KvModel(this.clock, this.random)
    this.cache = new CacheModel(this.clock, this.random)
    this.plant = plant
    this.home = makeHome(this, { id: this.id, from })
    this.object = this.home.stash
    this.places = Array.from({ length: places }, (_, number) => {
      const place = { number, distanceMs: this.random.between(nearMs, farMs) }
      const skew = () => Math.round(this.random.between(-skewMs, skewMs))
      return { ...place, isolates: Array.from({ length: isolates }, () => makeIsolate(this, place, skew())) }
    })
  }

  end(): void {
    this.object.end()
    for (const hub of this.home.hubs()) hub.end()
    this.#uninstall()
  }

  broke(fault: unknown): void {
    this.faults.push(fault instanceof Error ? fault : new Error(String(fault)))
  }

  /** Something happens that may keep a caller from an answer in time. */
  disturb(): void {
    this.disturbedAt = this.clock.now()
  }

  /** A read as a client makes it: through the cache in front. */
  async read(place: Place, key: string): Promise<Answer> {
    return this.judge(await this.cache.get(place.number, urlOf(this.id, key), () => this.answer(place, { key })))
  }

  /** What is in the cache of this place right now, or null: a read of that costs no time. */
  atHand = (place: Place, key: string): Answer | null => this.cache.atHand(place.number, urlOf(this.id, key))

  /** A read that comes to the Worker, in one of the place's isolates. */
  answer = async (place: Place, ask: Ask, isolate = this.#anyOf(place)): Promise<Answer> => {
    this.runs++
    const answer = await answerIn(isolate, this.id, ask, this.skew)
    const { revision, status } = answer
    if (status === 404 && revision === null) isolate.served = Infinity
    else if (revision !== null && revision < isolate.served)
      this.broke(new WorldBroken(`an isolate that served revision ${isolate.served} now served ${revision}`))
    else if (revision !== null) isolate.served = revision
    return this.judge(answer)
  }

  /** A change that goes through an isolate: the Worker's part of it, but for HTTP. */
  async write(isolate: Isolate, intent: Intent, idempotencyKey: string): Promise<Result<Applied> | null> {
    const { line } = this.truth
    const command: Command = { credential: MASTER, intent, idempotencyKey }
    // Null: nobody knows whether it was applied.
    const outcome = (await isolate.stash['apply']?.(command).catch(() => null)) as Result<Applied> | null
    if (outcome?.ok !== true) return outcome
    const { revision } = outcome.value
    // What was acknowledged by the object as it was before a recovery may be gone with it.
    if (line === this.truth.line) this.truth.acknowledge(revision)
    isolate.reader.expectRevision(this.id, revision, isolate.stores.now())
    return outcome
  }

  /** Every answer is about a revision that there is, says what was true then, and serves no time-box past its end. */
  judge(answer: Answer): Answer {
    const { revision, status, key, value } = answer
    if (revision === null) return answer
    if (!this.truth.isKnown(revision)) this.broke(new WorldBroken(`revision ${revision} was served, and never was`))
    else if (status === 200 || status === 404) {
      const { toleranceMs } = this
      const isRaw = revision <= this.withoutReverts
      if (!this.truth.allows(revision, key, value, this.clock.now(), { toleranceMs, isRaw }))
        this.broke(new WorldBroken(`revision ${revision} was served with ${key} = ${value}`))
    }
    return answer
  }

  /** How wrong a time-box may be: by what clocks differ, and a little. */
  get toleranceMs(): number {
    return this.skewMs + 50
  }

  #anyOf({ isolates }: Place): Isolate {
    const isolate = isolates[Math.floor(this.random() * isolates.length)]
    if (isolate === undefined) throw new Error('a place without isolates')
    return isolate
  }

  #noteLog(line: string): void {
    this.logged.push(line)
    const { at, message } = JSON.parse(line) as { at?: string; message?: string }
    if (MUST_NOT_FAIL.includes(at ?? '') && !BORNE.test(message ?? '')) this.broke(new WorldBroken(line))
  }
}
