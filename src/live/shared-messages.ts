/**
 * The messages of one broadcast. Connections with the same filter and cursor share one text, which is serialized once, and a filter
 * is compiled once for all connections that have it.
 */
import type { KeyMatcher } from '../model/access/key-matcher.ts'
import {
  compileFilter,
  serializeEvent,
  type Filter,
  type Framing,
  type WatchEvent,
} from '../model/snapshot/watch-event.ts'

/** How many characters of texts one broadcast keeps for the connections that come next. */
const SHARED_MAX_CHARS = 16 * 1024 * 1024
/** The number of filters that later connections can share. Past it they compile theirs again, which costs some memory. */
const SHARED_FILTERS_MAX = 256

/** The texts are JSON, so they have no line ends. */
export function frame(texts: string[], framing: Framing): string[] {
  if (framing === 'single' || texts.length === 0) return texts
  return [framing === 'lines' ? texts.join('\n') : `[${texts.join(',')}]`]
}

/** A filter with its name, which is made once, because a list of a hundred keys is long. */
export type SharedFilter = { filter: Filter; name: string; matches: KeyMatcher | null }

export class SharedFilters {
  readonly #filters = new Map<string, SharedFilter>()

  get(filter: Filter): SharedFilter {
    const name = filter === null ? '' : JSON.stringify(filter)
    const known = this.#filters.get(name)
    if (known !== undefined) return known
    if (this.#filters.size >= SHARED_FILTERS_MAX) this.#filters.clear()
    const shared = { filter, name, matches: compileFilter(filter) }
    this.#filters.set(name, shared)
    return shared
  }
}

/** Strangers can open watches with thousands of filters, so only so many characters are kept; a text that was dropped is made again. */
export class SharedMessages {
  readonly #events: WatchEvent[]
  readonly #known = new Map<string, string[]>()
  #chars = 0

  constructor(events: WatchEvent[]) {
    this.#events = events
  }

  /** The messages with the events after the cursor that the filter lets through, and with the status after them. */
  after(
    cursor: number,
    { filter, name, matches }: SharedFilter,
    framing: Framing,
    statusText: string | null,
  ): string[] {
    const found = this.#events.findIndex(({ revision }) => revision > cursor)
    const first = found === -1 ? this.#events.length : found
    const id = `${first} ${framing} ${statusText ?? ''} ${name}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const texts = this.#events.slice(first).flatMap((event) => serializeEvent(event, filter, matches) ?? [])
    if (statusText !== null) texts.push(statusText)
    const messages = framing === 'array' && texts.length === 1 ? texts : frame(texts, framing)
    this.#chars += messages.reduce((sum, text) => sum + text.length, 0)
    if (this.#chars > SHARED_MAX_CHARS) {
      this.#known.clear()
      this.#chars = 0
    }
    this.#known.set(id, messages)
    return messages
  }
}
