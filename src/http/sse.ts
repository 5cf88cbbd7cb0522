/**
 * Server-Sent Events, held by the Worker over a socket to the object.
 *
 * The stream is the runtime's own, so a reader that falls behind shows in writes that do not settle: past a bound it is
 * let go, and resumes where it was. The object is never waited for by a reader, nor a reader by the object. A stream also
 * ends by its age: what one invocation may cost has an end, and clients resume.
 */
import { heedWrite } from './read.ts'
import { EXPOSED } from './reply.ts'

/** Well under the minute or so after which proxies drop what is silent. */
const KEEP_ALIVE_MS = 15_000
/** The socket is heard of by then, or it is dead. */
const SILENCE_MAX_MS = 3 * KEEP_ALIVE_MS
/**
 * What a reader may have unread. One message above it may be unread besides, because a stash as a whole is larger: it is a
 * snapshot, or a change of many keys. An isolate has 128 MB for all its streams.
 */
export const STREAM_UNREAD_MAX_BYTES = 256 * 1024
/** After so much the object hears that we are still there. */
const PING_EVERY_CHARS = 128 * 1024
/** Where it ends, a client waits between these, so that a thousand do not come back in the same moment. */
const RETRY_MS = { least: 500, most: 2_500 }

/** One invocation has a limit for its CPU time. A stream of a busy stash would reach it after days, in the middle of an event. */
const LIFETIME_MS = 30 * 60_000
/** Subtracted at random, up to this share: streams that began together do not all end together. */
const LIFETIME_JITTER = 1 / 8
/** How long a reader that is let go may take to read what was written before. */
const DRAIN_MS = 30_000

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // Or a proxy keeps events back until it has a buffer full.
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
}

type Head = { type: string; revision: number }

export type StreamOptions = {
  /** Of an event, but for its id. */
  fields?: (head: Head, data: string) => string
  lifetimeMs?: number
  drainMs?: number
}

const writeFields = ({ type }: Head, data: string): string => `event: ${type}\ndata: ${data}`

/** @param gone aborted when the client has left */
export function streamEvents(
  socket: WebSocket,
  stashId: string,
  gone: AbortSignal,
  { fields = writeFields, lifetimeMs = LIFETIME_MS, drainMs = DRAIN_MS }: StreamOptions = {},
): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const unread = new Unread()
  let unpinged = 0
  let heardAt = Date.now()
  let hasEnded = false
  const timers: ReturnType<typeof setTimeout>[] = []

  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    for (const timer of timers) clearTimeout(timer)
    socket.close(1000)
    // What was written is still read, so that a slow reader comes further each time; but it is not kept for ever.
    const drain = setTimeout(() => void writer.abort().catch(() => {}), drainMs)
    void writer
      .close()
      .catch(() => {})
      .finally(() => clearTimeout(drain))
  }
  const write = (text: string): void => {
    if (hasEnded) return
    const bytes = encoder.encode(text)
    if (!unread.add(bytes.byteLength)) return end()
    writer.write(bytes).then(
      () => unread.remove(bytes.byteLength),
      // The reader has gone.
      end,
    )
  }

  const ping = (): void => {
    if (!hasEnded) socket.send('ping')
  }
  socket.accept()
  // The reader has gone, though nothing is being written; perhaps before it was told anything.
  gone.addEventListener('abort', end)
  if (gone.aborted) end()
  socket.addEventListener('message', ({ data }) => {
    heardAt = Date.now()
    if (hasEnded || typeof data !== 'string' || data === 'pong') return
    const head = readHead(data)
    // Whoever reads right after this, through this isolate, is not to be told what was before.
    heedWrite(stashId, head.revision)
    write(`id: ${head.revision}\n${fields(head, data)}\n\n`)
    unpinged += data.length
    if (unpinged > PING_EVERY_CHARS) {
      unpinged = 0
      ping()
    }
  })
  socket.addEventListener('close', end)
  socket.addEventListener('error', end)
  const keepAlive = (): void => {
    if (Date.now() - heardAt > SILENCE_MAX_MS) return end()
    write(': still here\n\n')
    ping()
  }
  const retire = (): void => {
    write(writeRetry())
    end()
  }
  if (!hasEnded) {
    const jitter = Math.random() * LIFETIME_JITTER * lifetimeMs
    timers.push(setInterval(keepAlive, KEEP_ALIVE_MS), setTimeout(retire, lifetimeMs - jitter))
  }
  write(writeRetry())
  // Clients correct their clock by it. Cloudflare would add one; the runtime on a machine of one's own does not.
  return new Response(readable, { headers: { ...HEADERS, Date: new Date().toUTCString() } })
}

const encoder = new TextEncoder()

const writeRetry = (): string => {
  const ms = RETRY_MS.least + Math.floor(Math.random() * (RETRY_MS.most - RETRY_MS.least))
  return `retry: ${ms}\n\n`
}

/** Counts what a reader has not taken in yet, in bytes as they go out. */
class Unread {
  #bytes = 0
  #hasLarge = false

  /** False where it is too much. */
  add(bytes: number): boolean {
    if (bytes > STREAM_UNREAD_MAX_BYTES) {
      if (this.#hasLarge) return false
      return (this.#hasLarge = true)
    }
    this.#bytes += bytes
    return this.#bytes <= STREAM_UNREAD_MAX_BYTES
  }

  remove(bytes: number): void {
    if (bytes > STREAM_UNREAD_MAX_BYTES) this.#hasLarge = false
    else this.#bytes -= bytes
  }
}

/** Events begin alike: `{"type":"change","revision":7,`. Parsing all of it, to write it down again, would cost more than telling it. */
const HEAD = /^\{"type":"(\w+)","revision":(\d+)/

export function readHead(text: string): Head {
  const [, type, revision] = HEAD.exec(text) ?? []
  if (type === undefined) throw new Error('the object told of something that is no event')
  return { type, revision: Number(revision) }
}
