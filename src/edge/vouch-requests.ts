/**
 * Asks a stash's object for its vouch: the current revision, and the changes since the one that is cached. Concurrent readers share
 * one request, and each has its own deadline. If the object does not answer, requests to it back off.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE, type KnownCopy, type VouchReply } from '../model/snapshot/vouch.ts'
import { withDeadline, TIMED_OUT } from './with-deadline.ts'
import { ObjectAvailability, type Fallback } from './object-availability.ts'
import { SingleFlight, nextSequence } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** The deadline of a request, and of a reader that has nothing to serve. */
export const ANSWER_DEADLINE_MS = 5_000
/** For so long after that an answer is still taken. An isolate may not live longer without a request. */
const LATE_MAX_MS = 15_000

/** The object's vouch, when it was asked for, and the sequence number of the request. */
export type VouchAnswer = VouchReply & { askedAt: number; sequence: number }

/**
 * `sequence`: the reader's number. If a shared answer to an earlier request is below `atLeast`, the object is asked again. `known`: the
 * copy that the changes in the answer are to lead from; absent: the cached one.
 */
type VouchOptions = { sequence: number; atLeast: number; fallback: Fallback; known?: Snapshot | null }

export type VouchRequestOptions = {
  /** The cached copy. */
  getKnown(stashId: string): Snapshot | null
  /** Applies an answer that came after its readers' deadline. */
  applyLate(stores: Stores, stashId: string, vouch: VouchAnswer): Promise<void>
}

export class VouchRequests {
  readonly availability = new ObjectAvailability()
  readonly #flights = new SingleFlight<VouchAnswer | null>()
  readonly #options: VouchRequestOptions

  constructor(options: VouchRequestOptions) {
    this.#options = options
  }

  /** Null: the object did not answer, or the back-off does not allow a request. */
  async ask(
    stores: Stores,
    stashId: string,
    { sequence, atLeast, fallback, known = this.#options.getKnown(stashId) }: VouchOptions,
  ): Promise<VouchAnswer | null> {
    const join = () => this.#flights.join(stores, stashId, sequence, () => this.#request(stores, stashId, known))
    if (!this.#flights.isInFlight(stashId) && !this.availability.mayAsk(stashId, stores.now(), fallback)) return null
    const { answer, isSentAfter } = await join()
    if (answer === null || isSentAfter || isAtLeast(answer, atLeast)) return answer
    return (await join()).answer
  }

  /** The same for a look-up, which may have a copy to serve: also null if the answer takes longer than `getRemainingMs`. */
  async askBriefly(stores: Stores, stashId: string, options: VouchOptions): Promise<VouchAnswer | null> {
    const remainingMs = this.availability.getRemainingMs(stashId, stores.now())
    if (remainingMs === 0) return null
    const vouch = await withDeadline(stores, remainingMs, this.ask(stores, stashId, options))
    return vouch === TIMED_OUT ? null : vouch
  }

  /**
   * The object's snapshot, for a reader without a suitable copy. TIMED_OUT if the request fails or is late, or if the back-off
   * allows no request.
   */
  async read(stores: Stores, stashId: string): Promise<Snapshot | null | typeof TIMED_OUT> {
    if (!this.availability.mayAsk(stashId, stores.now(), 'none')) return TIMED_OUT
    const { answer, isOverloaded } = await withOverload(stores, stores.readObject(stashId))
    if (isOverloaded) this.availability.noteFailure(stashId, stores.now(), true, stores.random)
    return answer
  }

  async #request(stores: Stores, stashId: string, known: Snapshot | null): Promise<VouchAnswer | null> {
    const [askedAt, sequence, deadlineMs] = [stores.now(), nextSequence(), this.availability.getDeadlineMs(stashId)]
    this.availability.noteAsked(stashId, askedAt)
    const asked = stores.vouch(stashId, toKnownCopy(known, this.availability.getInterruptedLeaseMs(stashId)))
    const { answer, isOverloaded } = await withOverload(stores, asked)
    const ms = stores.now() - askedAt
    if (answer === TIMED_OUT) {
      this.availability.noteFailure(stashId, askedAt + ms, isOverloaded, stores.random)
      // An object with a long queue answers later. If that were lost, its work would be in vain, and the queue would stay.
      stores.keepAlive(this.#awaitLate(stores, stashId, asked, { askedAt, sequence }).catch(() => {}))
      return null
    }
    const vouch = { ...answer, askedAt, sequence }
    if (ms >= deadlineMs) stores.keepAlive(this.#noteLate(stores, stashId, vouch).catch(() => {}))
    else this.availability.noteAnswer(stashId, ms, answer.leaseMs)
    return vouch
  }

  async #awaitLate(
    stores: Stores,
    stashId: string,
    asked: Promise<VouchReply>,
    question: Pick<VouchAnswer, 'askedAt' | 'sequence'>,
  ): Promise<void> {
    const answer = await withDeadline(stores, LATE_MAX_MS, asked)
    if (answer !== TIMED_OUT) await this.#noteLate(stores, stashId, { ...answer, ...question })
  }

  /** For an answer after the deadline of its readers. Not awaited by them: applying it may need another request. */
  #noteLate(stores: Stores, stashId: string, vouch: VouchAnswer): Promise<void> {
    this.availability.noteAnswer(stashId, stores.now() - vouch.askedAt, vouch.leaseMs)
    return this.#options.applyLate(stores, stashId, vouch)
  }
}

/** Changes can be applied to a complete copy of a stash that exists. */
function toKnownCopy(copy: Snapshot | null, leaseMs: number | undefined): KnownCopy | null {
  if (copy?.isComplete !== true || copy.stash === null) return null
  const { revision, chain } = copy
  return { revision, chain, ...(leaseMs !== undefined && { leaseMs }) }
}

const isAtLeast = ({ head }: VouchAnswer, atLeast: number): boolean =>
  head === null || head === NO_STORAGE || head >= atLeast

async function withOverload<T>(
  stores: Stores,
  asked: Promise<T>,
): Promise<{ answer: T | typeof TIMED_OUT; isOverloaded: boolean }> {
  let isOverloaded = false
  const noting = asked.catch((fault: unknown) => {
    isOverloaded = fault instanceof Error && 'overloaded' in fault && fault.overloaded === true
    throw fault
  })
  const answer = await withDeadline(stores, ANSWER_DEADLINE_MS, noting)
  return { answer, isOverloaded }
}
