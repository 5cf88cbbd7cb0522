/**
 * The object's word, as an isolate asks for it: one question at a time for each stash, each reader for as long as it has
 * patience, and less and less often where no answer comes.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE, type Vouch } from '../model/snapshot/vouch.ts'
import { withDeadline, TIMED_OUT } from './with-deadline.ts'
import { ObjectAvailability, type Need } from './object-availability.ts'
import { SingleFlight, takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** Where there is nothing to serve meanwhile, waiting is all that is left. An answer that comes so late is still kept. */
export const ANSWER_DEADLINE_MS = 5_000

/** The object's word, since when that is true, and the turn of the question. */
export type VouchAnswer = { head: Vouch; askedAt: number; turn: number }

/** `turn`: of the reader. An answer to an older question is asked for again where it is below `wanted`. */
type VouchOptions = { turn: number; wanted: number; need: Need }

export class VouchRequests {
  readonly availability = new ObjectAvailability()
  readonly #flights = new SingleFlight<VouchAnswer | null>()
  /** Takes an answer that came when its readers had gone on. */
  readonly #keepLate: (stores: Stores, stashId: string, word: VouchAnswer) => Promise<void>

  constructor(keepLate: (stores: Stores, stashId: string, word: VouchAnswer) => Promise<void>) {
    this.#keepLate = keepLate
  }

  /** Null: the object is silent, or is to be left alone. */
  async ask(stores: Stores, stashId: string, { turn, wanted, need }: VouchOptions): Promise<VouchAnswer | null> {
    const join = () => this.#flights.join(stores, stashId, turn, () => this.#request(stores, stashId))
    if (!this.#flights.isUnderWay(stashId) && !this.availability.mayAsk(stashId, stores.now(), need)) return null
    const { answer, isSince } = await join()
    if (answer === null || isSince || isEnough(answer, wanted)) return answer
    return (await join()).answer
  }

  /** The same for a reader that has something to serve: null as well where the answer takes longer than is usual. */
  async askBriefly(stores: Stores, stashId: string, asker: VouchOptions): Promise<VouchAnswer | null> {
    const patienceMs = this.availability.getRemainingMs(stashId, stores.now())
    if (patienceMs === 0) return null
    const word = await withDeadline(stores, patienceMs, this.ask(stores, stashId, asker))
    return word === TIMED_OUT ? null : word
  }

  /** The object's bytes, for one who has no others; SILENT where they cannot be had. */
  async read(stores: Stores, stashId: string): Promise<Snapshot | null | typeof TIMED_OUT> {
    if (!this.availability.mayAsk(stashId, stores.now(), 'all')) return TIMED_OUT
    const { answer, isOverloaded } = await withOverload(stores, stores.readObject(stashId))
    if (isOverloaded) this.availability.noteTimeout(stashId, stores.now(), true, stores.random)
    return answer
  }

  async #request(stores: Stores, stashId: string): Promise<VouchAnswer | null> {
    const [askedAt, turn, deadlineMs] = [stores.now(), takeTurn(), this.availability.getDeadlineMs(stashId)]
    this.availability.noteAsked(stashId, askedAt)
    const { answer: head, isOverloaded } = await withOverload(stores, stores.vouch(stashId))
    const ms = stores.now() - askedAt
    if (head === TIMED_OUT) {
      this.availability.noteTimeout(stashId, askedAt + ms, isOverloaded, stores.random)
      return null
    }
    this.availability.noteAnswer(stashId, ms)
    const word = { head, askedAt, turn }
    // Beside this question, not in it: what is kept of the answer may have to ask again.
    if (ms >= deadlineMs) stores.keepAlive(this.#keepLate(stores, stashId, word).catch(() => {}))
    return word
  }
}

const isEnough = ({ head }: VouchAnswer, wanted: number): boolean =>
  head === null || head === NO_STORAGE || head >= wanted

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
