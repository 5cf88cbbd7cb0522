/**
 * Prints events in order, each with its entry of history where that can be read in time. An event never waits longer than
 * `WAIT_MS`, and none is dropped: one whose entry cannot be read is printed without it.
 */
import type { HistoryEntry, HistoryPage } from '../../../api/answer-types.ts'
import type { Session } from '../../../api/session.ts'
import { RefusedError } from '../../../../client/requests/errors.ts'

const WAIT_MS = 3_000
/** The most entries that the service gives at once. */
const PAGE = 200
/** While more events wait, the oldest are printed without their entries, so that the queue gets shorter. */
const WAITING_MAX = 5_000

type Waiting = {
  /** null: there is no entry to read. */
  revision: number | null
  arrivedAt: number
  print: (entry: HistoryEntry | undefined) => void
}

export class EntryQueue {
  readonly #stash: Session
  readonly #onRefused: (fault: RefusedError) => void
  #waiting: Waiting[] = []
  #draining: Promise<void> | null = null
  #isReading: boolean

  /** @param onRefused called once: no further entries are read */
  constructor(stash: Session, onRefused: (fault: RefusedError) => void) {
    this.#stash = stash
    this.#onRefused = onRefused
    this.#isReading = stash.hasToken
  }

  add(revision: number | null, print: Waiting['print']): void {
    this.#waiting.push({ revision, arrivedAt: performance.now(), print })
    this.#draining ??= this.#drain()
  }

  /** Resolves when everything is printed. */
  async end(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // Only the first event of a burst is here yet; those that arrived with it are read together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const isFull = this.#waiting.length > WAITING_MAX
      const batch = this.#takeBatch()
      const entries = isFull ? new Map<number, HistoryEntry>() : await this.#readEntries(batch)
      for (const { revision, print } of batch) print(revision === null ? undefined : entries.get(revision))
    }
    this.#draining = null
  }

  /** The events whose entries fit one page. */
  #takeBatch(): Waiting[] {
    const first = this.#waiting.find(({ revision }) => revision !== null)?.revision ?? 0
    const end = this.#waiting.findIndex(({ revision }) => revision !== null && revision >= first + PAGE)
    return this.#waiting.splice(0, Math.min(end === -1 ? PAGE : end, PAGE))
  }

  async #readEntries(batch: readonly Waiting[]): Promise<Map<number, HistoryEntry>> {
    const revisions = batch.flatMap(({ revision }) => (revision === null ? [] : [revision]))
    const leftMs = (batch[0]?.arrivedAt ?? 0) + WAIT_MS - performance.now()
    if (!this.#isReading || revisions.length === 0 || leftMs <= 0) return new Map()
    const newest = Math.max(...revisions)
    const query = { before: newest + 1, limit: newest - Math.min(...revisions) + 1 }
    try {
      const { body } = await this.#stash.read<HistoryPage>('/history', { entries: 'list' }, query, leftMs)
      return new Map(body.entries.map((entry) => [entry.revision, entry]))
    } catch (fault) {
      const isFinal = fault instanceof RefusedError && fault.status < 500 && fault.status !== 429
      if (isFinal && this.#isReading) {
        this.#isReading = false
        this.#onRefused(fault)
      }
      return new Map()
    }
  }
}
