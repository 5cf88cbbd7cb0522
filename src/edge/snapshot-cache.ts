/**
 * The cache of this isolate: one entry for each stash that was read, bounded by number and by estimated size. It evicts the least
 * recently written entry; each look-up and each refresh writes it, so the entry of an existing stash that is read is written
 * about every second. A stash that does not exist has an entry as well, so that not every request for it costs a look-up.
 */
import type { Snapshot } from '../model/snapshot/snapshot.ts'

/**
 * A cache entry: the outcome of a look-up. Only `fastPathUntil` and `readAt` are mutable, so a WeakMap can keep derived values by
 * entry.
 */
export type CacheEntry = {
  /** Null: there is no such stash; or, in an entry that is not vouched, none was read yet. */
  readonly snapshot: Snapshot | null
  /** The store that the snapshot came from. */
  readonly source: 'kv' | 'object'
  /** When a look-up or refresh-ahead last asked a store about the snapshot. In an outage no store may have answered. */
  readonly checkedAt: number
  /** For how long from `checkedAt` on it may be served without another question, in ms: the lease of its vouch. */
  readonly freshMs: number
  /** Whether the object confirmed the snapshot at `validAsOf`. */
  readonly vouched: boolean
  /** When the snapshot was last known to be current: the time of its last vouch, or else when the object published it. */
  readonly validAsOf: number
  /** The revision that a write or watch through this isolate returned, and when. An answer to an earlier request may be older. */
  readonly expected: { readonly revision: number; readonly at: number } | null
  /** From this time on the fast path leaves reads to `SnapshotReader`, which starts refresh-ahead. */
  fastPathUntil: number
  /** When a read was last answered from this entry, in ms since the epoch. */
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

  set(stashId: string, entry: CacheEntry): void {
    this.#evict(stashId)
    this.#entries.set(stashId, entry)
    this.#bytes += estimateBytes(entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
      if (oldest !== stashId) this.#evict(oldest)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  #evict(stashId: string): void {
    const entry = this.#entries.get(stashId)
    if (entry === undefined) return
    this.#entries.delete(stashId)
    this.#bytes -= estimateBytes(entry)
  }
}

/** The number of characters in a snapshot's keys and values, with those of its pending reverts, and the number of its flags. */
type Size = { chars: number; items: number }

const sizes = new WeakMap<Snapshot, Size>()

function measure(snapshot: Snapshot): Size {
  const known = sizes.get(snapshot)
  if (known !== undefined) return known
  const size = { chars: 0, items: snapshot.flags.size }
  for (const { key, value } of snapshot.flags.values()) size.chars += key.length + value.length
  for (const { key, to } of snapshot.reverts) size.chars += key.length + (to?.value.length ?? 0)
  for (const [key, text] of snapshot.descriptions) size.chars += key.length + text.length
  sizes.set(snapshot, size)
  return size
}

/**
 * An estimate of an entry's memory: two bytes a character, four times, because the text of each flag is also kept in its
 * evaluation, in the bulk evaluation and in the lists of all flags; the overhead of Map entries and objects, the members of the
 * list with `meta`, the samples of metrics and the answers of gates; and selections.
 */
function estimateBytes({ snapshot }: CacheEntry): number {
  if (snapshot === null) return 200
  const { chars, items } = measure(snapshot)
  return 400 + 1_500 * items + 8 * chars + getSelectionsMaxBytes(snapshot)
}

/**
 * The limit for the responses that are kept with a cache entry and select some of its keys: the size of the snapshot's own
 * texts, and enough for some small responses.
 */
export function getSelectionsMaxBytes(snapshot: Snapshot): number {
  const { chars, items } = measure(snapshot)
  return 8 * 1024 + 100 * items + 2 * chars
}
