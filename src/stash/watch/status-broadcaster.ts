/**
 * Sends the status of the stash to the object's own watchers that asked for it, whenever it differs from what they received last.
 * It has no revision and no cursor: only the present status is ever sent, so a commit during a broadcast starts another one.
 */
import { getStatusDigest, type WatchStatus } from '../../model/snapshot/watch-status.ts'

export type StatusSource = {
  /** The present status; null once the stash is deleted. */
  getStatus(): WatchStatus | null
  /** Whether any watcher of this object asked for it. */
  isWanted(): boolean
  /** Resolves once every commit is durable (`storage.sync`). */
  durable(): Promise<unknown>
  tell(status: WatchStatus): Promise<void>
  report(fault: unknown): void
}

export class StatusBroadcaster {
  readonly #source: StatusSource
  /** The digest of the status that every watcher has; null where this instance does not know. */
  #told: number | null = null
  #running = false
  #again = false

  constructor(source: StatusSource) {
    this.#source = source
  }

  /** To be called after each transaction, and by the alarm. Never rejects. */
  async notify(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    try {
      while (this.#again) {
        this.#again = false
        await this.#broadcast()
      }
    } catch (fault) {
      this.#source.report(fault)
    } finally {
      this.#running = false
    }
  }

  async #broadcast(): Promise<void> {
    const { getStatus, isWanted, durable, tell } = this.#source
    if (!isWanted()) return
    const status = getStatus()
    if (status === null) return
    const digest = getStatusDigest(status)
    if (digest === this.#told) return
    await durable()
    await tell(status)
    this.#told = digest
  }
}
