/**
 * Keeps the copies that are read confirmed, so that no reader waits for the object: as long as a stash is read, its object is
 * asked again before a copy's second is over, in the background of a request that read it.
 *
 * Only what is read twice within that second is kept so: one read a minute must not cost more than one question. A request's
 * background work may end at any moment without a word, so a run that is not heard of counts as over.
 */
import type { CacheEntry } from './snapshot-cache.ts'
import type { Stores } from './stores.ts'

/** Reads that come at random, two a second, leave such a pause once in three thousand. */
const UNREAD_MAX_MS = 4_000
/** Cloudflare ends background work 30 s after its response. */
const RUN_MAX_MS = 25_000
/** From then on a read takes the run over, so that there is no pause between two. */
const HAND_OVER_AFTER_MS = 18_000
/** Longer than a run may be without a sign of life: a copy's second, and the time that an answer may take. */
const SILENCE_MAX_MS = 7_000
/** Stashes of which a run is known. */
const RUNS_MAX = 1_000

/** `heardAt`: its last sign of life. */
type RefreshRun = { readonly startedAt: number; heardAt: number }

export type RefreshAheadOptions = {
  /** The copy, where there is one that the object stands behind. */
  copy(stashId: string): CacheEntry | null
  /** When to ask again, for a copy that was asked for at `checkedAt`. */
  askAgainAt(stashId: string, checkedAt: number): number
  /** Asks the object, and remembers what it says. False where it says nothing. */
  confirm(stores: Stores, stashId: string): Promise<boolean>
}

export class RefreshAhead {
  readonly #options: RefreshAheadOptions
  readonly #runs = new Map<string, RefreshRun>()

  constructor(warmth: RefreshAheadOptions) {
    this.#options = warmth
  }

  /** Whether a run is under way that goes on for a while: then the hot path need not leave any read to the look-up. */
  isRunning(stashId: string, now: number): boolean {
    const run = this.#runs.get(stashId)
    if (run === undefined || now < run.heardAt) return false
    return now - run.heardAt < SILENCE_MAX_MS && now - run.startedAt < HAND_OVER_AFTER_MS
  }

  /** To be called for a read that memory answered. Returns at once. */
  start(stores: Stores, stashId: string, memo: CacheEntry): void {
    if (stores.mode === 'kv' || !memo.vouched) {
      memo.hotUntil = Infinity
      return
    }
    if (this.isRunning(stashId, stores.now())) return
    if (this.#runs.size >= RUNS_MAX) this.#runs.clear()
    const run = { startedAt: stores.now(), heardAt: stores.now() }
    this.#runs.set(stashId, run)
    memo.hotUntil = Infinity
    stores.keepAlive(this.#go(stores, stashId, run).catch(() => this.#end(stashId, run)))
  }

  async #go(stores: Stores, stashId: string, run: RefreshRun): Promise<void> {
    const { copy, askAgainAt, confirm } = this.#options
    for (let memo = copy(stashId); memo !== null; memo = copy(stashId)) {
      if (this.#runs.get(stashId) !== run) return
      const now = stores.now()
      run.heardAt = now
      const waitMs = askAgainAt(stashId, memo.checkedAt) - now
      if (waitMs > 0) {
        // Only after an answer: the copy is fresh then, and the next read starts another run in time.
        if (now >= run.startedAt + RUN_MAX_MS) break
        await stores.sleep(waitMs)
        continue
      }
      // An object that says nothing is asked by readers, less and less.
      if (now - memo.readAt > UNREAD_MAX_MS || !(await confirm(stores, stashId))) break
    }
    this.#end(stashId, run)
  }

  /** The next read that memory answers starts another run. */
  #end(stashId: string, run: RefreshRun): void {
    if (this.#runs.get(stashId) !== run) return
    this.#runs.delete(stashId)
    const memo = this.#options.copy(stashId)
    if (memo !== null) memo.hotUntil = 0
  }
}
