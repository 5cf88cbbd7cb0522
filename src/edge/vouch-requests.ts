/**
 * Asks a stash's object for its vouch: the current revision. Concurrent readers share one request, and each has its own deadline.
 * If the object does not answer, requests to it back off.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE, type Vouch } from '../model/snapshot/vouch.ts'
import { withDeadline, TIMED_OUT } from './with-deadline.ts'
import { ObjectAvailability, type Fallback } from './object-availability.ts'
import { SingleFlight, nextSequence } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** The deadline of a request, and of a reader that has nothing to serve. */
export const ANSWER_DEADLINE_MS = 5_000

/** The object's vouch, when it was asked for, and the sequence number of the request. */
export type VouchAnswer = { head: Vouch; askedAt: number; sequence: number }

/** `sequence`: the reader's number. If a shared answer to an earlier request is below `atLeast`, the object is asked again. */
type VouchOptions = { sequence: number; atLeast: number; fallback: Fallback }

export class VouchRequests {
  readonly availability = new ObjectAvailability()
  readonly #flights = new SingleFlight<VouchAnswer | null>()
  /** Applies an answer that came after its readers' deadline. */
  readonly #applyLate: (stores: Stores, stashId: string, vouch: VouchAnswer) => Promise<void>

  constructor(applyLate: (stores: Stores, stashId: string, vouch: VouchAnswer) => Promise<void>) {
    this.#applyLate = applyLate
  }

  /** Null: the object did not answer, or the back-off does not allow a request. */
  async ask(
    stores: Stores,
    stashId: string,
    { sequence, atLeast, fallback }: VouchOptions,
  ): Promise<VouchAnswer | null> {
    const join = () => this.#flights.join(stores, stashId, sequence, () => this.#request(stores, stashId))
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

  async #request(stores: Stores, stashId: string): Promise<VouchAnswer | null> {
    const [askedAt, sequence, deadlineMs] = [stores.now(), nextSequence(), this.availability.getDeadlineMs(stashId)]
    this.availability.noteAsked(stashId, askedAt)
    const { answer: head, isOverloaded } = await withOverload(stores, stores.vouch(stashId))
    const ms = stores.now() - askedAt
    if (head === TIMED_OUT) {
      this.availability.noteFailure(stashId, askedAt + ms, isOverloaded, stores.random)
      return null
    }
    this.availability.noteAnswer(stashId, ms)
    const vouch = { head, askedAt, sequence }
    // Not awaited, because applying the answer may need another request, and this one must have ended by then.
    if (ms >= deadlineMs) stores.keepAlive(this.#applyLate(stores, stashId, vouch).catch(() => {}))
    return vouch
  }
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
