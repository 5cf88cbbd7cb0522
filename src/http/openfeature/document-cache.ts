/**
 * Keeps the texts of documents on every flag of a stash. They follow from the snapshot alone, so one text serves all cache entries
 * with the same snapshot: a reader that polls costs nothing but its answers. Few stashes are read in such a form, so the texts have a
 * limit of their own, instead of a part in the weight of each cache entry.
 */
import type { LiveSnapshot } from '../../model/snapshot/snapshot.ts'

type Kept = { snapshot: WeakRef<LiveSnapshot>; text: string }

export class DocumentCache {
  readonly #kept = new Map<string, Kept>()
  readonly #maxChars: number
  #chars = 0

  /** @param maxChars the limit of all kept texts together; a character may take two bytes */
  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** The document of this name on the snapshot. It is written if it is not kept. */
  get(snapshot: LiveSnapshot, name: string, write: (snapshot: LiveSnapshot) => string): string {
    const id = `${snapshot.stashId} ${name}`
    const known = this.#kept.get(id)
    if (known?.snapshot.deref() === snapshot) return known.text
    this.#drop(id)
    const text = write(snapshot)
    if (text.length > this.#maxChars) return text
    this.#kept.set(id, { snapshot: new WeakRef(snapshot), text })
    this.#chars += text.length
    for (const oldest of this.#kept.keys()) {
      if (this.#chars <= this.#maxChars) break
      this.#drop(oldest)
    }
    return text
  }

  #drop(id: string): void {
    this.#chars -= this.#kept.get(id)?.text.length ?? 0
    this.#kept.delete(id)
  }
}
