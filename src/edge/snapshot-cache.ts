/**
 * What this isolate remembers: the last snapshot of each stash it was asked for, newest wins, bounded.
 *
 * The least recently written entry leaves first; a stash that is read is written every second. An entry also
 * carries what is known to be absent, so that a stash which is gone does not cost a look-up per request.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'

/** One look-up's outcome. But for its last two members never changed, only replaced: what is derived from it can be kept with it. */
export type CacheEntry = {
  /** Null: there is no such stash. */
  readonly snapshot: Snapshot | null
  /** The store that its bytes came from. */
  readonly source: 'kv' | 'object'
  /** When it was last compared with the stores. */
  readonly checkedAt: number
  /** Whether the object itself stood behind it then. */
  readonly vouched: boolean
  /** When it was last known to be the truth: vouched for, or written down by the object. */
  readonly validAsOf: number
  /** A revision that a write through this isolate made, and when: what was asked for earlier may miss it. */
  readonly expected: { readonly revision: number; readonly at: number } | null
  /** From then on the hot path leaves a read to the look-up, which sees to it that the copy is kept confirmed. */
  hotUntil: number
  /** When it was last read from memory, in ms since the epoch. */
  readAt: number
}

export class SnapshotCache {
  readonly #entries = new Map<string, CacheEntry>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get(stashId: string): CacheEntry | undefined {
    return this.#entries.get(stashId)
  }

  set(stashId: string, memo: CacheEntry): void {
    this.#evict(stashId)
    this.#entries.set(stashId, memo)
    this.#bytes += estimateBytes(memo)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
      if (oldest !== stashId) this.#evict(oldest)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  #evict(stashId: string): void {
    const memo = this.#entries.get(stashId)
    if (memo === undefined) return
    this.#entries.delete(stashId)
    this.#bytes -= estimateBytes(memo)
  }
}

/** The characters of a copy's keys and values, and how many items these are. */
type Size = { chars: number; items: number }

const sizes = new WeakMap<Snapshot, Size>()

function measure(snapshot: Snapshot): Size {
  const known = sizes.get(snapshot)
  if (known !== undefined) return known
  const size = { chars: 0, items: snapshot.flags.size }
  for (const { key, value } of snapshot.flags.values()) size.chars += key.length + value.length
  for (const { key, to } of snapshot.reverts) size.chars += key.length + (to?.value.length ?? 0)
  sizes.set(snapshot, size)
  return size
}

/**
 * Roughly: two bytes a character, four times, because evaluations keep each flag written out alone and in the list, and reads
 * keep all of them in one answer; what Map entries and objects cost; and what may be kept of selections.
 */
function estimateBytes({ snapshot }: CacheEntry): number {
  if (snapshot === null) return 200
  const { chars, items } = measure(snapshot)
  return 400 + 500 * items + 8 * chars + getSelectionsMaxBytes(snapshot)
}

/** How many bytes may be kept with a copy of answers that select some of its keys: as much as its own texts, or some small ones. */
export function getSelectionsMaxBytes(snapshot: Snapshot): number {
  const { chars, items } = measure(snapshot)
  return 8 * 1024 + 100 * items + 2 * chars
}
