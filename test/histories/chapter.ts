/** The part of a story that one history speaks for: from one recovery to the next. */
import { LogView } from './log-view.ts'
import type { Entry, Generation, Operation, Read, Rules, Story } from './story.ts'

export type Chapter = {
  rules: Rules
  view: LogView
  operations: Operation[]
  /** Of the whole story: the copy that an object went back to may hold earlier ones. */
  known: Map<string, Operation>
  reads: Read[]
  acks: Acks
  generations: Generation[]
  /** In ms; `until` is when its history was taken down. */
  from: number
  until: number
  recovery: Recovery | null
  isLast: boolean
}

export function chaptersOf({ epochs, operations, reads, rules, generations }: Story): Chapter[] {
  const known = new Map(operations.map((operation) => [operation.id, operation]))
  return epochs.map(({ from, until, entries }, i) => {
    const next = epochs[i + 1]?.from ?? Infinity
    const isHere = (at: number): boolean => at < next && (i === 0 || at >= from)
    const own = operations.filter(({ tries: [first] }) => first !== undefined && isHere(first.sentAt))
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
      recovery: i === 0 ? null : recoveryOf(view, epochs[i - 1]?.entries ?? []),
      isLast: i === epochs.length - 1,
    }
  })
}

/** How a chapter goes on from the copy that its object went back to. */
export type Recovery = {
  /** The head of the copy. */
  copy: number
  /** The head before. */
  before: number
  /** The entry that tells of it; null: it went unnoticed. */
  notice: Entry | null
  /** What was written between the copy and the notice, under revisions that had been used before. */
  early: Entry[]
}

function recoveryOf({ entries }: LogView, before: Entry[]): Recovery {
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

/** Whether this revision may stand for two states: until a recovery is noticed, the ones before it are used again. */
export const isUsedTwice = ({ recovery }: Chapter, revision: number): boolean =>
  revision > (recovery?.copy ?? Infinity) && revision < (recovery?.notice?.revision ?? 0)

type Point = { at: number; revision: number }

/** When revisions were acknowledged, and when what made them was sent: between which revisions a moment lies. */
export class Acks {
  readonly #ends: Point[]
  readonly #starts: Point[]

  constructor(operations: Operation[], view: LogView) {
    const ends: Point[] = []
    const starts: Point[] = []
    for (const { id, tries } of operations) {
      const accepted = tries.find(({ status }) => status === 200)
      const [first] = tries
      if (accepted === undefined || first === undefined) continue
      const { revision } = JSON.parse(accepted.body) as { revision: number }
      // One that is not what it says is found elsewhere; here it would only hide others.
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

  /** The newest revision that was acknowledged before that time; 0 where none was. */
  newestBefore(at: number): number {
    return this.#ends[countWhile(this.#ends, (end) => end.at < at) - 1]?.revision ?? 0
  }

  /** The oldest revision of what was only sent after that time; infinite where nothing was. */
  oldestAfter(at: number): number {
    return this.#starts[countWhile(this.#starts, (start) => start.at > at) - 1]?.revision ?? Infinity
  }
}

/** How many at the beginning of the list are so; of the rest none is. */
function countWhile<T>(list: T[], isSo: (one: T) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const one = list[middle]
    if (one !== undefined && isSo(one)) low = middle + 1
    else high = middle
  }
  return low
}

/** Collects violations; `proof` is shown as JSON. */
export type Fail = (rule: string, what: string, ...proof: unknown[]) => void
