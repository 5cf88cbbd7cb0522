/**
 * What this isolate remembers: the last snapshot of each stash it was asked for, newest wins, bounded.
 *
 * Entries leave in the order of their last use. An entry also carries what is known to be absent, so that
 * a stash which is gone does not cost a look-up per request.
 */
import type { Snapshot } from '../model/snapshot.ts'

export type Memo = {
  /** Null: there is no such stash. */
  snapshot: Snapshot | null
  /** Where it was last read; 'memory' where no store had anything newer. */
  place: 'memory' | 'kv' | 'object'
  /** When it was last compared with the stores. */
  checkedAt: number
  /** When the object last said that this is the truth, or null where it could not be asked. */
  vouchedAt: number | null
  /** What was asked for up to then is out of date: this isolate has seen a later write. */
  staleUntil: number
}

export class Memory {
  readonly #memos = new Map<string, Memo>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get(stashId: string): Memo | undefined {
    return this.#memos.get(stashId)
  }

  set(stashId: string, memo: Memo): void {
    this.#forget(stashId)
    this.#memos.set(stashId, memo)
    this.#bytes += weigh(memo)
    for (const oldest of this.#memos.keys()) {
      if (this.#memos.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
      if (oldest !== stashId) this.#forget(oldest)
    }
  }

  #forget(stashId: string): void {
    const memo = this.#memos.get(stashId)
    if (memo === undefined) return
    this.#memos.delete(stashId)
    this.#bytes -= weigh(memo)
  }
}

/** Roughly: two bytes a character, and what a Map entry and an object cost. */
function weigh({ snapshot }: Memo): number {
  let bytes = 200
  if (snapshot === null) return bytes
  for (const { key, value } of snapshot.flags.values()) bytes += 200 + 2 * (key.length + value.length)
  return bytes
}
