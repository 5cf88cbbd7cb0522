/**
 * Copies the stash to KV, where the edge reads it. The log is the outbox, and this its reader with a cursor.
 *
 * One KV value holds the whole stash, so ten waiting entries cost one put. KV takes one write a second for
 * one key and throws past that; a put of an older revision must never land after a newer one's. Hence one
 * put at a time, spaced, each with the newest revision, repeated until the cursor stands at the head.
 * It says when it wants to run again; the alarm sees to it, also after a crash.
 */

/** KV refuses more than one write a second for one key. The tenth above it is for its clock and ours. */
export const KV_PUT_INTERVAL_MS = 1_100
/** While KV is down, one put a minute is enough to notice that it is back. */
const KV_PUT_INTERVAL_MAX_MS = 60_000
/** A put that has not settled by now never will: its connection is gone. Until then no other may start. */
const KV_PUT_PRESUMED_LOST_MS = 60_000

export type Place = { revision: number; triedAt: number; failures: number }

/** The publisher's view of the stash. `place` is durable: pacing must survive a restart. */
export type Outbox = {
  head(): number
  place(): Place
  setPlace(place: Place): void
  /** The stash as it stands now. */
  compose(now: number): { revision: number; text: string; expirationTtl?: number }
  put(text: string, options: { expirationTtl?: number }): Promise<void>
  report(fault: unknown, failures: number): void
}

export class Publisher {
  readonly #outbox: Outbox
  readonly #now: () => number
  #flight: { startedAt: number } | null = null
  /** Puts that have not settled, those presumed lost included: one of them may still land. */
  #unsettled = 0

  constructor(outbox: Outbox, now: () => number) {
    this.#outbox = outbox
    this.#now = now
  }

  /** When `run` should be called next, in ms since the epoch; null when KV has everything. */
  dueAt(): number | null {
    const place = this.#outbox.place()
    if (place.revision >= this.#outbox.head()) return null
    if (this.#flight !== null) return this.#flight.startedAt + KV_PUT_PRESUMED_LOST_MS
    // A clock that was set back must not hold up the next put for as long.
    if (place.triedAt > this.#now()) this.#outbox.setPlace({ ...place, triedAt: this.#now() })
    const { triedAt, failures } = this.#outbox.place()
    return triedAt + Math.min(KV_PUT_INTERVAL_MS * 2 ** failures, KV_PUT_INTERVAL_MAX_MS)
  }

  /** Whether a put may still land. */
  get busy(): boolean {
    return this.#unsettled > 0
  }

  /** Puts once, if it is time. Resolves when the put has settled; never rejects. */
  async run(): Promise<void> {
    const dueAt = this.dueAt()
    const startedAt = this.#now()
    if (dueAt === null || startedAt < dueAt) return

    const { revision, text, ...options } = this.#outbox.compose(startedAt)
    const flight = { startedAt }
    this.#flight = flight
    this.#unsettled++
    this.#outbox.setPlace({ ...this.#outbox.place(), triedAt: startedAt })
    try {
      await this.#outbox.put(text, options)
      // This may set the cursor back, and must: a put presumed lost that lands after its successor has
      // overwritten it, and the newer revision is to be put again.
      this.#outbox.setPlace({ revision, triedAt: this.#now(), failures: 0 })
    } catch (fault) {
      const { failures: before, ...place } = this.#outbox.place()
      const failures = before + 1
      this.#outbox.setPlace({ ...place, triedAt: this.#now(), failures })
      this.#outbox.report(fault, failures)
    } finally {
      if (this.#flight === flight) this.#flight = null
      this.#unsettled--
    }
  }
}
