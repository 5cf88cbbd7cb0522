/**
 * Server-Sent Events, held by the Worker over a socket to the object.
 *
 * The stream is the runtime's own, so a reader that falls behind shows in writes that do not settle: past a bound it is
 * let go, and resumes where it was. The object is never waited for by a reader, nor a reader by the object.
 */
import { heedWrite } from './read.ts'
import { EXPOSED } from './reply.ts'

/** Well under the minute or so after which proxies drop what is silent. */
const KEEP_ALIVE_MS = 15_000
/** The socket is heard of by then, or it is dead. */
const SILENCE_MAX_MS = 3 * KEEP_ALIVE_MS
const UNREAD_MAX_CHARS = 1024 * 1024
/** After so much the object hears that we are still there. */
const PING_EVERY_CHARS = 128 * 1024
/** Where it ends, a client waits between these, so that a thousand do not come back in the same moment. */
const RETRY_MS = { least: 500, most: 2_500 }

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // Or a proxy keeps events back until it has a buffer full.
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
}

type Head = { type: string; revision: number }

/**
 * @param gone aborted when the client has left
 * @param fields of an event, but for its id
 */
export function streamEvents(
  socket: WebSocket,
  stashId: string,
  gone: AbortSignal,
  fields: (head: Head, data: string) => string = ({ type }, data) => `event: ${type}\ndata: ${data}`,
): Response {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const encoder = new TextEncoder()
  let unread = 0
  let unpinged = 0
  let heardAt = Date.now()
  let timer: ReturnType<typeof setInterval> | undefined

  const end = (): void => {
    clearInterval(timer)
    socket.close(1000)
    writer.close().catch(() => {})
  }
  const write = (text: string): void => {
    unread += text.length
    if (unread > UNREAD_MAX_CHARS && unread > text.length) return end()
    writer.write(encoder.encode(text)).then(
      () => void (unread -= text.length),
      // The reader has gone.
      end,
    )
  }

  // The reader has gone, though nothing is being written.
  gone.addEventListener('abort', end)
  socket.accept()
  socket.addEventListener('message', ({ data }) => {
    heardAt = Date.now()
    if (typeof data !== 'string' || data === 'pong') return
    const head = readHead(data)
    // Whoever reads right after this, through this isolate, is not to be told what was before.
    heedWrite(stashId, head.revision)
    write(`id: ${head.revision}\n${fields(head, data)}\n\n`)
    unpinged += data.length
    if (unpinged > PING_EVERY_CHARS) {
      unpinged = 0
      socket.send('ping')
    }
  })
  socket.addEventListener('close', end)
  socket.addEventListener('error', end)
  timer = setInterval(() => {
    if (Date.now() - heardAt > SILENCE_MAX_MS) return end()
    write(': still here\n\n')
    socket.send('ping')
  }, KEEP_ALIVE_MS)
  const retry = RETRY_MS.least + Math.floor(Math.random() * (RETRY_MS.most - RETRY_MS.least))
  write(`retry: ${retry}\n\n`)
  return new Response(readable, { headers: HEADERS })
}

/** Events begin alike: `{"type":"change","revision":7,`. Parsing all of it, to write it down again, would cost more than telling it. */
const HEAD = /^\{"type":"(\w+)","revision":(\d+)/

export function readHead(text: string): Head {
  const [, type, revision] = HEAD.exec(text) ?? []
  if (type === undefined) throw new Error('the object told of something that is no event')
  return { type, revision: Number(revision) }
}
