/** Divides a recording at its recoveries. One history applies to each segment. */
import { LogView } from './log-view.ts'
import type { Entry, Generation, Operation, Read, Rules, Recording } from './recording.ts'

export type Segment = {
  rules: Rules
  view: LogView
  operations: Operation[]
  /** All operations of the recording, because a restored copy may contain operations of earlier segments. */
  known: Map<string, Operation>
  reads: Read[]
  acks: Acks
  generations: Generation[]
  /** In ms. `until` is the time at which its history was read. */
  from: number
  until: number
  recovery: Recovery | null
  isLast: boolean
}

export function toSegments({ epochs, operations, reads, rules, generations }: Recording): Segment[] {
  const known = new Map(operations.map((operation) => [operation.id, operation]))
  return epochs.map(({ from, until, entries }, i) => {
    const next = epochs[i + 1]?.from ?? Infinity
    const isHere = (at: number): boolean => at < next && (i === 0 || at >= from)
    const own = operations.filter(({ attempts: [first] }) => first !== undefined && isHere(first.sentAt))
    const view = new LogView(entries)
    return {
      rules,
      view,
      operations: own,
      known,
      reads: reads.filter(({ startedAt, endedAt }) => isHere(startedAt) && isHere(endedAt)),
      acks: new Acks(own, view),
      generations,
      from,
      until,
      recovery: i === 0 ? null : toRecovery(view, epochs[i - 1]?.entries ?? []),
      isLast: i === epochs.length - 1,
    }
  })
}

/** How a segment continues from the copy that was restored. */
export type Recovery = {
  /** The head of the copy. */
  copy: number
  /** The head before the recovery. */
  before: number
  /** The log entry of the recovery; null if the service did not notice it. */
  notice: Entry | null
  /** The entries between the copy and `notice`, whose revisions had been used before. */
  early: Entry[]
}

function toRecovery({ entries }: LogView, before: Entry[]): Recovery {
  const hashes = new Map(before.map(({ revision, hash }) => [revision, hash]))
  const at = entries.findIndex(({ revision, hash }) => hashes.get(revision) !== hash)
  const since = at === -1 ? [] : entries.slice(at)
  const noticed = since.findIndex(({ kind }) => kind === 'recovered')
  return {
    copy: (at === -1 ? entries.at(-1) : entries[at - 1])?.revision ?? 0,
    before: before.at(-1)?.revision ?? 0,
    notice: since[noticed] ?? null,
    early: since.slice(0, Math.max(noticed, 0)),
  }
}

/** Whether this revision may have two states, because it was used again before the service noticed the recovery. */
export const isUsedTwice = ({ recovery }: Segment, revision: number): boolean =>
  revision > (recovery?.copy ?? Infinity) && revision < (recovery?.notice?.revision ?? 0)

type Point = { at: number; revision: number }

/** The times at which revisions were acknowledged and their writes were sent. They bound the revision at a given time. */
export class Acks {
  readonly #ends: Point[]
  readonly #starts: Point[]

  constructor(operations: Operation[], view: LogView) {
    const ends: Point[] = []
    const starts: Point[] = []
    for (const { id, attempts } of operations) {
      const accepted = attempts.find(({ status }) => status === 200)
      const [first] = attempts
      if (accepted === undefined || first === undefined) continue
      const { revision } = JSON.parse(accepted.body) as { revision: number }
      // `checkWrites` reports a false acknowledgement. Here it would only hide other violations.
      if (view.entryAt(revision)?.reason !== id) continue
      ends.push({ at: accepted.endedAt, revision })
      starts.push({ at: first.sentAt, revision })
    }
    this.#ends = ends.sort((a, b) => a.at - b.at)
    let newest = 0
    for (const end of this.#ends) end.revision = newest = Math.max(newest, end.revision)
    this.#starts = starts.sort((a, b) => b.at - a.at)
    let oldest = Infinity
    for (const start of this.#starts) start.revision = oldest = Math.min(oldest, start.revision)
  }

  /** The newest revision that was acknowledged before this time; 0 if there is none. */
  newestBefore(at: number): number {
    return this.#ends[countPrefix(this.#ends, (end) => end.at < at) - 1]?.revision ?? 0
  }

  /** The oldest revision whose write was sent after this time; Infinity if there is none. */
  oldestAfter(at: number): number {
    return this.#starts[countPrefix(this.#starts, (start) => start.at > at) - 1]?.revision ?? Infinity
  }
}

/** Counts the elements at the start of the list for which `holds` is true. It must be false for the rest. */
function countPrefix<T>(list: T[], holds: (one: T) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const one = list[middle]
    if (one !== undefined && holds(one)) low = middle + 1
    else high = middle
  }
  return low
}

/** Records a violation. `proof` is printed as JSON. */
export type Fail = (rule: string, what: string, ...proof: unknown[]) => void
