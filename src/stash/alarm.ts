/**
 * The stash's one alarm: set to the earliest of everything that waits, and what happens when it rings.
 *
 * An alarm that throws is dropped after six tries, and nothing would set it again. So ringing never throws:
 * each stage fails on its own, and the alarm is set anew at the end, whatever happened.
 */
import { getNextAlarm } from '../model/due.ts'
import type { DueKind } from './tables/held.ts'

/** How long the alarm waits for KV before it lets go: the put goes on, and the next alarm finds it settled. */
const KV_WAIT_MS = 1_000
/** A stash with ten thousand changes due at once releases them in slices, so that requests get their turn. */
const RELEASES_PER_RING = 100
/** Ends are carried out before what people asked for. A stash has at most 1,000 time-boxed keys, and as many lapses. */
const END_BATCHES_MAX = 20

/** Where ends cannot be taken (storage fails), a request goes on without them. */
const END_ROUNDS_MAX = 5

/** An alarm that has not rung for so long may have been lost: it is set anew with the next change. */
const LOST_MS = 10_000

export type AlarmTasks = {
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Null: nothing waits any more. */
  setAlarm(at: number | null): void
  /** When KV wants to be written, the next held change is due, history has something to forget; null where nothing waits. */
  publishAt(): number | null
  heldAt(): number | null
  hubAt(): number | null
  pruneAt(): number | null
  /** When what is late is to be logged again; null while nothing is. */
  examineAt(): number | null
  /** Due changes, noted as tried, and the alarm set for those that will not end. Durable once `durable` has resolved. */
  takeDue(due: DueKind, limit: number): string[]
  durable(): Promise<unknown>
  /** Whether something ends by the clock that is due now, and may be tried. */
  hasEnded(): boolean
  /** Releases one held change. Must not throw. */
  release(id: string): void
  /** Forgets a little of what is past. */
  prune(): void
  publish(): Promise<void>
  /** Tells watchers what an earlier attempt has left untold, and begins to tell hubs. Never rejects. */
  broadcast(): Promise<void>
  /** After a put has settled. May find that nothing is left to keep. */
  deleteIfDrained(): Promise<void>
  /** Whether there still is a stash to wake. */
  exists(): boolean
  report(fault: unknown): void
}

export class Alarm {
  readonly #tasks: AlarmTasks
  /** What the alarm is set to, as far as this instance knows. Setting it again costs a write. */
  #at: number | null = null
  /** One run at a time, which all who need it wait for: a second one would find nothing left to take, and go on too early. */
  #ending: Promise<void> | null = null
  /** Whether one was set at the wake: it stands although its time has come. */
  #isSetAtWake = false

  constructor(chores: AlarmTasks) {
    this.#tasks = chores
  }

  /** When it must ring next; null where nothing waits. */
  wantedAt(): number | null {
    const { publishAt, heldAt, hubAt, pruneAt, examineAt } = this.#tasks
    return getNextAlarm({
      publishAt: publishAt(),
      heldAt: heldAt(),
      hubAt: hubAt(),
      pruneAt: pruneAt(),
      examineAt: examineAt(),
    })
  }

  /** Sets the alarm. Called inside the transaction that made something wait: they are committed together. */
  schedule(): void {
    const at = this.wantedAt()
    const known = this.#at !== null && this.#at > this.#tasks.now() - LOST_MS ? this.#at : Infinity
    if (at === null || known <= at) return
    this.#at = at
    this.#tasks.setAlarm(at)
  }

  /**
   * Of an object that wakes, once its tables are right. The platform drops an alarm whose object could not even be made six
   * times, which is a few minutes of a migration that fails: an overdue change would wait for the next write.
   */
  scheduleOverdue(now: number): void {
    const at = this.wantedAt()
    if (at === null || at > now) return
    this.#isSetAtWake = true
    this.schedule()
  }

  async run(): Promise<void> {
    const { sleep, exists } = this.#tasks
    this.#at = null
    if (!exists()) return
    await this.endDue()
    await this.#release('requests', RELEASES_PER_RING)
    this.#prune()
    // What both wait for is over when the later of them is.
    const told = this.#tasks.broadcast().then(() => this.#tasks.deleteIfDrained())
    const outside = [this.#publish().catch(this.#tasks.report), told.catch(this.#tasks.report)]
    await Promise.race([Promise.all(outside), sleep(KV_WAIT_MS)])
    this.#reschedule()
    // Last, and one alone: what did not end may end the object, and everything else has had its turn.
    await this.#release('tried', 1)
    this.#reschedule()
  }

  /**
   * Carries out every end that is due, also those that become due meanwhile: a caller that waited for a run of another
   * request goes on later than that run looked, and what it decides must come after every end. Never rejects.
   */
  async endAllDue(): Promise<void> {
    for (let round = 0; round < END_ROUNDS_MAX && (this.#ending !== null || this.#tasks.hasEnded()); round++) {
      await this.endDue()
    }
  }

  /** Carries out what ends by the clock and is due: time-boxes, freezes, lapses. Never rejects. */
  endDue(): Promise<void> {
    return (this.#ending ??= this.#endDue().finally(() => {
      this.#ending = null
    }))
  }

  async #endDue(): Promise<void> {
    let batches = 0
    // A batch after the first takes what became due meanwhile, or was too much for one.
    while (batches < END_BATCHES_MAX && (await this.#release('ends', RELEASES_PER_RING))) batches++
    // Begun by an instance that died: one alone, because it may have been the reason.
    if (await this.#release('tried_ends', 1)) batches++
    if (batches > 0) this.#reschedule()
  }

  /** A batch is durable before the next begins: an object that dies in one takes back only that one. False where nothing was due. */
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

  /** What it was set to in case that something dies is worth nothing once it has not. */
  #reschedule(): void {
    if (!this.#tasks.exists()) return
    const before = this.#at
    this.#at = null
    this.schedule()
    if (this.#at === null && (before !== null || this.#isSetAtWake)) this.#tasks.setAlarm(null)
    this.#isSetAtWake = false
  }
}
