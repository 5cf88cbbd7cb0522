/**
 * The connections of one object: what each of them has been sent, and which are too slow.
 *
 * Sockets hibernate: the object may be gone from memory between two events while they stay. What must outlive
 * that lies in a socket's attachment; the rest is found out again. A connection is sent each revision once, in order:
 * its cursor says what it has been sent, also where it was accepted in the middle of a broadcast.
 */
import type { HibernatingSockets, Socket } from './hibernating-sockets.ts'
import { frame, SharedFilters, SharedMessages, type SharedFilter } from './shared-messages.ts'
import { serializeEvent, type Filter, type Framing, type WatchEvent } from '../model/snapshot/watch-event.ts'
import { getStatusDigest, serializeStatus, type WatchStatus } from '../model/snapshot/watch-status.ts'

/** After so many sends waiting requests get their turn, writes first of all. */
const SENDS_PER_TURN = 64
/**
 * How long a broadcast takes at least for each message that it sends. Sending one takes half of this, so requests have the other half
 * of the object's time, however often the stash changes, and changes that come meanwhile are sent together.
 */
const SEND_MS = 0.2
/** A broadcast that is shorter than this takes no longer than it does. */
const PACE_MIN_MS = 10
/**
 * Backpressure limit: characters sent since the last ping. The runtime does not expose its send buffer. Past it the connection is
 * closed with 1013, and the client resumes.
 */
const UNACKED_MAX_CHARS = 1024 * 1024

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const CLOSE = { done: 1000, policy: 1008, large: 1009, slow: 1013 } as const

/** What a watcher asked for besides its filter. */
export type AcceptOptions = {
  framing?: Framing
  /** The status that is among the first texts; null: it is not known yet; undefined: the watcher did not ask for it. */
  status?: WatchStatus | null | undefined
}

/** Attachments outlive a deploy: older versions of the code leave out what they do not know. */
type Attachment = { joinedAt: number; filter: Filter; batch?: boolean; lines?: boolean; status?: number | null }
type Connection = {
  /** The last revision that it has been sent, or that did not concern it. */
  cursor: number
  filter: SharedFilter
  framing: Framing
  /** The digest of the status that it received last; null: none yet; undefined: it did not ask for it. */
  status: number | null | undefined
  /** Sent since its last ping, and when that was. */
  unackedChars: number
  lastPingAt: number
}

export class ConnectionManager<S extends Socket = WebSocket> {
  readonly #sockets: HibernatingSockets<S>
  readonly #connections = new WeakMap<S, Connection>()
  readonly #filters = new SharedFilters()
  /** Null: this instance has not looked. */
  #wantsStatus: boolean | null = null
  /** The revision that all connections from before this instance woke have been sent. */
  readonly #sentBefore: number

  constructor(sockets: HibernatingSockets<S>, sentBefore: number) {
    this.#sockets = sockets
    this.#sentBefore = sentBefore
  }

  get size(): number {
    return this.#sockets.all().length
  }

  /** How many connections an address has here. */
  countFrom(address: string | null): number {
    return address === null ? 0 : this.#sockets.from(address).length
  }

  /** Accepts a socket, which is sent `texts` at once and everything after `cursor` from now on. */
  accept(
    socket: S,
    filter: Filter,
    texts: string[],
    cursor: number,
    address: string | null = null,
    { framing = 'single', status }: AcceptOptions = {},
  ): void {
    this.#sockets.accept(socket, address)
    if (status !== undefined) this.#wantsStatus = true
    const attachment: Attachment = {
      joinedAt: cursor,
      filter,
      ...toMembers(framing),
      ...(status !== undefined && { status: status && getStatusDigest(status) }),
    }
    socket.serializeAttachment(attachment)
    this.#connections.set(socket, this.#createConnection(attachment, cursor))
    // Not counted: a large beginning is no sign of being slow.
    for (const text of frame(texts, framing)) deliver(socket, text)
  }

  /**
   * Sends several events in order: to each watcher those after its cursor. After them comes the status, to those who asked for it
   * and received another one last. It is about all keys, whatever their filter. Resolves when the next broadcast may begin.
   */
  async broadcast(events: WatchEvent[], status: WatchStatus | null = null): Promise<void> {
    const head = events.at(-1)?.revision ?? -1
    const digest = status && getStatusDigest(status)
    const messages = new SharedMessages(events)
    const beganAt = Date.now()
    let total = 0
    let sent = 0
    for (const socket of this.#sockets.all()) {
      const connection = this.#getConnection(socket)
      const statusDiffers = status !== null && connection.status !== undefined && connection.status !== digest
      if (connection.cursor >= head && !statusDiffers) continue
      const { cursor } = connection
      connection.cursor = Math.max(cursor, head)
      // A watcher may resume from any revision that it has seen, so that of the status must not be past an event that comes later.
      const statusText = statusDiffers ? serializeStatus(status, connection.cursor) : null
      if (statusDiffers) this.#noteStatus(socket, connection, digest)
      const due = messages.after(cursor, connection.filter, connection.framing, statusText)
      for (const text of due) this.#send(socket, connection, text)
      sent += Math.max(1, due.length)
      if (sent < SENDS_PER_TURN) continue
      total += sent
      sent = 0
      await this.#sockets.yieldToRequests()
    }
    const restMs = (total + sent) * SEND_MS - Math.max(0, Date.now() - beganAt)
    if (restMs >= PACE_MIN_MS) await this.#sockets.wait(restMs)
  }

  /** Whether a watcher may have asked for the status. It stays true when that watcher leaves, until the object sleeps. */
  get wantsStatus(): boolean {
    return (this.#wantsStatus ??= this.#sockets
      .all()
      .some((socket) => this.#getConnection(socket).status !== undefined))
  }

  /** Nothing comes any more. */
  end(event: WatchEvent): void {
    const text = serializeEvent(event, null) ?? ''
    for (const socket of this.#sockets.all()) {
      this.#send(socket, this.#getConnection(socket), text)
      close(socket, CLOSE.done, 'the stash was deleted')
    }
  }

  #send(socket: S, connection: Connection, text: string): void {
    const lastPingAt = this.#sockets.lastPingAt(socket)
    if (lastPingAt > connection.lastPingAt) {
      connection.lastPingAt = lastPingAt
      connection.unackedChars = 0
    }
    connection.unackedChars += text.length
    if (connection.unackedChars > UNACKED_MAX_CHARS && connection.unackedChars > text.length) {
      close(socket, CLOSE.slow, 'too slow: send "ping" now and then, and resume with ?after=')
      return
    }
    deliver(socket, text)
  }

  #getConnection(socket: S): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    // What `accept` wrote: nothing else writes attachments.
    const attachment = socket.deserializeAttachment() as Attachment
    const connection = this.#createConnection(attachment, Math.max(attachment.joinedAt, this.#sentBefore))
    this.#connections.set(socket, connection)
    return connection
  }

  /** The attachment outlives the instance, so that the next one does not send the same status again. */
  #noteStatus(socket: S, connection: Connection, digest: number | null): void {
    connection.status = digest
    const { cursor: joinedAt, framing } = connection
    socket.serializeAttachment({
      joinedAt,
      filter: connection.filter.filter,
      ...toMembers(framing),
      status: digest,
    } satisfies Attachment)
  }

  #createConnection({ filter, batch = false, lines = false, status }: Attachment, cursor: number): Connection {
    const framing = lines ? 'lines' : batch ? 'array' : 'single'
    return { cursor, filter: this.#filters.get(filter), framing, status, unackedChars: 0, lastPingAt: 0 }
  }
}

const toMembers = (framing: Framing): Pick<Attachment, 'batch' | 'lines'> => ({
  ...(framing === 'array' && { batch: true }),
  ...(framing === 'lines' && { lines: true }),
})

/** Watchers listen. The one thing they may say is "ping", and that never comes here. */
export function refuseMessage(socket: Socket, message: string | ArrayBuffer): void {
  const size = typeof message === 'string' ? message.length : message.byteLength
  if (size > MESSAGE_MAX_CHARS) close(socket, CLOSE.large, 'watchers listen, and say "ping" at most')
  else close(socket, CLOSE.policy, 'watchers listen, and say "ping" at most')
}

const MESSAGE_MAX_CHARS = 1024

function deliver(socket: Socket, text: string): void {
  try {
    socket.send(text)
  } catch {
    // It has gone in this very moment. It resumes.
  }
}

export function close(socket: Socket, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // Closed already.
  }
}
