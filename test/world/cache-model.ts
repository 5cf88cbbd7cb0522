/**
 * Workers Cache: a lower tier in each place and one upper tier behind them, keyed by URL and controlled by the
 * response's headers. An entry keeps its age from tier to tier. A purge reaches the tiers after a delay, may be
 * refused (25 at once, then 5 a minute), may be lost, and does not stop a fill that has begun.
 */
import type { Clock } from './clock.ts'
import { ASSUMED } from './constants.ts'
import type { Random } from './random.ts'

export type Answer = {
  status: number
  /** Null if the response has no revision: the stash is deleted or unreachable. */
  revision: number | null
  key: string
  value: string | null
  cacheControl: string
  tag: string | null
}

type Entry = { answer: Answer; storedAt: number; maxAgeMs: number; swrMs: number; sieMs: number }
/** Single flight: concurrent requests for a URL wait for the same fill. */
type Tier = { entries: Map<string, Entry>; filling: Map<string, Promise<Entry>> }

export class CacheModel {
  /** Whether purges take effect or are lost without an error. */
  purges: 'kept' | 'lost' = 'kept'
  hits = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #upper: Tier = newTier()
  readonly #lower = new Map<number, Tier>()
  #tokens = ASSUMED.purgeBurst
  #refilledAt: number

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#refilledAt = clock.now()
  }

  /** Returns a fresh entry of this place's lower tier, or null. */
  getCached(place: number, url: string): Answer | null {
    const entry = this.#getTier(place).entries.get(url)
    if (entry === undefined || this.#getAge(entry) >= entry.maxAgeMs) return null
    this.hits++
    return entry.answer
  }

  get(place: number, url: string, origin: () => Promise<Answer>): Promise<Answer> {
    const throughUpper = () => this.#through(this.#upper, url, async () => this.#toEntry(await origin()))
    return this.#through(this.#getTier(place), url, throughUpper).then(({ answer }) => answer)
  }

  async purge(tag: string): Promise<boolean> {
    const earned = Math.floor((this.#clock.now() - this.#refilledAt) / ASSUMED.purgeRefillMs)
    if (earned > 0) {
      this.#tokens = Math.min(ASSUMED.purgeBurst, this.#tokens + earned)
      this.#refilledAt += earned * ASSUMED.purgeRefillMs
    }
    if (this.#tokens === 0) return false
    this.#tokens--
    if (this.purges === 'lost') return true
    for (const tier of [this.#upper, ...this.#lower.values()]) {
      this.#clock.at(this.#clock.now() + this.#random.between(...ASSUMED.purgeTakesMs), () => {
        for (const [url, { answer }] of tier.entries) if (answer.tag === tag) tier.entries.delete(url)
      })
    }
    return true
  }

  async #through(tier: Tier, url: string, fetch: () => Promise<Entry>): Promise<Entry> {
    const entry = tier.entries.get(url)
    const age = entry === undefined ? Infinity : this.#getAge(entry)
    if (entry !== undefined && age < entry.maxAgeMs) return entry
    if (entry !== undefined && age < entry.maxAgeMs + entry.swrMs) {
      void this.#fillOnce(tier, url, fetch, entry)
      return entry
    }
    return this.#fillOnce(tier, url, fetch, entry)
  }

  #fillOnce(tier: Tier, url: string, fetch: () => Promise<Entry>, stale: Entry | undefined): Promise<Entry> {
    const pending = tier.filling.get(url)
    if (pending !== undefined) return pending
    const fill = this.#fill(tier, url, fetch, stale).finally(() => tier.filling.delete(url))
    tier.filling.set(url, fill)
    return fill
  }

  async #fill(tier: Tier, url: string, fetch: () => Promise<Entry>, stale: Entry | undefined): Promise<Entry> {
    const fresh = await fetch()
    const failed = fresh.answer.status >= 500
    if (failed && stale !== undefined && this.#getAge(stale) < stale.maxAgeMs + stale.sieMs) return stale
    if (fresh.maxAgeMs > 0) tier.entries.set(url, fresh)
    return fresh
  }

  #toEntry(answer: Answer): Entry {
    const seconds = (directive: string) =>
      1_000 * Number(new RegExp(`${directive}=(\\d+)`).exec(answer.cacheControl)?.[1] ?? 0)
    const stores = !answer.cacheControl.includes('no-store')
    return {
      answer,
      storedAt: this.#clock.now(),
      maxAgeMs: stores ? seconds('max-age') : 0,
      swrMs: stores ? seconds('stale-while-revalidate') : 0,
      sieMs: stores ? seconds('stale-if-error') : 0,
    }
  }

  #getAge = (entry: Entry): number => this.#clock.now() - entry.storedAt

  #getTier(place: number): Tier {
    let tier = this.#lower.get(place)
    if (tier === undefined) this.#lower.set(place, (tier = newTier()))
    return tier
  }
}

const newTier = (): Tier => ({ entries: new Map(), filling: new Map() })
