/**
 * Empties the cache in front of the Worker of what it holds of this stash, after each commit.
 *
 * Only an accelerator: what the cache holds is bounded by its max-age. Purges are few (an account has 25 at
 * once, then 5 a minute), so commits share them, each stash has a budget, and one that is refused is let go.
 * Twice, because an isolate may fill the cache again from a memory that is not a second old: at once for the
 * many places that have no such memory, and again when there can be none.
 */
export const SECOND_PURGE_MS = 1_100
const BUDGET = 10
const REFILL_MS = 12_000

/** Whether the cache was purged; 'none' where there is no cache to purge. */
export type Purged = boolean | 'none'

export class CachePurger {
  readonly #purge: () => Promise<Purged>
  readonly #now: () => number
  readonly #sleep: (ms: number) => Promise<unknown>
  #tokens = BUDGET
  #refilledAt = 0
  #running: Promise<void> | null = null
  /** A commit came while a purge was under way, or waited for its second. */
  #again = false
  #absent = false

  constructor(purge: () => Promise<Purged>, now: () => number, sleep: (ms: number) => Promise<unknown>) {
    this.#purge = purge
    this.#now = now
    this.#sleep = sleep
  }

  /** To be called after a commit. Never rejects, and resolves when nothing is left to purge. */
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
      // Commits that came meanwhile are served by the next round's first purge.
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
