/**
 * Purges this stash from the cache in front of the Worker, once after a commit. An old response that is not purged may be served for
 * its max-age and stale-while-revalidate; if the Worker fails, for its stale-if-error (`http/response/serve.ts`). A purge helps when
 * no isolate can fill the cache from its entry of before the commit any more: at once where none is reading, else when the leases
 * of their entries have ended.
 *
 * An account has few purges (a burst of 25, then 5 a minute), so each stash has a small budget: of a hundred stashes that change all
 * the time, each gets its share. A refused purge is not repeated, because the response ends by itself within seconds.
 */

/** After the end of the last lease: for a response that was on its way into the cache. */
const SLACK_MS = 100
/** A lease may be long. After this time an old response that was in the cache at the commit has ended by itself. */
export const WAIT_MAX_MS = 6_000
const BUDGET = 3
const REFILL_MS = 20 * 60_000

/** Whether the cache was purged; 'none' where there is no cache in front of the Worker. */
export type Purged = boolean | 'none'

export type PurgerOptions = {
  purge(): Promise<Purged>
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Until when isolates may serve their entries without another question: when the last lease ends. */
  leasesEndAt(): number
}

export class CachePurger {
  readonly #options: PurgerOptions
  #tokens = BUDGET
  #refilledAt = 0
  #running: Promise<void> | null = null
  /** Whether a commit came that no purge has followed. */
  #again = false
  #absent = false

  constructor(options: PurgerOptions) {
    this.#options = options
  }

  /** To be called after a commit. Resolves when no purge is left to do. Never rejects. */
  notify(): Promise<void> {
    if (this.#absent) return Promise.resolve()
    this.#again = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #run(): Promise<void> {
    const { now, sleep, leasesEndAt } = this.#options
    while (this.#again && !this.#absent) {
      this.#again = false
      const leftMs = leasesEndAt() - now()
      if (leftMs > 0) await sleep(Math.min(leftMs + SLACK_MS, WAIT_MAX_MS))
      await this.#purgeOnce()
    }
  }

  async #purgeOnce(): Promise<void> {
    if (!this.#take()) return
    const purged = await this.#options.purge().catch(() => false)
    if (purged === 'none') this.#absent = true
  }

  #take(): boolean {
    const now = this.#options.now()
    const earned = Math.floor((now - this.#refilledAt) / REFILL_MS)
    if (earned > 0) {
      this.#tokens = Math.min(BUDGET, this.#tokens + earned)
      // The rest of the time counts for the next purge, unless the budget is full.
      this.#refilledAt = this.#tokens === BUDGET ? now : this.#refilledAt + earned * REFILL_MS
    }
    if (this.#tokens === 0) return false
    this.#tokens--
    return true
  }
}
