/**
 * The one alarm of a stash: it is set to the earliest time at which a task is due, and runs the tasks. The platform drops an
 * alarm that throws after six tries, and only the next change, or the next wake of the object, would set it again. So a task
 * that fails does not stop the others, and `run` sets the alarm again at its end, also after failed tasks.
 */
import type { DueKind } from './tables/held.ts'

/** How long a run waits for its put to KV and its broadcast. Both go on after that; the put sets the alarm when it settles. */
const KV_WAIT_MS = 1_000
/** Ten thousand changes may be due at once: they are released in batches, so that requests are served in between. */
const RELEASES_PER_RUN = 100
/** These batches take 2,000 ends: a stash has at most 1,000 time-boxed keys, and as many lapses. Ends come before requests. */
const END_BATCHES_MAX = 20

/** Where storage fails and ends cannot be released, a request goes on without them after so many rounds. */
const END_ROUNDS_MAX = 5

/** An alarm that is overdue by this may have been lost: the next change sets it again. */
const LOST_MS = 10_000

export type AlarmTasks = {
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Null: no task waits any more. */
  setAlarm(at: number | null): void
  /** The time that the platform's alarm is set to; null where none is set, or where it is running. */
  getAlarm(): Promise<number | null>
  /** When KV is to be written next, or the storage of a deleted stash is to be deleted; null when neither has to be done. */
  publishAt(): number | null
  /** When the next held change is due; null when none is held for a time. */
  heldAt(): number | null
  /** When a hub that has not confirmed every event is to be called again, or the status changes by the clock; null: neither. */
  hubAt(): number | null
  /** When history is to be pruned; null when it is not. */
  pruneAt(): number | null
  /** When late work is to be logged again; null while none is late. */
  examineAt(): number | null
  /**
   * Takes due changes: counts a try of each, and sets the alarm in case their release does not end. Both are durable once
   * `durable` has resolved.
   */
  takeDue(due: DueKind, limit: number): string[]
  durable(): Promise<unknown>
  /** Whether an end (of a time-box, a freeze or an item's lifetime) is due by this time and may be released. */
  hasDueEnd(at: number): boolean
  /** Releases one held change. Must not throw. */
  release(id: string): void
  /** Deletes one batch of old history, and expired rows. */
  prune(): void
  publish(): Promise<void>
  /** Broadcasts the events that were not broadcast before, and starts the calls to hubs. Never rejects. */
  broadcast(): Promise<void>
  /** Deletes the storage of a deleted stash, once neither KV nor a hub needs it. Called after the put and after the broadcast. */
  deleteIfDrained(): Promise<void>
  /** Whether the tables exist: false before the creation, and once the storage is deleted. */
  exists(): boolean
  report(fault: unknown): void
}

export class Alarm {
  readonly #tasks: AlarmTasks
  /** The time that this instance has set the alarm to. To set it again costs a write. */
  #at: number | null = null
  /**
   * The run of `releaseDueEnds` under way. Every caller waits for it: a second run would find nothing to take, and resolve too
   * early.
   */
  #ending: Promise<void> | null = null
  /** Whether the alarm was set when the object woke, for a time that had passed already. */
  #isSetAtWake = false

  constructor(tasks: AlarmTasks) {
    this.#tasks = tasks
  }

  /** When the alarm must run next; null where no task waits. */
  nextRunAt(): number | null {
    const { publishAt, heldAt, hubAt, pruneAt, examineAt } = this.#tasks
    const times = [publishAt(), heldAt(), hubAt(), pruneAt(), examineAt()]
    const earliest = Math.min(...times.map((at) => at ?? Infinity))
    return earliest === Infinity ? null : earliest
  }

  /**
   * Sets the alarm, unless it is set to this time or an earlier one. Call it in the transaction that makes a task wait, so that
   * both are committed together.
   */
  schedule(): void {
    const at = this.nextRunAt()
    const known = this.#at !== null && this.#at > this.#tasks.now() - LOST_MS ? this.#at : Infinity
    if (at === null || known <= at) return
    this.#at = at
    this.#tasks.setAlarm(at)
  }

  /**
   * To be called when the object wakes, after its migration. The platform drops an alarm after six failures of it, or of the
   * object's constructor: then due changes would wait for the next write. An overdue alarm is set at once. For a later one the
   * platform is asked first, because setting it costs a write. Never rejects.
   */
  async restore(): Promise<void> {
    const { now, getAlarm, exists, report } = this.#tasks
    const at = this.nextRunAt()
    if (at === null) return
    try {
      if (at <= now()) this.#isSetAtWake = true
      else if (((await getAlarm()) ?? Infinity) <= at || !exists()) return
      this.schedule()
    } catch (fault) {
      report(fault)
    }
  }

  async run(): Promise<void> {
    const { sleep, exists } = this.#tasks
    this.#at = null
    if (!exists()) return
    await this.releaseDueEnds()
    await this.#release('requests', RELEASES_PER_RUN)
    this.#prune()
    // Either of the two may fulfil the last condition for the deletion, so both check it.
    const broadcast = this.#tasks.broadcast().then(() => this.#tasks.deleteIfDrained())
    const outside = [this.#publish().catch(this.#tasks.report), broadcast.catch(this.#tasks.report)]
    await Promise.race([Promise.all(outside), sleep(KV_WAIT_MS)])
    this.#reschedule()
    // One change whose release began before and did not succeed. It may have killed the object, so it comes after all other
    // tasks have begun.
    await this.#release('tried', 1)
    this.#reschedule()
  }

  /**
   * Releases the ends that are due, and those that become due meanwhile. A caller may have waited for the run of another
   * request: ends that became due after that run looked for them must be released before the caller's decision as well. Resolves
   * with the time as of which the caller decides: then no end was due, except those that wait for another try. After
   * `END_ROUNDS_MAX` rounds this is the present time, and ends may be due.
   */
  async releaseAllDueEnds(): Promise<number> {
    for (let round = 0; ; round++) {
      const now = this.#tasks.now()
      if (round === END_ROUNDS_MAX || (this.#ending === null && !this.#tasks.hasDueEnd(now))) return now
      await this.releaseDueEnds()
    }
  }

  /** Releases the ends that are due: of time-boxes, freezes and items of the WrenDB profile. A failed release does not reject. */
  releaseDueEnds(): Promise<void> {
    return (this.#ending ??= this.#releaseEndsInBatches().finally(() => {
      this.#ending = null
    }))
  }

  async #releaseEndsInBatches(): Promise<void> {
    let batches = 0
    // Later batches take ends that became due meanwhile, or did not fit into the one before.
    while (batches < END_BATCHES_MAX && (await this.#release('ends', RELEASES_PER_RUN))) batches++
    // Of the ends whose release began before and did not succeed, only one is tried: it may have killed an instance.
    if (await this.#release('tried_ends', 1)) batches++
    if (batches > 0) this.#reschedule()
  }

  /**
   * Releases one batch. It is durable before the next begins: an object that dies in a batch loses only that one. False where no
   * change was due, or the batch failed.
   */
  async #release(due: DueKind, limit: number): Promise<boolean> {
    try {
      const ids = this.#tasks.takeDue(due, limit)
      if (ids.length === 0) return false
      await this.#tasks.durable()
      for (const id of ids) this.#tasks.release(id)
      await this.#tasks.durable()
      return true
    } catch (fault) {
      this.#tasks.report(fault)
      return false
    }
  }

  #prune(): void {
    try {
      this.#tasks.prune()
    } catch (fault) {
      this.#tasks.report(fault)
    }
  }

  async #publish(): Promise<void> {
    await this.#tasks.publish()
    await this.#tasks.deleteIfDrained()
    this.#reschedule()
  }

  /** Sets the alarm for the next task, in place of the one that was set in case the object dies during a release. */
  #reschedule(): void {
    if (!this.#tasks.exists()) return
    const before = this.#at
    this.#at = null
    this.schedule()
    if (this.#at === null && (before !== null || this.#isSetAtWake)) this.#tasks.setAlarm(null)
    this.#isSetAtWake = false
  }
}

/** A task that could have run before is due now: with a past time, the health check would take the alarm for late. */
export const notPast = (at: number | null): number | null => at && Math.max(at, Date.now())
