/**
 * Tells the watchers of each commit, from the log: a reader of it like the publisher, with a cursor.
 *
 * After the commit, and after the writer has its answer: nobody waits for watchers. The cursor need not be durable:
 * a crash closes every socket, and whoever comes back says what it has seen.
 */
import type { Audience } from '../live/audience.ts'
import type { WatchEvent } from '../model/watch-event.ts'

export type Source = {
  /** The stash's revision; null once it is deleted. */
  head(): number | null
  /** The first event after this revision. */
  next(after: number): WatchEvent | null
  /** Resolves when what was committed cannot be lost any more. */
  durable(): Promise<unknown>
  /** Lets others have their turn. */
  breathe(): Promise<unknown>
  audience: Pick<Audience, 'size' | 'tell' | 'end'>
  /** Tells those who tell others. Never rejects. */
  tellHubs(): Promise<void>
  report(fault: unknown): void
}

export class Teller {
  readonly #source: Source
  #told: number
  #running = false

  /** Whether somebody is being told at this moment: an object that sleeps is not in the middle of anything. */
  get busy(): boolean {
    return this.#running
  }

  constructor(source: Source, told: number) {
    this.#source = source
    this.#told = told
  }

  /** To be called after each commit. Never rejects. */
  async notify(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      await this.#run()
    } catch (fault) {
      this.#source.report(fault)
    } finally {
      this.#running = false
    }
  }

  async #run(): Promise<void> {
    const { head, durable, breathe, tellHubs } = this.#source
    await durable()
    // The writer's answer is on its way by then.
    await breathe()
    await Promise.all([this.#tellAudience(), tellHubs()])
    // What was committed while hubs were told.
    const target = head()
    if (target !== null && this.#told < target) await this.#run()
  }

  async #tellAudience(): Promise<void> {
    const { head, next, audience } = this.#source
    for (let target = head(); target === null || this.#told < target; target = head()) {
      if (target === null) return audience.end({ type: 'gone', revision: this.#told + 1, values: [] })
      const event = audience.size === 0 ? null : next(this.#told)
      // Nobody is here, or history has been pruned under us: whoever comes back is told from where they were.
      this.#told = event?.revision ?? target
      if (event !== null) await audience.tell(event)
    }
  }
}
