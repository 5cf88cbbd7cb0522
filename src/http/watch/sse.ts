/**
 * Server-Sent Events, held by the Worker over a socket to the object.
 *
 * The stream is the runtime's own, so a reader that falls behind shows in writes that do not settle: past a bound it is
 * let go, and resumes where it was. The object is never waited for by a reader, nor a reader by the object. A stream also
 * ends by its age: what one invocation may cost has an end, and clients resume.
 */
import { CLOSE } from '../../live/audience.ts'
import { noteWrite } from '../response/snapshot-reader.ts'
import { EXPOSED } from '../response/reply.ts'
import { isIsolateFull, UnreadBytes } from './backpressure.ts'

/** Well under the minute or so after which proxies drop what is silent. */
const KEEP_ALIVE_MS = 15_000
/** The socket is heard of by then, or it is dead. */
const SILENCE_MAX_MS = 3 * KEEP_ALIVE_MS
/** After so much the object hears that we are still there. */
const PING_EVERY_CHARS = 128 * 1024
/** Where it ends, a client waits between these, so that a thousand do not come back in the same moment. */
const RETRY_MS = { least: 500, most: 2_500 }
/** Where its socket was cut: a deploy or a restart cuts those of all watchers in the same moment, of every stash. */
const RETRY_CUT_MS = { least: 500, most: 30_000 }

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

const serializeFields = ({ type }: Head, data: string): string => `event: ${type}\ndata: ${data}`

/** @param clientGone aborted when the client has left */
export function streamEvents(
  socket: WebSocket,
  stashId: string,
  clientGone: AbortSignal,
  { fields = serializeFields, lifetimeMs = LIFETIME_MS, drainMs = DRAIN_MS }: StreamOptions = {},
): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const unread = new UnreadBytes(lifetimeMs + 2 * drainMs)
  let charsSincePing = 0
  let lastMessageAt = Date.now()
  let hasEnded = false
  const timers: ReturnType<typeof setTimeout>[] = []

  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    for (const timer of timers) clearTimeout(timer)
    socket.close(1000)
    // What was written is still read, so that a slow reader comes further each time; but it is not kept for ever.
    const drain = setTimeout(
      () => void writer.abort().catch(() => {}),
      clientGone.aborted || isIsolateFull() ? 0 : drainMs,
    )
    void writer
      .close()
      .catch(() => {})
      .finally(() => {
        clearTimeout(drain)
        unread.close()
      })
  }
  const write = (text: string): void => {
    if (hasEnded) return
    const bytes = encodeShared(text)
    if (!unread.add(bytes.byteLength)) return end()
    writer
      .write(bytes)
      // The reader has gone.
      .catch(end)
      .finally(() => unread.remove(bytes.byteLength))
  }

  const ping = (): void => {
    if (!hasEnded) socket.send('ping')
  }
  socket.accept()
  // The reader has gone, though nothing is being written; perhaps before it was told anything.
  const endAtOnce = (): void => {
    unread.close()
    end()
  }
  clientGone.addEventListener('abort', endAtOnce)
  if (clientGone.aborted) endAtOnce()
  socket.addEventListener('message', ({ data }) => {
    lastMessageAt = Date.now()
    if (hasEnded || typeof data !== 'string' || data === 'pong') return
    const head = parseEventHead(data)
    // Whoever reads right after this, through this isolate, is not to be told what was before.
    noteWrite(stashId, head.revision)
    write(`id: ${head.revision}\n${fields(head, data)}\n\n`)
    charsSincePing += data.length
    if (charsSincePing > PING_EVERY_CHARS) {
      charsSincePing = 0
      ping()
    }
  })
  const endAfterCut = (): void => {
    write(serializeRetry(RETRY_CUT_MS))
    end()
  }
  socket.addEventListener('close', ({ code }) => (code === CLOSE.done || code === CLOSE.slow ? end() : endAfterCut()))
  socket.addEventListener('error', endAfterCut)
  const keepAlive = (): void => {
    if (Date.now() - lastMessageAt > SILENCE_MAX_MS) return endAfterCut()
    write(': still here\n\n')
    ping()
  }
  const endByAge = (): void => {
    write(serializeRetry(RETRY_MS))
    end()
  }
  if (!hasEnded) {
    const jitter = Math.random() * LIFETIME_JITTER * lifetimeMs
    timers.push(setInterval(keepAlive, KEEP_ALIVE_MS), setTimeout(endByAge, lifetimeMs - jitter))
  }
  write(serializeRetry(RETRY_MS))
  // Clients correct their clock by it. Cloudflare would add one; the runtime on a machine of one's own does not.
  return new Response(readable, { headers: { ...HEADERS, Date: new Date().toUTCString() } })
}

const encoder = new TextEncoder()

let lastEncoded = { text: '', bytes: encoder.encode('') }

/** A crowd is told the same: its streams share the bytes, also those that are slow to read them. */
function encodeShared(text: string): typeof lastEncoded.bytes {
  if (lastEncoded.text !== text) lastEncoded = { text, bytes: encoder.encode(text) }
  return lastEncoded.bytes
}

const serializeRetry = ({ least, most }: { least: number; most: number }): string =>
  `retry: ${least + Math.floor(Math.random() * (most - least))}\n\n`

/** Events begin alike: `{"type":"change","revision":7,`. Parsing all of it, to write it down again, would cost more than telling it. */
const HEAD = /^\{"type":"(\w+)","revision":(\d+)/

export function parseEventHead(text: string): Head {
  const [, type, revision] = HEAD.exec(text) ?? []
  if (type === undefined) throw new Error('the object told of something that is no event')
  return { type, revision: Number(revision) }
}
