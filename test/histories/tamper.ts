/**
 * A proxy that breaks the service on purpose, each way in one respect, to show that the checks notice. It stands between the
 * workers and the service, on loopback.
 */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'

export const BREAKS = {
  repeats: 'Idempotency-Key is not passed on, so a repeat is a new write',
  conditions: 'If-Match and If-None-Match of writes are not passed on',
  watchers: 'every fourth change is left out of event streams',
  stale: 'a read is answered with what was answered up to three seconds ago',
  clock: 'event streams do not say what time-boxes put back, and a boxed item is served for seconds past its end',
  lost: 'some writes are acknowledged and not passed on',
  recovery: 'object and KV are put back to an older copy, so that nothing can notice it',
} as const

export type Break = keyof typeof BREAKS

export const isBreak = (name: string): name is Break => name in BREAKS

const STALE_MS = 3_000

type Kept = { until: number; status: number; headers: IncomingMessage['headers']; body: Buffer }

/** @param upstreamOrigin of the service, over plain HTTP */
export async function startTamperer(how: Break, upstreamOrigin: string): Promise<{ origin: string; close(): void }> {
  const { hostname: host, port: portText } = new URL(upstreamOrigin)
  const port = Number(portText)
  const kept = new Map<string, Kept>()
  let count = 0
  const server = createServer((req, res) => {
    const isWrite = !['GET', 'HEAD'].includes(req.method ?? '')
    const headers = { ...req.headers }
    if (how === 'repeats') delete headers['idempotency-key']
    if (how === 'conditions' && isWrite) {
      delete headers['if-match']
      delete headers['if-none-match']
    }
    const isItem = req.url?.startsWith('/api/item/')
    if (how === 'lost' && req.method === 'PUT' && isItem && !req.url?.includes('at=') && ++count % 8 === 0) {
      return acknowledge(req, res)
    }
    const isStale =
      (how === 'stale' || (how === 'clock' && isItem)) && req.method === 'GET' && !req.url?.includes('/watch')
    const old = isStale ? kept.get(req.url ?? '') : undefined
    if (old !== undefined && Date.now() < old.until) {
      res.writeHead(old.status, old.headers).end(old.body)
      return
    }
    const upstream = request({ host, port, method: req.method, path: req.url, headers, agent: false })
    upstream.on('error', () => res.destroy())
    res.on('close', () => upstream.destroy())
    req.on('error', () => upstream.destroy())
    upstream.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => res.destroy())
      if ((how === 'watchers' || how === 'clock') && answer.headers['content-type'] === 'text/event-stream') {
        return spoilEvents(answer, res, SPOIL[how])
      }
      if (isStale && answer.statusCode === 200) keep(how, answer, kept, req.url ?? '')
      answer.pipe(res)
    })
    req.pipe(upstream)
  })
  passUpgrades(server, host, port)
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { origin: `http://127.0.0.1:${address.port}`, close }
}

/** An answer as the service gives it, of a write that it has never seen. */
function acknowledge(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  req.on('end', () => {
    const key = /\/item\/\w+\/([\w.-]+)/.exec(req.url ?? '')?.[1] ?? ''
    const body = JSON.stringify({ key, message: 'Item stored', revision: 1, version: 1 })
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
  })
}

function keep(how: Break, answer: IncomingMessage, kept: Map<string, Kept>, url: string): void {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk))
  answer.on('end', () => {
    const { statusCode: status = 200, headers } = answer
    const end = Date.parse(String(headers['switchyard-until']))
    // A clock that is broken shows with time-boxed items only.
    const until = (how === 'clock' ? end : Date.now()) + STALE_MS
    if (!Number.isNaN(until)) kept.set(url, { until, status, headers, body: Buffer.concat(chunks) })
  })
}

/** By how it is broken: what becomes of an event of a stream, of which this is the nth change; null leaves it out. */
const SPOIL = {
  watchers: (block: string, n: number) => (n % 4 === 3 ? null : block),
  clock: (block: string) => block.replace(/,"reverts":.*$/, '}'),
}

function spoilEvents(
  answer: IncomingMessage,
  res: ServerResponse,
  spoil: (block: string, n: number) => string | null,
): void {
  let text = ''
  let changes = 0
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const left = block.includes('event: change') ? spoil(block, changes++) : block
      if (left !== null) res.write(`${left}\n\n`)
    }
  })
  answer.on('end', () => res.end())
}

/** WebSockets go through as they are. */
function passUpgrades(server: Server, host: string, port: number): void {
  server.on('upgrade', (req, socket, head) => {
    const upstream = connect({ host, port })
    const lines = [`${req.method} ${req.url} HTTP/1.1`]
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`)
    upstream.on('connect', () => {
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
      upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
    socket.on('close', () => upstream.destroy())
  })
}
