/**
 * Copies the stash to KV, where the edge reads it. The log is the outbox: its head is what KV must come to, and
 * a durable cursor says how far it is.
 *
 * One KV value holds the whole stash, so ten waiting entries cost one put. KV takes one write a second for
 * one key and throws past that; a put of an older revision must never land after a newer one's. Hence one
 * put at a time, spaced, each with the newest revision, repeated until the cursor stands at the head. Before its first
 * put an instance makes sure that KV holds nothing newer than the stash.
 * It says when it wants to run again; the alarm sees to it, also after a crash.
 */
import { LAYOUT } from '../../model/snapshot/snapshot.ts'

/** KV refuses more than one write a second for one key. The tenth above it is for its clock and ours. */
export const KV_PUT_INTERVAL_MS = 1_100
/** While KV is down, one put a minute is enough to notice that it is back. */
const KV_PUT_INTERVAL_MAX_MS = 60_000
/**
 * A put that has not settled by now never will: its connection, or the instance that began it, is gone. Until
 * then no other may start, or the older one might land last.
 */
const KV_PUT_PRESUMED_LOST_MS = 15_000
/** So often in a row KV may fail to say what it holds. A KV that is written and not read must not stay behind for good. */
const UNCONFIRMED_MAX = 5

/** How far KV is. Durable: pacing must survive a restart, and a restart must not overtake a put under way. */
export type Cursor = {
  /** The revision KV holds; -1 before the first put. */
  revision: number
  /** When a put last began or settled. */
  triedAt: number
  /** Of the last puts, how many failed in a row. */
  failures: number
  /** Whether a put began and has not settled. */
  pending: boolean
  /** The layout of the snapshot that KV holds. */
  layout: number
}

/** The publisher's view of the stash and of KV. */
export type Outbox = {
  head(): number
  cursor(): Cursor
  setCursor(cursor: Cursor): void
  /** Makes sure that KV holds nothing newer than the stash; null where that is known. Rejects where KV does not say. */
  confirm(): Promise<void> | null
  /** The stash as it stands now. */
  compose(now: number): { revision: number; text: string; expirationTtl?: number }
  put(text: string, options: { expirationTtl?: number }): Promise<void>
  report(fault: unknown, failures: number): void
}

export class Publisher {
  readonly #outbox: Outbox
  readonly #now: () => number
  /** Puts that have not settled, those presumed lost included. */
  readonly #unsettled = new Set<symbol>()
  #latest: symbol | null = null
  #isConfirming = false
  /** How often in a row KV could not be read. Not in the cursor: what counts there are puts, which may have landed all the same. */
  #unconfirmed = 0

  constructor(outbox: Outbox, now: () => number) {
    this.#outbox = outbox
    this.#now = now
  }

  /** When `run` should be called next, in ms since the epoch; null when KV has everything. */
  dueAt(): number | null {
    const { revision, failures, pending, triedAt, layout } = this.#outbox.cursor()
    if (revision >= this.#outbox.head() && layout === LAYOUT) return null
    // Also while it is asked what KV holds: an alarm that is due then would ring again and again, and could do nothing.
    const wait =
      pending || this.#isConfirming
        ? KV_PUT_PRESUMED_LOST_MS
        : Math.min(KV_PUT_INTERVAL_MS * 2 ** (failures + this.#unconfirmed), KV_PUT_INTERVAL_MAX_MS)
    if (triedAt <= this.#now()) return triedAt + wait
    // A clock that was set back must not hold up the next put for as long.
    this.#outbox.setCursor({ ...this.#outbox.cursor(), triedAt: this.#now() })
    return this.#now() + wait
  }

  /** Whether a put may still land. */
  get busy(): boolean {
    return this.#unsettled.size > 0
  }

  /** Puts once, if it is time. Resolves when the put has settled. Rejects only where the stash itself fails. */
  async run(): Promise<void> {
    const dueAt = this.dueAt()
    if (dueAt === null || this.#now() < dueAt || this.#isConfirming) return
    const confirming = this.#outbox.confirm()
    if (confirming !== null) {
      if (!(await this.#isConfirmed(confirming))) return
      // The stash went back: a put of the time that is lost may be under way, and must not land last.
      if (this.#outbox.cursor().pending) return
    }

    const startedAt = this.#now()
    const { revision, text, ...options } = this.#outbox.compose(startedAt)
    const flight = Symbol('put')
    this.#latest = flight
    this.#unsettled.add(flight)
    this.#outbox.setCursor({ ...this.#outbox.cursor(), triedAt: startedAt, pending: true })
    try {
      await this.#outbox.put(text, options)
      this.#settle(flight)
      // This may set the cursor back, and must: a put presumed lost that lands after its successor has
      // overwritten it, and the newer revision is to be put again.
      this.#outbox.setCursor({ ...this.#settled(flight), revision, layout: LAYOUT, failures: 0 })
    } catch (fault) {
      this.#settle(flight)
      const cursor = this.#settled(flight)
      const failures = cursor.failures + 1
      this.#outbox.setCursor({ ...cursor, failures })
      this.#outbox.report(fault, failures)
    }
  }

  /**
   * Whether the put may go on. It counts as tried meanwhile, so that the alarm does not ring again at once. A put that was
   * pending until now is presumed lost, or `run` would not have come so far.
   */
  async #isConfirmed(confirming: Promise<void>): Promise<boolean> {
    this.#isConfirming = true
    this.#outbox.setCursor({ ...this.#outbox.cursor(), triedAt: this.#now(), pending: false })
    try {
      await confirming
      this.#unconfirmed = 0
      return true
    } catch (fault) {
      this.#unconfirmed++
      this.#outbox.setCursor({ ...this.#outbox.cursor(), triedAt: this.#now() })
      this.#outbox.report(fault, this.#unconfirmed)
      return this.#unconfirmed > UNCONFIRMED_MAX
    } finally {
      this.#isConfirming = false
    }
  }

  #settle(flight: symbol): void {
    this.#unsettled.delete(flight)
  }

  /** The cursor after this put; another may have begun since, and is still pending. */
  #settled(flight: symbol): Cursor {
    const cursor = this.#outbox.cursor()
    return flight === this.#latest ? { ...cursor, triedAt: this.#now(), pending: false } : cursor
  }
}
