/**
 * The last changes of a stash, oldest first and without a gap, with their texts. A watcher that has missed no more than these gets them;
 * any other gets a snapshot. They are bounded in number and in bytes.
 */
import { countBytes } from '../item.ts'
import { compileFilter, serializeEvent, type Filter, type WatchEvent } from './watch-event.ts'

/** A watcher that has missed more changes gets a snapshot. */
export const REPLAY_MAX_CHANGES = 100
/** This is below the backpressure limit of a stream (`http/watch/backpressure.ts`): missed changes alone must not exceed that. */
export const REPLAY_MAX_BYTES = 192 * 1024

/** An event with its text for watchers of every key, in bytes of UTF-8. */
export type TextedEvent = { event: WatchEvent; text: string; bytes: number }

export function toTextedEvent(event: WatchEvent, filter: Filter = null): TextedEvent {
  const text = serializeEvent(event, filter)
  if (text === null) throw new Error('a watcher of everything is sent every event')
  return { event, text, bytes: countBytes(text) }
}

export class RecentEvents {
  #events: TextedEvent[] = []
  #bytes = 0
  #from = -1
  #head = -1

  /** The revision of the last event. */
  get head(): number {
    return this.#head
  }

  /** Forgets every event. The next one is that of the following revision. */
  reset(head: number): void {
    this.#events = []
    this.#bytes = 0
    this.#from = head
    this.#head = head
  }

  /** Adds the change of the revision after the head. */
  add(added: TextedEvent): void {
    if (added.event.revision !== this.#head + 1) throw new Error('the recent events would have a gap')
    this.#head = added.event.revision
    this.#events.push(added)
    this.#bytes += added.bytes
    while (this.#events.length > REPLAY_MAX_CHANGES || this.#bytes > REPLAY_MAX_BYTES) {
      const oldest = this.#events.shift()
      if (oldest === undefined) throw new Error('no recent events are too large')
      this.#bytes -= oldest.bytes
      this.#from = oldest.event.revision
    }
  }

  /** The texts of the changes after this revision; null where they are not all here, or the revision is past the head. */
  textsSince(after: number, filter: string[] | null): string[] | null {
    if (after < this.#from || after > this.#head) return null
    const missed = this.#events.filter(({ event }) => event.revision > after)
    const matches = compileFilter(filter)
    return missed.flatMap(({ event, text }) =>
      filter === null ? text : (serializeEvent(event, filter, matches) ?? []),
    )
  }
}
