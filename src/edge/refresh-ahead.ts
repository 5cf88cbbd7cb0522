/**
 * Refresh ahead: as long as a stash is read, its cache entry is confirmed with the object before it expires, in the background of
 * a request that read it. A reader of such a stash waits only if the object's answer is late, if the run was ended, or if the
 * reader must get a newer revision. The mode `kv` has no refresh-ahead.
 *
 * A run starts at the second read within an entry's lifetime: one read a minute must not cost more than one request. The
 * runtime may end a request's background work at any time and without notice, so a run without a heartbeat counts as ended.
 */
import type { CacheEntry } from './snapshot-cache.ts'
import type { Stores } from './stores.ts'

/** A run ends after this time without a read. Of random reads, two a second on average, one pause in 3,000 is longer. */
const IDLE_MAX_MS = 4_000
/** A run begins no further wait after this time, because Cloudflare ends background work 30 s after the response. */
const RUN_MAX_MS = 25_000
/** From this age on a read starts the next run, so that there is no gap between two runs. */
const HAND_OVER_AFTER_MS = 18_000
/** A longer wait is several, each with a heartbeat. */
const WAIT_MAX_MS = 1_000
/**
 * A run without a heartbeat for this time counts as ended. It is longer than a wait or a vouch request (5 s). A refresh
 * that also reads a snapshot may exceed it: then the next read starts a new run.
 */
const HEARTBEAT_TIMEOUT_MS = 7_000
/** The number of stashes with a run. Beyond it the isolate forgets all runs; a run that is not in the map ends itself. */
const RUNS_MAX = 1_000

type RefreshRun = { readonly startedAt: number; heartbeatAt: number }

export type RefreshAheadOptions = {
  /** The entry of the stash, if it has a snapshot that the object vouched for. */
  getVouchedEntry(stashId: string): CacheEntry | null
  /** When to refresh the entry. */
  refreshAt(stashId: string, entry: CacheEntry): number
  /** Asks the object and applies its vouch to the entry. False if the entry was not renewed. */
  refresh(stores: Stores, stashId: string): Promise<boolean>
}

export class RefreshAhead {
  readonly #options: RefreshAheadOptions
  readonly #runs = new Map<string, RefreshRun>()

  constructor(options: RefreshAheadOptions) {
    this.#options = options
  }

  /** Whether a run is alive and not due for its successor: the fast path can then serve all reads. */
  isRunning(stashId: string, now: number): boolean {
    const run = this.#runs.get(stashId)
    if (run === undefined || now < run.heartbeatAt) return false
    return now - run.heartbeatAt < HEARTBEAT_TIMEOUT_MS && now - run.startedAt < HAND_OVER_AFTER_MS
  }

  /**
   * Starts a run for a vouched entry, unless one `isRunning` or the mode is `kv`. To be called for a read that the cache
   * answered. Does not wait.
   */
  start(stores: Stores, stashId: string, entry: CacheEntry): void {
    if (stores.mode === 'kv' || !entry.vouched) {
      entry.fastPathUntil = Infinity
      return
    }
    if (this.isRunning(stashId, stores.now())) return
    if (this.#runs.size >= RUNS_MAX) this.#runs.clear()
    const run = { startedAt: stores.now(), heartbeatAt: stores.now() }
    this.#runs.set(stashId, run)
    entry.fastPathUntil = Infinity
    stores.keepAlive(this.#keepFresh(stores, stashId, run).catch(() => this.#end(stashId, run)))
  }

  async #keepFresh(stores: Stores, stashId: string, run: RefreshRun): Promise<void> {
    const { getVouchedEntry, refreshAt, refresh } = this.#options
    for (let entry = getVouchedEntry(stashId); entry !== null; entry = getVouchedEntry(stashId)) {
      if (this.#runs.get(stashId) !== run) return
      const now = stores.now()
      run.heartbeatAt = now
      const waitMs = refreshAt(stashId, entry) - now
      if (waitMs > 0) {
        // The run's age is checked only while the entry is fresh, so that the next read starts a run before the entry expires.
        if (now >= run.startedAt + RUN_MAX_MS) break
        await stores.sleep(Math.min(waitMs, WAIT_MAX_MS))
        continue
      }
      // The run ends when reads have stopped, or when the entry could not be renewed: the object does not answer, or went back. After
      // that, look-ups of readers ask the object, with the back-off of `ObjectAvailability`.
      if (now - entry.readAt > IDLE_MAX_MS || !(await refresh(stores, stashId))) break
    }
    this.#end(stashId, run)
  }

  /** `fastPathUntil = 0` sends the next read past the fast path: if the entry is still fresh, that read starts another run. */
  #end(stashId: string, run: RefreshRun): void {
    if (this.#runs.get(stashId) !== run) return
    this.#runs.delete(stashId)
    const entry = this.#options.getVouchedEntry(stashId)
    if (entry !== null) entry.fastPathUntil = 0
  }
}
