/**
 * The object's word, as an isolate asks for it: one question at a time for each stash, each reader for as long as it has
 * patience, and less and less often where no answer comes.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'
import { NO_STORAGE, type Vouch } from '../model/snapshot/vouch.ts'
import { hear, SILENT } from './hear.ts'
import { Reach, type Need } from './reach.ts'
import { SingleFlight, takeTurn } from './single-flight.ts'
import type { Stores } from './stores.ts'

/** Where there is nothing to serve meanwhile, waiting is all that is left. An answer that comes so late is still kept. */
export const ANSWER_DEADLINE_MS = 5_000

/** The object's word, since when that is true, and the turn of the question. */
export type Word = { head: Vouch; askedAt: number; turn: number }

/** `turn`: of the reader. An answer to an older question is asked for again where it is below `wanted`. */
type Asker = { turn: number; wanted: number; need: Need }

export class Questions {
  readonly reach = new Reach()
  readonly #words = new SingleFlight<Word | null>()
  /** Takes an answer that came when its readers had gone on. */
  readonly #keepLate: (stores: Stores, stashId: string, word: Word) => Promise<void>

  constructor(keepLate: (stores: Stores, stashId: string, word: Word) => Promise<void>) {
    this.#keepLate = keepLate
  }

  /** Null: the object is silent, or is to be left alone. */
  async ask(stores: Stores, stashId: string, { turn, wanted, need }: Asker): Promise<Word | null> {
    const join = () => this.#words.join(stores, stashId, turn, () => this.#ask(stores, stashId))
    if (!this.#words.isUnderWay(stashId) && !this.reach.allows(stashId, stores.now(), need)) return null
    const { answer, isSince } = await join()
    if (answer === null || isSince || meets(answer, wanted)) return answer
    return (await join()).answer
  }

  /** The same for a reader that has something to serve: null as well where the answer takes longer than is usual. */
  async askBriefly(stores: Stores, stashId: string, asker: Asker): Promise<Word | null> {
    const patienceMs = this.reach.patienceMs(stashId, stores.now())
    if (patienceMs === 0) return null
    const word = await hear(stores, patienceMs, this.ask(stores, stashId, asker))
    return word === SILENT ? null : word
  }

  /** The object's bytes, for one who has no others; SILENT where they cannot be had. */
  async read(stores: Stores, stashId: string): Promise<Snapshot | null | typeof SILENT> {
    if (!this.reach.allows(stashId, stores.now(), 'all')) return SILENT
    const { answer, isOverloaded } = await listen(stores, stores.readObject(stashId))
    if (isOverloaded) this.reach.noteSilence(stashId, stores.now(), true, stores.dice)
    return answer
  }

  async #ask(stores: Stores, stashId: string): Promise<Word | null> {
    const [askedAt, turn, deadlineMs] = [stores.now(), takeTurn(), this.reach.deadlineMs(stashId)]
    this.reach.noteAsked(stashId, askedAt)
    const { answer: head, isOverloaded } = await listen(stores, stores.vouch(stashId))
    const ms = stores.now() - askedAt
    if (head === SILENT) {
      this.reach.noteSilence(stashId, askedAt + ms, isOverloaded, stores.dice)
      return null
    }
    this.reach.noteAnswer(stashId, ms)
    const word = { head, askedAt, turn }
    // Beside this question, not in it: what is kept of the answer may have to ask again.
    if (ms >= deadlineMs) stores.keepAlive(this.#keepLate(stores, stashId, word).catch(() => {}))
    return word
  }
}

const meets = ({ head }: Word, wanted: number): boolean => head === null || head === NO_STORAGE || head >= wanted

async function listen<T>(
  stores: Stores,
  asked: Promise<T>,
): Promise<{ answer: T | typeof SILENT; isOverloaded: boolean }> {
  let isOverloaded = false
  const noting = asked.catch((fault: unknown) => {
    isOverloaded = fault instanceof Error && 'overloaded' in fault && fault.overloaded === true
    throw fault
  })
  const answer = await hear(stores, ANSWER_DEADLINE_MS, noting)
  return { answer, isOverloaded }
}
