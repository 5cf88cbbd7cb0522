/**
 * A crowd of readers: evaluations, which pass the cache in front, arrive at random in the isolates of every place, and a write commits
 * each second, at an object that handles one call at a time.
 */
import { ASSUMED } from './constants.ts'
import type { Capacity } from './object-host.ts'
import { MASTER } from './objects.ts'
import type { Distortion } from './plants.ts'
import { makeIsolate, type Isolate, type Place } from './reader.ts'
import { World } from './world.ts'

export const PLACES = ASSUMED.places
export const CAPACITY: Capacity = {
  callMs: ASSUMED.callMs,
  mebibyteMs: ASSUMED.mebibyteMs,
  waitMaxMs: ASSUMED.queueMaxMs,
}
/** The readers come within this time. */
const RAMP_MS = 20_000
const COMMIT_EACH_MS = 1_000

export type Load = { isolates: number; perSecond: number; kibibytes: number }

type Reader = { place: Place; isolate: Isolate }

export class Crowd {
  readonly world: World
  /** When each revision was committed, in ms. */
  readonly committedAt: number[] = []
  /** When each write was sent that was refused, or had no answer, in ms. */
  readonly refusedAt: number[] = []
  /** Called with each evaluation. */
  onRead: (place: Place, revision: number, vouched: boolean) => void = () => {}
  readonly #perSecond: number
  #readers: Reader[] = []
  #startsAt = 0
  #isOver = false

  private constructor(world: World, perSecond: number) {
    this.world = world
    this.#perSecond = perSecond
  }

  static async begin({ isolates, perSecond, kibibytes }: Load, distortion?: Distortion): Promise<Crowd> {
    const world = new World({
      seed: 3,
      places: PLACES,
      isolates: isolates / PLACES,
      mode: 'vouched',
      farMs: ASSUMED.crowdFarMs,
      ...(distortion && { distortion }),
    })
    await fill(world, kibibytes)
    // Until KV has it everywhere.
    await world.clock.pass(15_000)
    world.object.capacity = CAPACITY
    const crowd = new Crowd(world, perSecond)
    crowd.#start()
    return crowd
  }

  pass(ms: number): Promise<void> {
    return this.world.clock.pass(ms)
  }

  end(): void {
    this.#isOver = true
    this.world.end()
  }

  /** A deploy: each isolate is replaced by one without a copy. */
  replaceIsolates(): void {
    for (const reader of this.#readers) reader.isolate = makeIsolate(this.world, reader.place, 0)
  }

  #start(): void {
    const { clock, random, places } = this.world
    this.#startsAt = clock.now()
    const all = places.flatMap((place) => place.isolates.map((isolate) => ({ place, isolate })))
    this.#readers = all.toSorted(() => random() - 0.5)
    this.#tick()
    this.#commitLater()
  }

  /** The reads of one millisecond. */
  #tick(): void {
    const { clock, random } = this.world
    const present = Math.min(1, (clock.now() - this.#startsAt) / RAMP_MS) * this.#readers.length
    for (let due = (this.#perSecond / 1_000) * (present / this.#readers.length); due > 0; due--) {
      if (due < 1 && random() > due) break
      const chosen = this.#readers[Math.floor(random() * present)]
      if (chosen !== undefined) this.#read(chosen)
    }
    if (!this.#isOver) clock.at(clock.now() + 1, () => this.#tick())
  }

  /** Through the fast path where it may be used, as the Worker does. */
  #read({ place, isolate: { reader, stores } }: Reader): void {
    const { id } = this.world
    const now = stores.now()
    const entry = reader.peek(id, 0, now)
    if (entry?.snapshot && now < entry.fastPathUntil) return this.onRead(place, entry.snapshot.revision, entry.vouched)
    void reader
      .read(stores, id)
      .then((found) => found.ok && this.onRead(place, found.value.snapshot.revision, found.value.vouched))
  }

  #commitLater(): void {
    const { clock } = this.world
    clock.at(clock.now() + COMMIT_EACH_MS, () => {
      if (this.#isOver) return
      void this.#commit()
      this.#commitLater()
    })
  }

  async #commit(): Promise<void> {
    const { clock, object } = this.world
    const askedAt = clock.now()
    const intent = { kind: 'put', key: 'flag', value: `at ${askedAt}`, type: 'text/plain' } as const
    const applied = await object.call(0, (one) => one.apply({ credential: MASTER, intent })).catch(() => null)
    if (applied === null) this.refusedAt.push(askedAt)
    if (applied?.ok === true) this.committedAt[applied.value.revision] = clock.now()
  }
}

/** Gives the stash flags of so many kibibytes. */
async function fill({ object }: World, kibibytes: number): Promise<void> {
  const parts = Math.ceil(kibibytes / 60)
  for (let i = 0; i < parts; i++) {
    const value = 'x'.repeat((kibibytes / parts) * 1_024)
    const intent = { kind: 'put', key: `filling.${i}`, value, type: 'text/plain' } as const
    await object.wake().object.apply({ credential: MASTER, intent })
  }
}
