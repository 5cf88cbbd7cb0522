/**
 * Workers KV as documented: one central store that accepts one write a second for one key, and a cache in each
 * place that keeps every read, misses included, for its TTL. Another place sees a write only when it reads the
 * central store again, and then only after the propagation delay.
 *
 * A put may hang until its writer has given up, and take effect then; or it may take effect and report a failure.
 */
import type { Clock } from './clock.ts'
import { ASSUMED } from './constants.ts'
import type { Random } from './random.ts'

export type KvState = 'up' | 'slow' | 'down' | 'late' | 'unsure'

export type Version = { text: string; revision: number; at: number }

/** When the publisher presumes a put lost. A put that takes effect later may overwrite its successor, which the publisher then puts again. */
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
   * Resolves when the put has taken effect.
   * @param survives called at that time, because a put can be lost when the instance that sent it dies
   */
  async put(text: string, survives: () => 'alive' | 'lost' | 'orphaned'): Promise<void> {
    const startedAt = this.#clock.now()
    const { revision } = JSON.parse(text) as { revision: number }
    const state = this.state
    await this.#clock.sleep(this.#random.between(...PUT_TAKES_MS[state]))
    const now = this.#clock.now()
    const fate = survives()
    const isLate = now - startedAt > PRESUMED_LOST_MS
    // A connection does not outlive its instance for so long, and no publisher would be left to repair a late put.
    if (fate === 'lost' || (fate === 'orphaned' && isLate)) throw new Error('the connection went with the instance')
    if (this.state === 'down') throw new Error('KV PUT failed: 500')
    const last = this.latest
    if (last !== undefined && now - last.at < ASSUMED.kvWriteIntervalMs)
      throw new Error('KV PUT failed: 429 Too Many Requests')
    if (last !== undefined && revision < last.revision && !isLate) {
      throw new InvariantViolation(`KV had revision ${last.revision}, and revision ${revision} was put after it`)
    }
    this.writes++
    this.#versions.push({ text, revision, at: now })
    if (state === 'unsure' && this.#random() < 0.5) throw new Error('KV PUT failed: 500, and it took effect')
  }

  /** Replaces the latest text by one that another version of the code would have written. */
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
      this.state === 'slow'
        ? this.#random.between(...ASSUMED.kvSlowGetMs)
        : hit
          ? ASSUMED.kvHitMs
          : this.#random.between(...ASSUMED.kvMissMs),
    )
    if (this.state === 'down') throw new Error('KV GET failed: 500')
    if (hit) return cached.text
    const now = this.#clock.now()
    const seen = this.#versions.findLast(({ at }) => at + this.#getLag(place) <= now)
    const text = seen?.text ?? null
    this.#caches.set(place, { text, until: now + ASSUMED.kvCacheMs })
    return text
  }

  /** Ends the delays of this place, as after a long time. */
  catchUp(place: number): void {
    this.#caches.delete(place)
    this.#lags.set(place, 0)
  }

  #getLag(place: number): number {
    const known = this.#lags.get(place)
    if (known !== undefined) return known
    const lag = this.#random.between(0, ASSUMED.kvPropagationMaxMs)
    this.#lags.set(place, lag)
    return lag
  }
}

const PUT_TAKES_MS: Record<KvState, [number, number]> = {
  up: ASSUMED.kvPutMs,
  down: ASSUMED.kvPutMs,
  unsure: ASSUMED.kvPutMs,
  slow: ASSUMED.kvSlowPutMs,
  late: ASSUMED.kvLatePutMs,
}

/** The code under test violated an invariant. All other errors are simulated faults that it must tolerate. */
export class InvariantViolation extends Error {}
