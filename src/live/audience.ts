/**
 * The sockets of one object: who is told of which revisions, and who is too slow.
 *
 * Sockets hibernate: the object may be gone from memory between two events while they stay. What must outlive
 * that lies in a socket's attachment; the rest is found out again. A socket is told each revision once, in order:
 * its cursor says what it has been told, also where it joined in the middle of telling the others.
 */
import type { Hall, Seated } from './hall.ts'
import type { Filter, WatchEvent } from '../model/watch-event.ts'
import { writeEvent } from '../model/watch-event.ts'

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

  /** Takes a socket in, which is told `events` at once and everything after `cursor` from now on. */
  admit(socket: S, filter: Filter, events: WatchEvent[], cursor: number): void {
    this.#hall.accept(socket)
    socket.serializeAttachment({ joinedAt: cursor, filter } satisfies Attachment)
    const seat: Seat = { cursor, filter, unheard: 0, heardAt: 0 }
    this.#seats.set(socket, seat)
    for (const event of events) this.#send(socket, seat, writeEvent(event, filter))
    // A large beginning is no sign of being slow.
    seat.unheard = 0
  }

  /** Tells everybody who does not know yet, in slices. */
  async tell(event: WatchEvent): Promise<void> {
    const texts = new Map<string, string | null>()
    let sent = 0
    for (const socket of this.#hall.sockets()) {
      const seat = this.#seatOf(socket)
      if (seat.cursor >= event.revision) continue
      seat.cursor = event.revision
      const name = JSON.stringify(seat.filter)
      let text = texts.get(name)
      if (text === undefined) texts.set(name, (text = writeEvent(event, seat.filter)))
      this.#send(socket, seat, text)
      if (++sent % SLICE === 0) await this.#hall.pause()
    }
  }

  /** Nothing comes any more. */
  end(event: WatchEvent): void {
    for (const socket of this.#hall.sockets()) {
      this.#send(socket, this.#seatOf(socket), writeEvent(event, null))
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
    try {
      socket.send(text)
    } catch {
      // It has gone in this very moment. It resumes.
    }
  }

  #seatOf(socket: S): Seat {
    const known = this.#seats.get(socket)
    if (known !== undefined) return known
    // What `admit` wrote: nothing else writes attachments.
    const { joinedAt, filter } = socket.deserializeAttachment() as Attachment
    const seat: Seat = { cursor: Math.max(joinedAt, this.#toldBefore), filter, unheard: 0, heardAt: 0 }
    this.#seats.set(socket, seat)
    return seat
  }
}

/** Watchers listen. The one thing they may say is "ping", and that never comes here. */
export function refuseMessage(socket: Seated, message: string | ArrayBuffer): void {
  const size = typeof message === 'string' ? message.length : message.byteLength
  if (size > MESSAGE_MAX_CHARS) close(socket, CLOSE.large, 'watchers listen, and say "ping" at most')
  else close(socket, CLOSE.policy, 'watchers listen, and say "ping" at most')
}

const MESSAGE_MAX_CHARS = 1024

export function close(socket: Seated, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // Closed already.
  }
}
