/**
 * The copy of a stash in a hub: every flag at one revision, and the last changes. Watchers that join are answered from it, so that a
 * crowd of them costs the stash nothing. It is in memory only: a hub that wakes loads it again.
 */
import { RecentEvents, toTextedEvent } from '../model/snapshot/recent-events.ts'
import { StashCopy } from '../model/snapshot/stash-copy.ts'
import type { Filter, Missed, WatchEvent } from '../model/snapshot/watch-event.ts'

export class HubCopy {
  #copy: StashCopy | null = null
  readonly #recent = new RecentEvents()
  /** Cursors past this may be of a history that the stash has lost: see `Recovery`. */
  #knownUpTo = -Infinity

  /** Null: nothing was loaded. */
  get revision(): number | null {
    return this.#copy?.revision ?? null
  }

  forget(): void {
    this.#copy = null
  }

  /** Applies the events since this copy, or a snapshot: an answer of the stash. */
  load({ events, knownUpTo = -Infinity }: Missed): void {
    this.#knownUpTo = knownUpTo
    for (const event of events) this.follow(event)
  }

  /** Takes over the changes that lead to this copy: a second answer of the stash. */
  loadRecent({ events }: Missed): void {
    const [first] = events
    if (this.#copy === null || first?.type !== 'change') return
    this.#recent.reset(first.revision - 1)
    for (const event of events) {
      this.#recent.add(toTextedEvent(event))
      this.#apply(event)
    }
    // The stash has sent further changes meanwhile.
    const { revision } = this
    if (revision !== null && this.#recent.head !== revision) this.#recent.reset(revision)
  }

  /** Follows an event. One that is in this copy changes nothing; after a gap this copy is forgotten. */
  follow(event: WatchEvent): void {
    if (event.type === 'snapshot') return this.#replace(event)
    if (this.#copy === null || event.revision <= this.#copy.revision) return
    if (event.revision === this.#recent.head + 1) this.#recent.add(toTextedEvent(event))
    this.#apply(event)
  }

  /**
   * The texts of the events that a watcher has missed. A watcher that has seen a later revision than this copy gets a snapshot.
   * @param after the last revision that the watcher has seen; null: none
   */
  textsSince(after: number | null, filter: Filter): string[] {
    if (this.#copy === null) throw new Error('the hub has no copy')
    const { revision } = this.#copy
    const cursor = after !== null && after > this.#knownUpTo ? null : after
    if (cursor === revision) return []
    if (filter === 'revisions') return [toTextedEvent({ type: 'snapshot', revision, values: [] }, filter).text]
    const texts = cursor === null || this.#recent.head !== revision ? null : this.#recent.textsSince(cursor, filter)
    return texts ?? [this.#copy.snapshotText(filter)]
  }

  #apply(event: WatchEvent): void {
    const { revision } = this
    if (revision === null || event.revision <= revision) return
    if (event.type === 'change' && event.revision === revision + 1) this.#copy?.apply(event)
    else this.forget()
  }

  #replace({ revision, values, ...event }: WatchEvent & { type: 'snapshot' }): void {
    if (this.#copy !== null && revision <= this.#copy.revision) return
    this.#copy = new StashCopy(revision, values, event.reverts ?? [])
    this.#recent.reset(revision)
  }
}
