/**
 * A proxy between the workers and the service that breaks one property of the service on purpose, to show that the checks
 * find the violation.
 */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'

export const BREAKS = {
  repeats: 'Idempotency-Key is not passed on, so a repeat is a new write',
  conditions: 'If-Match and If-None-Match of writes are not passed on',
  watchers: 'every fourth change is missing from event streams',
  stale: 'a read gets an answer from up to three seconds ago',
  clock: 'event streams have no reverts, and a time-boxed item is served for three seconds past its end',
  lost: 'some writes are acknowledged and not passed on',
  recovery:
    'object and KV are restored from an older copy and the hubs lose theirs, so that the service cannot notice it',
} as const

export type Break = keyof typeof BREAKS

export const isBreak = (name: string): name is Break => name in BREAKS

const STALE_MS = 3_000

type CachedAnswer = { until: number; status: number; headers: IncomingMessage['headers']; body: Buffer }

/** @param upstreamOrigin the origin of the service, over plain HTTP */
export async function startBreakingProxy(
  how: Break,
  upstreamOrigin: string,
): Promise<{ origin: string; close(): void }> {
  const { hostname: host, port: portText } = new URL(upstreamOrigin)
  const port = Number(portText)
  const cached = new Map<string, CachedAnswer>()
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
    const old = isStale ? cached.get(req.url ?? '') : undefined
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
        return breakEvents(answer, res, BREAK_EVENT[how])
      }
      if (isStale && answer.statusCode === 200) keep(how, answer, cached, req.url ?? '')
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

/** Acknowledges a write that is not forwarded, as the service would. */
function acknowledge(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  req.on('end', () => {
    const key = /\/item\/\w+\/([\w.-]+)/.exec(req.url ?? '')?.[1] ?? ''
    const body = JSON.stringify({ key, message: 'Item stored', revision: 1, version: 1 })
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
  })
}

function keep(how: Break, answer: IncomingMessage, cached: Map<string, CachedAnswer>, url: string): void {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk))
  answer.on('end', () => {
    const { statusCode: status = 200, headers } = answer
    const end = Date.parse(String(headers['switchyard-until']))
    // For `clock` only time-boxed items are cached, past the end of their time-box.
    const until = (how === 'clock' ? end : Date.now()) + STALE_MS
    if (!Number.isNaN(until)) cached.set(url, { until, status, headers, body: Buffer.concat(chunks) })
  })
}

/** Changes the nth change event of a stream. Null removes the event. */
const BREAK_EVENT = {
  watchers: (block: string, n: number) => (n % 4 === 3 ? null : block),
  clock: (block: string) => block.replace(/,"reverts":.*$/, '}'),
}

function breakEvents(
  answer: IncomingMessage,
  res: ServerResponse,
  breakEvent: (block: string, n: number) => string | null,
): void {
  let text = ''
  let changes = 0
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const left = block.includes('event: change') ? breakEvent(block, changes++) : block
      if (left !== null) res.write(`${left}\n\n`)
    }
  })
  answer.on('end', () => res.end())
}

/** Forwards WebSockets unchanged. */
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
