/**
 * Workers KV as documented: one central store that takes one write a second for one key, and a cache in each
 * place that keeps what it read, misses included, for its TTL. A write is seen elsewhere only when the place
 * reads the central store again, and not even then at once.
 *
 * A put may hang until its writer has given it up, and land then; or land, and be said to have failed.
 */
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export type KvState = 'up' | 'slow' | 'down' | 'late' | 'unsure'

export type Version = { text: string; revision: number; at: number }

const WRITE_INTERVAL_MS = 1_000
/** "60 seconds or more": the least cacheTtl is 30, and the default 60. */
const CACHE_TTL_MS = 60_000
/** How long the central store's own copies may take to hear of a write. */
const PROPAGATION_MAX_MS = 10_000
/** When the publisher presumes a put lost. One that lands later may land on its successor, which is put again then. */
const PRESUMED_LOST_MS = 15_000

export class KvModel {
  state: KvState = 'up'
  reads = 0
  writes = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #versions: Version[] = []
  readonly #caches = new Map<number, { text: string | null; until: number }>()
  readonly #lags = new Map<number, number>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  get latest(): Version | undefined {
    return this.#versions.at(-1)
  }

  /**
   * Resolves when it has landed.
   * @param survives asked then, where its sender may have died: a put can be lost with the one that sent it
   */
  async put(text: string, survives: () => 'alive' | 'lost' | 'orphaned'): Promise<void> {
    const startedAt = this.#clock.now()
    const { revision } = JSON.parse(text) as { revision: number }
    const state = this.state
    await this.#clock.sleep(this.#random.between(...PUT_TAKES_MS[state]))
    const now = this.#clock.now()
    const fate = survives()
    const isLate = now - startedAt > PRESUMED_LOST_MS
    // Nobody is left to put it right: a connection does not outlive its instance for so long.
    if (fate === 'lost' || (fate === 'orphaned' && isLate)) throw new Error('the connection went with the instance')
    if (this.state === 'down') throw new Error('KV PUT failed: 500')
    const last = this.latest
    if (last !== undefined && now - last.at < WRITE_INTERVAL_MS) throw new Error('KV PUT failed: 429 Too Many Requests')
    if (last !== undefined && revision < last.revision && !isLate) {
      throw new WorldBroken(`KV held revision ${last.revision}, and was given ${revision} after it`)
    }
    this.writes++
    this.#versions.push({ text, revision, at: now })
    if (state === 'unsure' && this.#random() < 0.5) throw new Error('KV PUT failed: 500, and it landed')
  }

  /** What another version of the code has left there. */
  rewrite(edit: (text: string) => string): void {
    const last = this.latest
    if (last === undefined) return
    this.#versions.push({ ...last, text: edit(last.text) })
  }

  async get(place: number): Promise<string | null> {
    this.reads++
    const cached = this.#caches.get(place)
    const hit = cached !== undefined && this.#clock.now() < cached.until
    await this.#clock.sleep(
      this.state === 'slow' ? this.#random.between(300, 3_000) : hit ? 5 : this.#random.between(20, 120),
    )
    if (this.state === 'down') throw new Error('KV GET failed: 500')
    if (hit) return cached.text
    const now = this.#clock.now()
    const seen = this.#versions.findLast(({ at }) => at + this.#lagOf(place) <= now)
    const text = seen?.text ?? null
    this.#caches.set(place, { text, until: now + CACHE_TTL_MS })
    return text
  }

  /** So much time has passed that this place has everything. */
  catchUp(place: number): void {
    this.#caches.delete(place)
    this.#lags.set(place, 0)
  }

  #lagOf(place: number): number {
    const known = this.#lags.get(place)
    if (known !== undefined) return known
    const lag = this.#random.between(0, PROPAGATION_MAX_MS)
    this.#lags.set(place, lag)
    return lag
  }
}

const PUT_TAKES_MS: Record<KvState, [number, number]> = {
  up: [20, 300],
  down: [20, 300],
  unsure: [20, 300],
  slow: [500, 8_000],
  late: [10_000, 40_000],
}

/** The code under test did what it must never do. Not to be mistaken for a fault that it must bear. */
export class WorldBroken extends Error {}
