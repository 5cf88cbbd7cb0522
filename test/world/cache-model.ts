/**
 * Workers Cache: a lower tier in each place and upper tiers behind them, keyed by URL and controlled by the response's headers. A
 * purge reaches each tier after a delay of its own, may be refused (the account has a budget), may be lost, and does not stop a
 * fill that has begun.
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

/** Which tiers there are, and what an entry is when it has gone from one to the other. */
export type Topology = {
  /** So many regions have upper tiers of their own. 0: a miss in a place goes to the Worker there. */
  regions: number
  /** The upper tiers of a region. One of them is responsible for a URL, by a hash of it. */
  upperTiersPerRegion: number
  /** Whether an entry that a lower tier gets from an upper one keeps its age, or is as new as from the Worker. */
  carriesAge: boolean
  /** One way between the two tiers. */
  hopMs: number
  /** Where the Worker runs if both tiers miss: beside the reader's tier, or beside the upper one. */
  workerRunsAt: 'lower' | 'upper'
}

export const NEAR_TIERS: Topology = {
  regions: 1,
  upperTiersPerRegion: 1,
  carriesAge: true,
  hopMs: 0,
  workerRunsAt: 'lower',
}

type Entry = { answer: Answer; storedAt: number; maxAgeMs: number; swrMs: number; sieMs: number }
/** Single flight: concurrent requests for a URL wait for the same fill. */
type Tier = { entries: Map<string, Entry>; filling: Map<string, Promise<Entry>> }

export class CacheModel {
  /** Whether purges take effect or are lost without an error. */
  purges: 'kept' | 'lost' = 'kept'
  hits = 0
  /** How many purges were accepted, by tag. */
  readonly purged = new Map<string, number>()
  readonly #clock: Clock
  readonly #random: Random
  readonly #topology: Topology
  /** By place. The place of a tier is also where the Worker runs behind it. */
  readonly #upper = new Map<number, Tier>()
  readonly #lower = new Map<number, Tier>()
  #tokens = ASSUMED.purgeBurst
  #refilledAt: number

  constructor(clock: Clock, random: Random, topology = NEAR_TIERS) {
    this.#clock = clock
    this.#random = random
    this.#topology = topology
    const uppers = topology.regions * topology.upperTiersPerRegion
    for (let place = 0; place < uppers; place++) getTier(this.#upper, place)
    this.#refilledAt = clock.now()
  }

  /** Returns a fresh entry of this place's lower tier, or null. */
  getCached(place: number, url: string): Answer | null {
    const entry = getTier(this.#lower, place).entries.get(url)
    if (entry === undefined || this.#getAge(entry) >= entry.maxAgeMs) return null
    this.hits++
    return entry.answer
  }

  /** @param origin runs the Worker in a place */
  async get(place: number, url: string, origin: (at: number) => Promise<Answer>): Promise<Answer> {
    const { regions, workerRunsAt } = this.#topology
    const upperPlace = regions === 0 ? place : this.getUpperPlace(place, url)
    const run = async () => this.#toEntry(await origin(workerRunsAt === 'upper' ? upperPlace : place))
    const fetch = regions === 0 ? run : () => this.#fetchFromUpper(upperPlace, url, run)
    return (await this.#through(getTier(this.#lower, place), url, fetch)).answer
  }

  /** The place of the upper tier that readers in a place get this URL from. */
  getUpperPlace(place: number, url: string): number {
    const { regions, upperTiersPerRegion } = this.#topology
    return (place % regions) + regions * (hash(url) % upperTiersPerRegion)
  }

  async #fetchFromUpper(place: number, url: string, run: () => Promise<Entry>): Promise<Entry> {
    const { hopMs, carriesAge } = this.#topology
    if (hopMs > 0) await this.#clock.sleep(hopMs)
    const entry = await this.#through(getTier(this.#upper, place), url, run)
    if (hopMs > 0) await this.#clock.sleep(hopMs)
    return carriesAge ? entry : { ...entry, storedAt: this.#clock.now() }
  }

  async purge(tag: string): Promise<boolean> {
    const earned = Math.floor((this.#clock.now() - this.#refilledAt) / ASSUMED.purgeRefillMs)
    if (earned > 0) {
      this.#tokens = Math.min(ASSUMED.purgeBurst, this.#tokens + earned)
      this.#refilledAt += earned * ASSUMED.purgeRefillMs
    }
    if (this.#tokens === 0) return false
    this.#tokens--
    this.purged.set(tag, (this.purged.get(tag) ?? 0) + 1)
    if (this.purges === 'lost') return true
    for (const tier of [...this.#upper.values(), ...this.#lower.values()]) {
      this.#clock.at(this.#clock.now() + this.#drawPurgeMs(), () => {
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

  /** Log-logistic: half take no longer than the median; with a shape of 2, one in a hundred takes ten times as long. */
  #drawPurgeMs(): number {
    const drawn = this.#random()
    const ms = ASSUMED.purgeMedianMs * (drawn / (1 - drawn)) ** (1 / ASSUMED.purgeTailShape)
    return Math.min(ms, ASSUMED.purgeMaxMs)
  }
}

function getTier(tiers: Map<number, Tier>, place: number): Tier {
  let tier = tiers.get(place)
  if (tier === undefined) tiers.set(place, (tier = { entries: new Map(), filling: new Map() }))
  return tier
}

/** FNV-1a. */
function hash(text: string): number {
  let found = 2_166_136_261
  for (let i = 0; i < text.length; i++) found = Math.imul(found ^ text.charCodeAt(i), 16_777_619)
  return found >>> 0
}
