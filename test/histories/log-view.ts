/**
 * Rebuilds the state of the stash at each revision from the entries of its history alone, by the contract's rules: the value
 * and version of each key, and the pending time-boxes.
 */
import type { Entry } from './recording.ts'

export type Held = { value: string; version: number }

/** One key in one time-box, from the revision that set it to the revision that ended it. */
export type Box = {
  key: string
  setBy: number
  at: number
  to: string | null
  /** The revision that ended the time-box: its revert, or a change of the key. Null if it is pending. */
  endedBy: number | null
  ended: 'revert' | 'hand' | null
}

type Step = { revision: number; value: string | null }

export class LogView {
  readonly entries: Entry[]
  readonly boxes: Box[] = []
  readonly #at = new Map<number, Entry>()
  readonly #byReason = new Map<string, Entry[]>()
  readonly #steps = new Map<string, Step[]>()
  readonly #boxesByKey = new Map<string, Box[]>()

  constructor(entries: Entry[]) {
    this.entries = entries
    for (const entry of entries) {
      this.#at.set(entry.revision, entry)
      if (entry.reason !== null && entry.kind !== 'revert') {
        getList(this.#byReason, entry.reason).push(entry)
      }
      this.#follow(entry)
    }
  }

  get head(): number {
    return this.entries.at(-1)?.revision ?? 0
  }

  get keys(): string[] {
    return [...this.#steps.keys()]
  }

  entryAt(revision: number): Entry | undefined {
    return this.#at.get(revision)
  }

  /** Returns the entries of an operation. More than one is a violation. */
  getEntriesBy(id: string): Entry[] {
    return this.#byReason.get(id) ?? []
  }

  valueAt(key: string, revision: number): Held | null {
    const steps = this.#steps.get(key) ?? []
    const i = lastAtMost(steps, revision)
    const step = steps[i]
    return step === undefined || step.value === null ? null : { value: step.value, version: step.revision }
  }

  flagsAt(revision: number, keys: string[] = this.keys): Record<string, string> {
    return Object.fromEntries(
      keys.flatMap((key) => {
        const held = this.valueAt(key, revision)
        return held === null ? [] : [[key, held.value]]
      }),
    )
  }

  /** Whether the key had this version (null: was absent) at some revision from `least` to `most`. */
  hadVersion(key: string, version: number | null, least: number, most: number): boolean {
    const steps = this.#steps.get(key) ?? []
    const bounds = [{ revision: 0, value: null }, ...steps]
    return bounds.some((step, i) => {
      const isIt = version === null ? step.value === null : step.value !== null && step.revision === version
      const until = (bounds[i + 1]?.revision ?? Infinity) - 1
      return isIt && step.revision <= most && until >= least
    })
  }

  /** The time-box that the key was in at this revision. */
  boxAt(key: string, revision: number): Box | null {
    const boxes = this.#boxesByKey.get(key) ?? []
    for (let i = boxes.length - 1; i >= 0; i--) {
      const box = boxes[i]
      if (box === undefined || box.setBy > revision) continue
      return box.endedBy === null || box.endedBy > revision ? box : null
    }
    return null
  }

  #follow(entry: Entry): void {
    const isRevert = entry.kind === 'revert'
    for (const { key, before, after } of entry.changes) {
      // The entry of a recovery gives items new versions, and does not change values or time-boxes.
      const pending = entry.kind === 'recovered' ? null : this.#openBox(key)
      if (pending !== null) {
        pending.endedBy = entry.revision
        pending.ended = isRevert && pending.setBy === entry.ends ? 'revert' : 'hand'
      }
      if (entry.revertsAt !== null && !isRevert) {
        const to = pending === null ? before : pending.to
        const box: Box = { key, setBy: entry.revision, at: entry.revertsAt, to, endedBy: null, ended: null }
        this.boxes.push(box)
        getList(this.#boxesByKey, key).push(box)
      }
      getList(this.#steps, key).push({ revision: entry.revision, value: after })
    }
  }

  #openBox(key: string): Box | null {
    const box = this.#boxesByKey.get(key)?.at(-1)
    return box !== undefined && box.endedBy === null ? box : null
  }
}

function getList<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key)
  if (known !== undefined) return known
  const list: T[] = []
  map.set(key, list)
  return list
}

function lastAtMost(steps: Step[], revision: number): number {
  let [low, high] = [0, steps.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle]?.revision ?? Infinity) <= revision) low = middle + 1
    else high = middle
  }
  return low - 1
}
