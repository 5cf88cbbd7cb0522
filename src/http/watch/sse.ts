/**
 * Server-Sent Events, which the Worker streams from a socket to the object. A write to the stream does not settle until the
 * client has read it (backpressure). Past a limit of unread bytes, or after its lifetime, the stream ends, and the client resumes
 * from its last event. The object never waits for a reader.
 */
import { CLOSE } from '../../live/connection-manager.ts'
import { noteWrite } from '../response/read-snapshot.ts'
import { EXPOSED } from '../response/reply.ts'
import { isIsolateFull, UnreadBytes } from './backpressure.ts'

/** The time between two comments of a stream: proxies drop a silent connection after about a minute. */
const KEEP_ALIVE_MS = 15_000
/** A socket without any message for this long is dead, because the object answers each ping. */
const SILENCE_MAX_MS = 3 * KEEP_ALIVE_MS
/** A ping after this many characters tells the object that the Worker still reads. */
const PING_EVERY_CHARS = 128 * 1024
/**
 * Jitter: how long a client waits before it reconnects, so that a thousand clients do not come back at the same moment.
 */
const RETRY_MS = { least: 500, most: 2_500 }
/**
 * The same jitter, after the socket was cut: a deploy or a restart cuts the sockets of all watchers at the same moment. A watcher at
 * a hub is one of many thousand, which hubs accept one after the other.
 */
const RETRY_CUT_MS = { least: 500, most: 5_000 }
export const RETRY_CUT_MANY_MS = { least: 500, most: 45_000 }

/**
 * The longest time of a stream. One invocation has a CPU limit, which the stream of a busy stash would otherwise reach, in the
 * middle of an event.
 */
const LIFETIME_MS = 30 * 60_000
/** Jitter: up to this share of the lifetime is subtracted, so that streams that began together do not end together. */
const LIFETIME_JITTER = 1 / 8
/** How long a reader may take, after its stream has ended, to read the events that were written before. */
const DRAIN_MS = 30_000

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // Without this header, some proxies (nginx) hold events back until their buffer is full.
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
}

type Head = { type: string; revision: number }

/** Serializes the fields of an event except its id. */
type SerializeFields = (head: Head, data: string) => string

export type StreamOptions = {
  fields?: SerializeFields
  /** Whether the watchers of the stash are so many that hubs take them. */
  isOneOfMany?: boolean
  lifetimeMs?: number
  drainMs?: number
}

const serializeFields: SerializeFields = ({ type }, data) => `event: ${type}\ndata: ${data}`

/** @param clientGone aborted when the client has left */
export function streamEvents(
  socket: WebSocket,
  stashId: string,
  clientGone: AbortSignal,
  { fields = serializeFields, isOneOfMany = false, lifetimeMs = LIFETIME_MS, drainMs = DRAIN_MS }: StreamOptions = {},
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
    // The reader may still read the events that were written, so that a slow one makes progress. After `drainMs` it is dropped.
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
  const write = (bytes: Uint8Array): void => {
    if (hasEnded) return
    if (!unread.add(bytes.byteLength)) return end()
    writer
      .write(bytes)
      // The client has disconnected.
      .catch(end)
      .finally(() => unread.remove(bytes.byteLength))
  }

  const ping = (): void => {
    if (!hasEnded) socket.send('ping')
  }
  socket.accept()
  // The client can disconnect while nothing is being written, even before the first event.
  const endAtOnce = (): void => {
    unread.close()
    end()
  }
  clientGone.addEventListener('abort', endAtOnce)
  if (clientGone.aborted) endAtOnce()
  socket.addEventListener('message', ({ data }) => {
    lastMessageAt = Date.now()
    if (hasEnded || typeof data !== 'string' || data === 'pong') return
    const { bytes, revision } = renderShared(data, fields)
    // A read through this isolate right after the event must not be older than the event.
    noteWrite(stashId, revision)
    write(bytes)
    charsSincePing += data.length
    if (charsSincePing > PING_EVERY_CHARS) {
      charsSincePing = 0
      ping()
    }
  })
  const endAfterCut = (): void => {
    write(serializeRetry(isOneOfMany ? RETRY_CUT_MANY_MS : RETRY_CUT_MS))
    end()
  }
  socket.addEventListener('close', ({ code }) => (code === CLOSE.done || code === CLOSE.slow ? end() : endAfterCut()))
  socket.addEventListener('error', endAfterCut)
  const keepAlive = (): void => {
    if (Date.now() - lastMessageAt > SILENCE_MAX_MS) return endAfterCut()
    write(KEEP_ALIVE)
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
  // Clients correct their clock by `Date`. Cloudflare adds one; local workerd does not.
  return new Response(readable, { headers: { ...HEADERS, Date: new Date().toUTCString() } })
}

const encoder = new TextEncoder()
const KEEP_ALIVE = encoder.encode(': still here\n\n')

type Rendered = { data: string; fields: SerializeFields; bytes: Uint8Array; revision: number }
let lastRendered: Rendered = { data: '', fields: serializeFields, bytes: encoder.encode(''), revision: 0 }

/**
 * The streams of a stash mostly send the same message one after the other, so they share its bytes. Slow readers would otherwise
 * hold them several times.
 * @param data events, one a line; an object of an older version sends one at a time
 */
function renderShared(data: string, fields: SerializeFields): Rendered {
  if (lastRendered.data === data && lastRendered.fields === fields) return lastRendered
  let [text, revision] = ['', 0]
  for (const line of data.split('\n')) {
    const head = parseEventHead(line)
    revision = Math.max(revision, head.revision)
    // A status is no change, so it must not become the point from which a client resumes.
    text += `${head.type === 'status' ? '' : `id: ${head.revision}\n`}${fields(head, line)}\n\n`
  }
  lastRendered = { data, fields, bytes: encoder.encode(text), revision }
  return lastRendered
}

const serializeRetry = ({ least, most }: { least: number; most: number }): Uint8Array =>
  encoder.encode(`retry: ${least + Math.floor(Math.random() * (most - least))}\n\n`)

/**
 * Every event begins with its type and revision: `{"type":"change","revision":7`. Parsing the whole event and serializing it
 * again would cost more than sending it.
 */
const HEAD = /^\{"type":"(\w+)","revision":(\d+)/

export function parseEventHead(text: string): Head {
  const [, type, revision] = HEAD.exec(text) ?? []
  if (type === undefined) throw new Error('the object sent a message that is not an event')
  return { type, revision: Number(revision) }
}
