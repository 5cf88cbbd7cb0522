/**
 * The sockets of one object: who is told of which revisions, and who is too slow.
 *
 * Sockets hibernate: the object may be gone from memory between two events while they stay. What must outlive
 * that lies in a socket's attachment; the rest is found out again. A socket is told each revision once, in order:
 * its cursor says what it has been told, also where it joined in the middle of telling the others.
 */
import type { Hall, Seated } from './hall.ts'
import type { Filter, WatchEvent } from '../model/snapshot/watch-event.ts'
import { compileFilter, serializeEvent } from '../model/snapshot/watch-event.ts'
import { getStatusDigest, serializeStatus, type WatchStatus } from '../model/snapshot/watch-status.ts'
import type { KeyMatcher } from '../model/access/key-matcher.ts'

/** Sent to so many, others get their turn: requests, and writers first of all. */
const SLICE = 64
/** What may lie in the runtime for a client that shows no sign of life. Past it the client is let go, and resumes. */
const UNHEARD_MAX_CHARS = 1024 * 1024

/** How many characters of texts one broadcast keeps for the watchers that come next. */
const SHARED_MAX_CHARS = 16 * 1024 * 1024

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const CLOSE = { done: 1000, policy: 1008, large: 1009, slow: 1013 } as const

/** What a watcher asked for besides its filter. */
export type AdmitOptions = {
  /** Whether events that are sent at once are sent as one message, a JSON array. */
  batch?: boolean
  /** The status that is among the first texts; null: it is not known yet; undefined: the watcher did not ask for it. */
  status?: WatchStatus | null | undefined
}

/** Attachments outlive a deploy: older versions of the code leave out what they do not know. */
type Attachment = { joinedAt: number; filter: Filter; batch?: boolean; status?: number | null }
type Seat = {
  /** The last revision that it has been told, or that did not concern it. */
  cursor: number
  filter: SharedFilter
  batch: boolean
  /** The digest of the status that it received last; null: none yet; undefined: it did not ask for it. */
  status: number | null | undefined
  /** Sent since it was last heard of, and when that was. */
  unheard: number
  heardAt: number
}

/**
 * A filter, compiled once for all watchers that have it. Watchers with the same name receive the same text. The name is made
 * once, because a list of a hundred keys is long.
 */
type SharedFilter = { filter: Filter; name: string; matches: KeyMatcher | null }
/** The number of filters that later watchers can share. Past it they compile theirs again, which costs some memory. */
const SHARED_FILTERS_MAX = 256

export class Audience<S extends Seated = WebSocket> {
  readonly #hall: Hall<S>
  readonly #seats = new WeakMap<S, Seat>()
  readonly #filters = new Map<string, SharedFilter>()
  /** Null: this instance has not looked. */
  #wantsStatus: boolean | null = null
  /** What all who were here before this instance woke have been told. */
  readonly #toldBefore: number

  constructor(hall: Hall<S>, toldBefore: number) {
    this.#hall = hall
    this.#toldBefore = toldBefore
  }

  get size(): number {
    return this.#hall.sockets().length
  }

  /** How many places an address has taken here. */
  heldBy(address: string | null): number {
    return address === null ? 0 : this.#hall.socketsFrom(address).length
  }

  /** Takes a socket in, which is told `texts` at once and everything after `cursor` from now on. */
  admit(
    socket: S,
    filter: Filter,
    texts: string[],
    cursor: number,
    address: string | null = null,
    { batch = false, status }: AdmitOptions = {},
  ): void {
    this.#hall.accept(socket, address)
    if (status !== undefined) this.#wantsStatus = true
    const attachment: Attachment = {
      joinedAt: cursor,
      filter,
      ...(batch && { batch }),
      ...(status !== undefined && { status: status && getStatusDigest(status) }),
    }
    socket.serializeAttachment(attachment)
    this.#seats.set(socket, this.#createSeat(attachment, cursor))
    // Not counted: a large beginning is no sign of being slow.
    for (const text of batch && texts.length > 0 ? [toBatch(texts)] : texts) deliver(socket, text)
  }

  /** Tells everybody who does not know yet, in slices. */
  tell(event: WatchEvent): Promise<void> {
    return this.tellAll([event])
  }

  /**
   * Sends several events in order: to each watcher those after its cursor. After them comes the status, to those who asked for it
   * and received another one last. It is about all keys, whatever their filter.
   */
  async tellAll(events: WatchEvent[], status: WatchStatus | null = null): Promise<void> {
    const head = events.at(-1)?.revision ?? -1
    const digest = status && getStatusDigest(status)
    const messages = new SharedMessages(events)
    let sent = 0
    for (const socket of this.#hall.sockets()) {
      const seat = this.#seatOf(socket)
      const statusDiffers = status !== null && seat.status !== undefined && seat.status !== digest
      if (seat.cursor >= head && !statusDiffers) continue
      const { cursor } = seat
      seat.cursor = Math.max(cursor, head)
      // A watcher may resume from any revision that it has seen, so that of the status must not be past an event that comes later.
      const statusText = statusDiffers ? serializeStatus(status, seat.cursor) : null
      if (statusDiffers) this.#noteStatus(socket, seat, digest)
      const due = messages.after(cursor, seat, statusText)
      for (const text of due) this.#send(socket, seat, text)
      sent += Math.max(1, due.length)
      if (sent < SLICE) continue
      sent = 0
      await this.#hall.pause()
    }
  }

  /** Whether a watcher may have asked for the status. It stays true when that watcher leaves, until the object sleeps. */
  get wantsStatus(): boolean {
    return (this.#wantsStatus ??= this.#hall.sockets().some((socket) => this.#seatOf(socket).status !== undefined))
  }

  /** Nothing comes any more. */
  end(event: WatchEvent): void {
    const text = serializeEvent(event, null) ?? ''
    for (const socket of this.#hall.sockets()) {
      this.#send(socket, this.#seatOf(socket), text)
      close(socket, CLOSE.done, 'the stash was deleted')
    }
  }

  #send(socket: S, seat: Seat, text: string): void {
    const heardAt = this.#hall.heardAt(socket)
    if (heardAt > seat.heardAt) {
      seat.heardAt = heardAt
      seat.unheard = 0
    }
    seat.unheard += text.length
    if (seat.unheard > UNHEARD_MAX_CHARS && seat.unheard > text.length) {
      close(socket, CLOSE.slow, 'too slow: send "ping" now and then, and resume with ?after=')
      return
    }
    deliver(socket, text)
  }

  #seatOf(socket: S): Seat {
    const known = this.#seats.get(socket)
    if (known !== undefined) return known
    // What `admit` wrote: nothing else writes attachments.
    const attachment = socket.deserializeAttachment() as Attachment
    const seat = this.#createSeat(attachment, Math.max(attachment.joinedAt, this.#toldBefore))
    this.#seats.set(socket, seat)
    return seat
  }

  /** The attachment outlives the instance, so that the next one does not send the same status again. */
  #noteStatus(socket: S, seat: Seat, digest: number | null): void {
    seat.status = digest
    const { cursor: joinedAt, batch } = seat
    socket.serializeAttachment({ joinedAt, filter: seat.filter.filter, batch, status: digest } satisfies Attachment)
  }

  #createSeat({ filter, batch = false, status }: Attachment, cursor: number): Seat {
    return { cursor, filter: this.#shareFilter(filter), batch, status, unheard: 0, heardAt: 0 }
  }

  #shareFilter(filter: Filter): SharedFilter {
    const name = filter === null ? '' : JSON.stringify(filter)
    const known = this.#filters.get(name)
    if (known !== undefined) return known
    if (this.#filters.size >= SHARED_FILTERS_MAX) this.#filters.clear()
    const shared = { filter, name, matches: compileFilter(filter) }
    this.#filters.set(name, shared)
    return shared
  }
}

/**
 * The messages that carry some events. Watchers with the same filter and cursor share one text. Strangers can open watches with
 * thousands of filters, so only so many characters are kept; a text that was dropped is made again.
 */
class SharedMessages {
  readonly #events: WatchEvent[]
  readonly #known = new Map<string, string[]>()
  #chars = 0

  constructor(events: WatchEvent[]) {
    this.#events = events
  }

  /**
   * The messages with the events after the cursor that the watcher's filter lets through, and with the status: one for each, or
   * one for all.
   */
  after(cursor: number, { filter: { filter, name, matches }, batch }: Seat, statusText: string | null): string[] {
    const found = this.#events.findIndex(({ revision }) => revision > cursor)
    const first = found === -1 ? this.#events.length : found
    const id = `${first} ${batch} ${statusText ?? ''} ${name}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const texts = this.#events.slice(first).flatMap((event) => serializeEvent(event, filter, matches) ?? [])
    if (statusText !== null) texts.push(statusText)
    const messages = batch && texts.length > 1 ? [toBatch(texts)] : texts
    this.#chars += messages.reduce((sum, text) => sum + text.length, 0)
    if (this.#chars > SHARED_MAX_CHARS) {
      this.#known.clear()
      this.#chars = 0
    }
    this.#known.set(id, messages)
    return messages
  }
}

/** The texts are JSON. */
const toBatch = (texts: string[]): string => `[${texts.join(',')}]`

/** Watchers listen. The one thing they may say is "ping", and that never comes here. */
export function refuseMessage(socket: Seated, message: string | ArrayBuffer): void {
  const size = typeof message === 'string' ? message.length : message.byteLength
  if (size > MESSAGE_MAX_CHARS) close(socket, CLOSE.large, 'watchers listen, and say "ping" at most')
  else close(socket, CLOSE.policy, 'watchers listen, and say "ping" at most')
}

const MESSAGE_MAX_CHARS = 1024

function deliver(socket: Seated, text: string): void {
  try {
    socket.send(text)
  } catch {
    // It has gone in this very moment. It resumes.
  }
}

export function close(socket: Seated, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // Closed already.
  }
}
