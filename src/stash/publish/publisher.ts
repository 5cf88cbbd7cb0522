/**
 * Copies the stash to KV, for readers. A durable cursor says up to which revision of the log KV has it. One KV value has the
 * whole stash, so ten waiting entries cost one put. KV accepts one write a second for a key, and an older revision must not
 * replace a newer one. So there is one put at a time, at intervals, of the newest revision, until the cursor is at the head;
 * the first put of an instance waits for `confirm` (see `UNCONFIRMED_MAX`). The alarm calls `run` at `dueAt`, also after a crash.
 */
import type { KvMetadata } from '../../model/snapshot/list-metadata.ts'
import { LAYOUT } from '../../model/snapshot/snapshot.ts'

/** KV refuses more than one write a second for one key. The additional 100 ms are for differences between its clock and ours. */
export const KV_PUT_INTERVAL_MS = 1_100
/** While KV is down, one put a minute is enough to notice its recovery. */
const KV_PUT_INTERVAL_MAX_MS = 60_000
/**
 * After this a put counts as lost, with its connection or the instance that began it. No other put may start before, because
 * the older one might land last.
 */
const KV_PUT_PRESUMED_LOST_MS = 15_000
/**
 * After more failed reads of KV in a row than this, which take a quarter of an hour, the stash is put without a confirmation: a KV
 * that can be written but not read must not stay behind for good. Not sooner, because an outage mostly fails reads and puts alike: if
 * it ends between the last read and the put, a stash that was restored to an earlier time replaces newer values in KV.
 */
const UNCONFIRMED_MAX = 20

/** The state of KV. Durable, so that an instance after a restart keeps the interval, and does not overtake a put under way. */
export type Cursor = {
  /** The revision that KV has; -1 before the first put. */
  revision: number
  /** When a put, or the read of KV before it, last began or settled. */
  triedAt: number
  /** How many puts have failed in a row. */
  failures: number
  /** Whether a put has begun and not settled. */
  pending: boolean
  /** The layout of KV's snapshot. */
  layout: number
}

export type PutOptions = { expirationTtl?: number; metadata: KvMetadata }

/** The publisher's view of the stash and of KV. */
export type Outbox = {
  head(): number
  cursor(): Cursor
  setCursor(cursor: Cursor): void
  /** Makes sure that KV has nothing newer than the stash; null where that is known. Rejects where KV cannot be read. */
  confirm(): Promise<void> | null
  /** The present snapshot. */
  compose(now: number): { revision: number; text: string } & PutOptions
  put(text: string, options: PutOptions): Promise<void>
  report(fault: unknown, failures: number): void
}

export class Publisher {
  readonly #outbox: Outbox
  readonly #now: () => number
  /** Puts that have not settled, those presumed lost included. */
  readonly #unsettled = new Set<symbol>()
  #latest: symbol | null = null
  #isConfirming = false
  /**
   * How many reads of KV have failed in a row. They are not counted in the cursor, whose `failures` are puts that may have landed
   * in spite of the error.
   */
  #unconfirmed = 0

  constructor(outbox: Outbox, now: () => number) {
    this.#outbox = outbox
    this.#now = now
  }

  /** When `run` should be called next, in ms since the epoch; null when KV is up to date. */
  dueAt(): number | null {
    const { revision, failures, pending, triedAt, layout } = this.#outbox.cursor()
    if (revision >= this.#outbox.head() && layout === LAYOUT) return null
    // The long wait also holds while KV is read for the confirmation: otherwise the alarm would run again and again in vain.
    const wait =
      pending || this.#isConfirming
        ? KV_PUT_PRESUMED_LOST_MS
        : Math.min(KV_PUT_INTERVAL_MS * 2 ** (failures + this.#unconfirmed), KV_PUT_INTERVAL_MAX_MS)
    if (triedAt <= this.#now()) return triedAt + wait
    // A clock that was set back must not delay the next put.
    this.#outbox.setCursor({ ...this.#outbox.cursor(), triedAt: this.#now() })
    return this.#now() + wait
  }

  /** Whether a put of this instance may still land. */
  get busy(): boolean {
    return this.#unsettled.size > 0
  }

  /** Puts once, if a put is due. Resolves when it has settled. Rejects only where the object itself fails. */
  async run(): Promise<void> {
    const dueAt = this.dueAt()
    if (dueAt === null || this.#now() < dueAt || this.#isConfirming) return
    const confirming = this.#outbox.confirm()
    if (confirming !== null) {
      if (!(await this.#isConfirmed(confirming))) return
      // The stash was restored to an earlier time: a put from after that time may be under way, and must not land last.
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
      // This may set the cursor back, as it must: a put that was presumed lost and lands after its successor has overwritten the
      // newer revision in KV, which then has to be put again.
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
   * Whether the put may go on. It counts as tried meanwhile, so that the alarm does not run again at once. A put that is still
   * pending is presumed lost by now, or `run` would not have come here.
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

  /** The cursor after this put. Another put may have begun since, and be pending. */
  #settled(flight: symbol): Cursor {
    const cursor = this.#outbox.cursor()
    return flight === this.#latest ? { ...cursor, triedAt: this.#now(), pending: false } : cursor
  }
}
