/**
 * The sockets of one object: who is told of which revisions, and who is too slow.
 *
 * Sockets hibernate: the object may be gone from memory between two events while they stay. What must outlive
 * that lies in a socket's attachment; the rest is found out again. A socket is told each revision once, in order:
 * its cursor says what it has been told, also where it joined in the middle of telling the others.
 */
import type { Hall, Seated } from './hall.ts'
import type { Filter, WatchEvent } from '../model/snapshot/watch-event.ts'
import { serializeEvent } from '../model/snapshot/watch-event.ts'

/** Sent to so many, others get their turn: requests, and writers first of all. */
const SLICE = 64
/** What may lie in the runtime for a client that shows no sign of life. Past it the client is let go, and resumes. */
const UNHEARD_MAX_CHARS = 1024 * 1024

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const CLOSE = { done: 1000, policy: 1008, large: 1009, slow: 1013 } as const

type Attachment = { joinedAt: number; filter: Filter }
type Seat = {
  /** The last revision that it has been told, or that did not concern it. */
  cursor: number
  filter: Filter
  /** Those who share a name are told the same text. Made once: a list of a hundred keys is long. */
  filterName: string
  /** Sent since it was last heard of, and when that was. */
  unheard: number
  heardAt: number
}

export class Audience<S extends Seated = WebSocket> {
  readonly #hall: Hall<S>
  readonly #seats = new WeakMap<S, Seat>()
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
  admit(socket: S, filter: Filter, texts: string[], cursor: number, address: string | null = null): void {
    this.#hall.accept(socket, address)
    socket.serializeAttachment({ joinedAt: cursor, filter } satisfies Attachment)
    this.#seats.set(socket, newSeat(cursor, filter))
    // Not counted: a large beginning is no sign of being slow.
    for (const text of texts) deliver(socket, text)
  }

  /** Tells everybody who does not know yet, in slices. */
  async tell(event: WatchEvent): Promise<void> {
    const texts = new Map<string, string | null>()
    let sent = 0
    for (const socket of this.#hall.sockets()) {
      const seat = this.#seatOf(socket)
      if (seat.cursor >= event.revision) continue
      seat.cursor = event.revision
      let text = texts.get(seat.filterName)
      if (text === undefined) texts.set(seat.filterName, (text = serializeEvent(event, seat.filter)))
      this.#send(socket, seat, text)
      if (++sent % SLICE === 0) await this.#hall.pause()
    }
  }

  /** Nothing comes any more. */
  end(event: WatchEvent): void {
    for (const socket of this.#hall.sockets()) {
      this.#send(socket, this.#seatOf(socket), serializeEvent(event, null))
      close(socket, CLOSE.done, 'the stash was deleted')
    }
  }

  #send(socket: S, seat: Seat, text: string | null): void {
    if (text === null) return
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
    const { joinedAt, filter } = socket.deserializeAttachment() as Attachment
    const seat = newSeat(Math.max(joinedAt, this.#toldBefore), filter)
    this.#seats.set(socket, seat)
    return seat
  }
}

const newSeat = (cursor: number, filter: Filter): Seat => ({
  cursor,
  filter,
  filterName: filter === null ? '' : JSON.stringify(filter),
  unheard: 0,
  heardAt: 0,
})

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
