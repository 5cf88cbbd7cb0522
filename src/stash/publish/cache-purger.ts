/**
 * Purges this stash from the cache in front of the Worker after commits. An old response that is not purged may be served for its
 * max-age and stale-while-revalidate; if the Worker fails, for its stale-if-error (`http/response/serve.ts`). An account has few
 * purges (a burst of 25, then 5 a minute): commits share them, each stash has a budget, and a refused purge is not repeated. A
 * second purge follows, because an isolate may fill the cache from its own entry of before the commit until that entry expires.
 */
export const SECOND_PURGE_MS = 1_100
const BUDGET = 10
const REFILL_MS = 12_000

/** Whether the cache was purged; 'none' where there is no cache in front of the Worker. */
export type Purged = boolean | 'none'

export class CachePurger {
  readonly #purge: () => Promise<Purged>
  readonly #now: () => number
  readonly #sleep: (ms: number) => Promise<unknown>
  #tokens = BUDGET
  #refilledAt = 0
  #running: Promise<void> | null = null
  /** Whether a commit came during a purge, or during the wait for its second one. */
  #again = false
  #absent = false

  constructor(purge: () => Promise<Purged>, now: () => number, sleep: (ms: number) => Promise<unknown>) {
    this.#purge = purge
    this.#now = now
    this.#sleep = sleep
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
    while (this.#again) {
      this.#again = false
      await this.#purgeOnce()
      if (this.#absent) return
      await this.#sleep(SECOND_PURGE_MS)
      // Where a commit came meanwhile, the first purge of the next round is also the second one of this round.
      if (!this.#again) await this.#purgeOnce()
    }
  }

  async #purgeOnce(): Promise<void> {
    if (!this.#take()) return
    const purged = await this.#purge().catch(() => false)
    if (purged === 'none') this.#absent = true
  }

  #take(): boolean {
    const now = this.#now()
    const earned = Math.floor((now - this.#refilledAt) / REFILL_MS)
    if (earned > 0) {
      this.#tokens = Math.min(BUDGET, this.#tokens + earned)
      this.#refilledAt = now
    }
    if (this.#tokens === 0) return false
    this.#tokens--
    return true
  }
}
