/** The simulated world: one stash with its object, KV, the cache, and isolates in several places that run the real read path. */
import type { ReadMode } from '../../src/edge/stores.ts'
import type { Applied, Command, Intent } from '../../src/model/intent.ts'
import type { Result } from '../../src/model/refusal.ts'
import { CacheModel, type Answer, type Topology } from './cache-model.ts'
import { Clock } from './clock.ts'
import { ASSUMED } from './constants.ts'
import { createRandom, type Random } from './random.ts'
import { KvModel, InvariantViolation } from './kv-model.ts'
import type { ObjectHost } from './object-host.ts'
import { handleRead, makeIsolate, toUrl, type ReadRequest, type Isolate, type Place } from './reader.ts'
import type { Copy } from './runtime/disk.ts'
import { installGlobals } from './runtime/globals.ts'
import { createObjects, MASTER, WATCHERS_PER_OBJECT, type Objects } from './objects.ts'
import type { StashObject } from '../../src/stash/stash-object.ts'
import { Truth } from './truth.ts'
import type { WatcherModel } from './watcher-model.ts'
import type { Distortion, PlantedFault } from './plants.ts'

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
  /** A copy of a stash with history, which the object starts with. */
  from?: Copy | null
  plant?: PlantedFault | null
  /** The tiers of the cache in front. */
  topology?: Topology
  /** CONFIRMATIONS_PER_SECOND. */
  confirmationsPerSecond?: number
  /** WATCHERS_BEFORE_HUBS. Small, so that some watchers connect to hubs. */
  watchersBeforeHubs?: number
  /** How messages to isolates are changed on their way; instead of the plant's. */
  distortion?: Distortion
}

/** The messages of simulated faults, which the code may log. */
const EXPECTED_FAULTS =
  /KV (?:GET|PUT) failed|network connection lost|overloaded|the instance is gone|the connection went|did not answer/
/** Names of log lines that a story may contain only as the effect of a simulated fault. */
const MUST_NOT_FAIL = ['stash/alarm', 'stash/release', 'stash/tell']

let worlds = 0

export class World {
  readonly clock = new Clock()
  readonly random: Random
  readonly kv: KvModel
  readonly cache: CacheModel
  readonly truth = new Truth()
  readonly objects: Objects
  readonly object: ObjectHost<StashObject>
  readonly places: Place[]
  readonly watchers: WatcherModel[] = []
  /** Unique within a process, because modules of the code keep state by the stash's id. */
  readonly id = (++worlds).toString(16).padStart(64, 'a')
  readonly mode: ReadMode
  readonly plant: PlantedFault | null
  readonly confirmationsPerSecond: number
  readonly watchersBeforeHubs: number
  readonly distortion: Distortion | null
  /** By how much the clock of the isolate that runs at this moment is wrong. */
  readonly skew = { ms: 0 }
  readonly skewMs: number
  /** The violated invariants. */
  readonly faults: Error[] = []
  /** The log lines of the code. */
  readonly logged: string[] = []
  /** Up to this revision the texts in KV lack the ends of time-boxes, because an older version wrote them. */
  withoutReverts = -1
  /** How often the Worker ran. */
  runs = 0
  /** When something last happened that may delay answers. */
  disturbedAt = -Infinity
  readonly #uninstall: () => void

  constructor(options: WorldOptions) {
    const { seed, places, isolates, mode, skewMs = 0, from = null, plant = null } = options
    const { nearMs = ASSUMED.placeNearMs, farMs = ASSUMED.placeFarMs } = options
    this.random = createRandom(seed)
    this.confirmationsPerSecond = options.confirmationsPerSecond ?? 285
    this.watchersBeforeHubs = options.watchersBeforeHubs ?? WATCHERS_PER_OBJECT
    this.distortion = options.distortion ?? null
    this.mode = mode
    this.skewMs = skewMs
    this.#uninstall = installGlobals({ clock: this.clock, skew: this.skew, log: (line) => this.#noteLog(line) })
    this.kv = new KvModel(this.clock, this.random)
    this.cache = new CacheModel(this.clock, this.random, options.topology)
    this.plant = plant
    this.objects = createObjects(this, { id: this.id, from })
    this.object = this.objects.stash
    this.places = Array.from({ length: places }, (_, number) => {
      const place = { number, distanceMs: this.random.between(nearMs, farMs) }
      const skew = () => Math.round(this.random.between(-skewMs, skewMs))
      return { ...place, isolates: Array.from({ length: isolates }, () => makeIsolate(this, place, skew())) }
    })
  }

  end(): void {
    this.object.end()
    for (const hub of this.objects.hubs()) hub.end()
    this.#uninstall()
  }

  report(fault: unknown): void {
    this.faults.push(fault instanceof Error ? fault : new Error(String(fault)))
  }

  /** Records that something has happened that may delay answers. */
  disturb(): void {
    this.disturbedAt = this.clock.now()
  }

  /** Reads as a client does, through the cache in front. */
  async read(place: Place, key: string): Promise<Answer> {
    return this.checkAnswer(
      await this.cache.get(place.number, toUrl(this.id, key), (at) => this.answer(this.#getPlace(at), { key })),
    )
  }

  /** Returns the fresh cache entry of this place, or null. Such a read takes no time. */
  getCached = (place: Place, key: string): Answer | null => this.cache.getCached(place.number, toUrl(this.id, key))

  /** Reads past the cache, in one of the place's isolates. */
  answer = async (place: Place, ask: ReadRequest, isolate = this.#pickIsolate(place)): Promise<Answer> => {
    this.runs++
    const answer = await handleRead(isolate, this.id, ask, this.skew)
    const { revision, status } = answer
    if (status === 404 && revision === null) isolate.served = Infinity
    else if (revision !== null && revision < isolate.served)
      this.report(new InvariantViolation(`an isolate that served revision ${isolate.served} now served ${revision}`))
    else if (revision !== null) isolate.served = revision
    return this.checkAnswer(answer)
  }

  /** Writes through an isolate: does what the Worker does for a write, without HTTP. */
  async write(isolate: Isolate, intent: Intent, idempotencyKey: string): Promise<Result<Applied> | null> {
    const { timeline } = this.truth
    const command: Command = { credential: MASTER, intent, idempotencyKey }
    // Null: the outcome is unknown.
    const outcome = (await isolate.stash['apply']?.(command).catch(() => null)) as Result<Applied> | null
    if (outcome?.ok !== true) return outcome
    const { revision } = outcome.value
    // An acknowledgement from before a recovery does not count, because the recovery may have undone the write.
    if (timeline === this.truth.timeline) this.truth.acknowledge(revision)
    isolate.reader.expectRevision(this.id, revision, isolate.stores.now())
    return outcome
  }

  /** Checks that an answer names an existing revision and matches its state, with no time-box shown past its end. */
  checkAnswer(answer: Answer): Answer {
    const { revision, status, key, value } = answer
    if (revision === null) return answer
    if (!this.truth.isKnown(revision))
      this.report(new InvariantViolation(`revision ${revision} was served, and never existed`))
    else if (status === 200 || status === 404) {
      const { toleranceMs } = this
      const isRaw = revision <= this.withoutReverts
      if (!this.truth.allows(revision, key, value, this.clock.now(), { toleranceMs, isRaw }))
        this.report(new InvariantViolation(`revision ${revision} was served with ${key} = ${value}`))
    }
    return answer
  }

  /** By how much the end of a time-box may be wrong: the difference of the clocks, and some slack. */
  get toleranceMs(): number {
    return this.skewMs + 50
  }

  #getPlace(number: number): Place {
    const place = this.places[number]
    if (place === undefined) throw new Error(`no place ${number}`)
    return place
  }

  #pickIsolate({ isolates }: Place): Isolate {
    const isolate = isolates[Math.floor(this.random() * isolates.length)]
    if (isolate === undefined) throw new Error('a place without isolates')
    return isolate
  }

  #noteLog(line: string): void {
    this.logged.push(line)
    const { at, message } = JSON.parse(line) as { at?: string; message?: string }
    if (MUST_NOT_FAIL.includes(at ?? '') && !EXPECTED_FAULTS.test(message ?? ''))
      this.report(new InvariantViolation(line))
  }
}
