/**
 * Values that are derived from a cache entry and kept with it, such as prepared responses. While a stash is read, its entry is
 * replaced about once a second; the entry of a stash that is not read stays in the cache. So everything is dropped every few
 * seconds, and an entry that is still read derives its values once more.
 */
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'

const KEPT_MS = 5_000

/**
 * A response without a body, as the second argument of `new Response`, which takes its status and its headers. The runtime reads
 * them off a response without a look at the members that an object may have: that costs a fiftieth of a request less.
 */
export const createTemplate = (init: ResponseInit): Response => new Response(null, init)

export class PreparedByEntry<T> {
  readonly #create: () => T
  #values = new WeakMap<LiveEntry, T>()
  #since = 0

  constructor(create: () => T) {
    this.#create = create
  }

  get(entry: LiveEntry): T {
    const known = this.#values.get(entry)
    if (known !== undefined) return known
    const now = Date.now()
    if (Math.abs(now - this.#since) > KEPT_MS) {
      this.#values = new WeakMap()
      this.#since = now
    }
    const created = this.#create()
    this.#values.set(entry, created)
    return created
  }
}
