/**
 * Keeps the copies that are read confirmed, so that no reader waits for the object: as long as a stash is read, its object is
 * asked again before a copy's second is over, in the background of a request that read it.
 *
 * Only what is read twice within that second is kept so: one read a minute must not cost more than one question. A request's
 * background work may end at any moment without a word, so a run that is not heard of counts as over.
 */
import type { Memo } from './memory.ts'
import type { Stores } from './stores.ts'

/** Reads that come at random, two a second, leave such a pause once in four hundred. */
const UNREAD_MAX_MS = 3_000
/** Cloudflare ends background work 30 s after its response. */
const RUN_MAX_MS = 25_000
/** Longer than a run may be without a sign of life: a copy's second, and the time that an answer may take. */
const SILENCE_MAX_MS = 7_000
/** Stashes of which a run is known. */
const RUNS_MAX = 1_000

export type Warmth = {
  /** The copy, where there is one that the object stands behind. */
  copy(stashId: string): Memo | null
  /** When to ask again, for a copy that was asked for at `checkedAt`. */
  askAgainAt(stashId: string, checkedAt: number): number
  /** Asks the object, and remembers what it says. False where it says nothing. */
  confirm(stores: Stores, stashId: string): Promise<boolean>
}

export class KeepWarm {
  readonly #warmth: Warmth
  /** By stash: when its run was last heard of. */
  readonly #runs = new Map<string, number>()

  constructor(warmth: Warmth) {
    this.#warmth = warmth
  }

  /** Whether a run is under way: then the hot path need not leave any read to the look-up. */
  isRunning(stashId: string, now: number): boolean {
    const heardAt = this.#runs.get(stashId)
    return heardAt !== undefined && now >= heardAt && now - heardAt < SILENCE_MAX_MS
  }

  /** To be called for a read that memory answered. Returns at once. */
  start(stores: Stores, stashId: string, memo: Memo): void {
    if (stores.mode === 'kv' || !memo.vouched) {
      memo.hotUntil = Infinity
      return
    }
    if (this.isRunning(stashId, stores.now())) return
    if (this.#runs.size >= RUNS_MAX) this.#runs.clear()
    this.#runs.set(stashId, stores.now())
    memo.hotUntil = Infinity
    stores.keepAlive(this.#run(stores, stashId).catch(() => this.#end(stashId)))
  }

  async #run(stores: Stores, stashId: string): Promise<void> {
    const { copy, askAgainAt, confirm } = this.#warmth
    const endAt = stores.now() + RUN_MAX_MS
    for (let memo = copy(stashId); memo !== null; memo = copy(stashId)) {
      const now = stores.now()
      this.#runs.set(stashId, now)
      const waitMs = askAgainAt(stashId, memo.checkedAt) - now
      if (waitMs > 0) {
        // Only after an answer: the copy is fresh then, and the next read starts another run in time.
        if (now >= endAt) break
        await stores.sleep(waitMs)
        continue
      }
      // An object that says nothing is asked by readers, less and less.
      if (now - memo.readAt > UNREAD_MAX_MS || !(await confirm(stores, stashId))) break
    }
    this.#end(stashId)
  }

  /** The next read that memory answers starts another run. */
  #end(stashId: string): void {
    this.#runs.delete(stashId)
    const memo = this.#warmth.copy(stashId)
    if (memo !== null) memo.hotUntil = 0
  }
}
