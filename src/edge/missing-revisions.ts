/**
 * Revisions that were asked for and are not there. Anybody may make up revisions, so after one the next such questions about
 * that stash wait a moment, and are then one question.
 */
const MISSING_REVISION_BACKOFF_MS = 100
/** Stashes of which that is remembered. */
const MAX_ENTRIES = 1_000

type Host = { now(): number; sleep(ms: number): Promise<unknown> }

export class MissingRevisions {
  readonly #missingAt = new Map<string, number>()

  note(stashId: string, now: number): void {
    if (this.#missingAt.size >= MAX_ENTRIES) this.#missingAt.clear()
    this.#missingAt.set(stashId, now)
  }

  /** Those who wait here go on together. */
  async throttle(host: Host, stashId: string): Promise<void> {
    const wait = (this.#missingAt.get(stashId) ?? -Infinity) + MISSING_REVISION_BACKOFF_MS - host.now()
    if (wait > 0) await host.sleep(Math.min(wait, MISSING_REVISION_BACKOFF_MS))
  }
}
