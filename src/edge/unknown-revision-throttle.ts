/**
 * Throttles reads with a `min_revision` that does not exist. Anyone can make up such revisions, and each costs a call to the
 * object. So after one of them, reads that require a newer revision than the cached one wait, and then share one look-up.
 */

/** For how long after a missing revision these reads wait. */
const MISSING_REVISION_BACKOFF_MS = 100
/** The number of stashes to remember. Beyond it the isolate forgets all: each can then miss one more revision unthrottled. */
const MAX_ENTRIES = 1_000

type Host = { now(): number; sleep(ms: number): Promise<unknown> }

export class UnknownRevisionThrottle {
  readonly #missingAt = new Map<string, number>()

  note(stashId: string, now: number): void {
    if (this.#missingAt.size >= MAX_ENTRIES) this.#missingAt.clear()
    this.#missingAt.set(stashId, now)
  }

  /** Waits until the back-off is over. Reads that wait here resume together, so that single flight merges their look-ups. */
  async throttle(host: Host, stashId: string): Promise<void> {
    const wait = (this.#missingAt.get(stashId) ?? -Infinity) + MISSING_REVISION_BACKOFF_MS - host.now()
    if (wait > 0) await host.sleep(Math.min(wait, MISSING_REVISION_BACKOFF_MS))
  }
}
