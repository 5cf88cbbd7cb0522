/**
 * Revisions that were asked for and are not there. Anybody may make up revisions, so after one the next such questions about
 * that stash wait a moment, and are then one question.
 */
const PAUSE_MS = 100
/** Stashes of which that is remembered. */
const MAX_ENTRIES = 1_000

type Host = { now(): number; sleep(ms: number): Promise<unknown> }

export class Denials {
  readonly #deniedAt = new Map<string, number>()

  note(stashId: string, now: number): void {
    if (this.#deniedAt.size >= MAX_ENTRIES) this.#deniedAt.clear()
    this.#deniedAt.set(stashId, now)
  }

  /** Those who wait here go on together. */
  async pause(host: Host, stashId: string): Promise<void> {
    const wait = (this.#deniedAt.get(stashId) ?? -Infinity) + PAUSE_MS - host.now()
    if (wait > 0) await host.sleep(Math.min(wait, PAUSE_MS))
  }
}
