/**
 * Workers KV as documented: one central store that takes one write a second for one key, and a cache in each
 * place that keeps what it read, misses included, for its TTL. A write is seen elsewhere only when the place
 * reads the central store again, and not even then at once.
 */
import type { Clock } from './clock.ts'
import type { Dice } from './dice.ts'

export type KvState = 'up' | 'slow' | 'down'

type Version = { text: string; revision: number; at: number }

const WRITE_INTERVAL_MS = 1_000
/** "60 seconds or more": the least cacheTtl is 30, and the default 60. */
const CACHE_TTL_MS = 60_000
/** How long the central store's own copies may take to hear of a write. */
const PROPAGATION_MAX_MS = 10_000

export class KvModel {
  state: KvState = 'up'
  reads = 0
  writes = 0
  readonly #clock: Clock
  readonly #dice: Dice
  readonly #versions: Version[] = []
  readonly #caches = new Map<number, { text: string | null; until: number }>()
  readonly #lags = new Map<number, number>()

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock
    this.#dice = dice
  }

  get latest(): Version | undefined {
    return this.#versions.at(-1)
  }

  /** Resolves when it has landed. `holds` is asked then: a put can be lost with the one that sent it. */
  async put(text: string, revision: number, survives: () => boolean): Promise<void> {
    await this.#clock.sleep(this.state === 'slow' ? this.#dice.between(500, 8_000) : this.#dice.between(20, 300))
    if (!survives()) throw new Error('the connection went with the instance')
    if (this.state === 'down') throw new Error('KV PUT failed: 500')
    const now = this.#clock.now()
    const last = this.latest
    if (last !== undefined && now - last.at < WRITE_INTERVAL_MS) throw new Error('KV PUT failed: 429 Too Many Requests')
    if (last !== undefined && revision < last.revision) {
      throw new WorldBroken(`KV held revision ${last.revision}, and was given ${revision} after it`)
    }
    this.writes++
    this.#versions.push({ text, revision, at: now })
  }

  async get(place: number): Promise<string | null> {
    this.reads++
    const cached = this.#caches.get(place)
    const hit = cached !== undefined && this.#clock.now() < cached.until
    await this.#clock.sleep(
      this.state === 'slow' ? this.#dice.between(300, 3_000) : hit ? 5 : this.#dice.between(20, 120),
    )
    if (this.state === 'down') throw new Error('KV GET failed: 500')
    if (hit) return cached.text
    const now = this.#clock.now()
    const seen = this.#versions.findLast(({ at }) => at + this.#lagOf(place) <= now)
    const text = seen?.text ?? null
    this.#caches.set(place, { text, until: now + CACHE_TTL_MS })
    return text
  }

  #lagOf(place: number): number {
    const known = this.#lags.get(place)
    if (known !== undefined) return known
    const lag = this.#dice.between(0, PROPAGATION_MAX_MS)
    this.#lags.set(place, lag)
    return lag
  }
}

/** The code under test did what it must never do. Not to be mistaken for a fault that it must bear. */
export class WorldBroken extends Error {}
