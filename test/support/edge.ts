/**
 * A cache in front of the local service that answers as Workers Cache is documented to: one tier, headers, purges by tag. For tests of
 * what looks at such a cache from outside. The local service sends no purges, so this sends them: three for each stash.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export type EdgeOptions = {
  /** Whether a HEAD goes to the Worker as a GET. */
  headIsGet: boolean
  purges: 'kept' | 'lost'
  /** A closed gate is answered by the open answer from before. */
  hidesClosedGates: boolean
}

type Entry = {
  status: number
  headers: Headers
  body: Buffer
  tag: string | null
  storedAt: number
  maxAgeMs: number
  swrMs: number
}

const PURGES = 3
const PURGE_AFTER_MS = 1_200

export type Edge = {
  url: string
  /** The stashes that were created through it. */
  created: string[]
  /** How many requests have come. */
  readonly requests: number
  stop(): Promise<void>
}

export async function startEdge(origin: string, options: EdgeOptions): Promise<Edge> {
  const entries = new Map<string, Entry>()
  const purged = new Map<string, number>()
  const created: string[] = []
  let requests = 0
  const timers = new Set<NodeJS.Timeout>()

  const forward = async (request: IncomingMessage, method: string, body?: Buffer): Promise<Entry> => {
    const { authorization } = request.headers
    const sent = { method, redirect: 'manual' as const, ...(body?.length && { body: new Uint8Array(body) }) }
    const response = await fetch(`${origin}${request.url}`, {
      ...sent,
      headers: authorization ? { authorization } : {},
    })
    const { headers, status } = response
    const lifetimes = headers.get('Cloudflare-CDN-Cache-Control') ?? ''
    const seconds = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(lifetimes)?.[1] ?? 0)
    const isKept = method === 'GET' && status === 200
    return {
      status,
      headers,
      body: Buffer.from(await response.arrayBuffer()),
      tag: headers.get('Cache-Tag'),
      storedAt: performance.now(),
      maxAgeMs: isKept ? 1_000 * seconds('max-age') : 0,
      swrMs: isKept ? 1_000 * seconds('stale-while-revalidate') : 0,
    }
  }

  const purgeLater = (stash: string): void => {
    const count = purged.get(stash) ?? 0
    if (options.purges === 'lost' || count === PURGES) return
    purged.set(stash, count + 1)
    const timer = setTimeout(() => {
      for (const [url, { tag }] of entries) if (tag?.includes(stash)) entries.delete(url)
      timers.delete(timer)
    }, PURGE_AFTER_MS)
    timers.add(timer)
  }

  const answer = (response: ServerResponse, entry: Entry, cacheStatus: string, isHead: boolean): void => {
    const age = Math.floor((performance.now() - entry.storedAt) / 1_000)
    const headers = Object.fromEntries([...entry.headers].filter(([name]) => !HIDDEN.has(name)))
    const own = { 'CF-Ray': '9f0000000000abcd-TST', 'CF-Cache-Status': cacheStatus }
    response.writeHead(entry.status, {
      ...headers,
      ...own,
      ...(cacheStatus !== 'MISS' && cacheStatus !== 'DYNAMIC' && { Age: String(age) }),
    })
    response.end(isHead ? undefined : entry.body)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '' } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    if (method !== 'GET' && method !== 'HEAD') {
      const entry = await forward(request, method, body)
      const stash = /\/item\/([0-9a-f]{64})/.exec(url)?.[1]
      if (entry.status === 200 && stash !== undefined) purgeLater(stash)
      if (entry.status === 200 && url.endsWith('/stash'))
        created.push((JSON.parse(String(entry.body)) as { stash_id: string }).stash_id)
      return answer(response, entry, 'DYNAMIC', false)
    }
    const known = entries.get(url)
    const age = known === undefined ? Infinity : performance.now() - known.storedAt
    if (known !== undefined && age < known.maxAgeMs) return answer(response, known, 'HIT', method === 'HEAD')
    const fetchNew = async (): Promise<Entry> => {
      const entry = await forward(request, options.headIsGet ? 'GET' : method)
      if (entry.maxAgeMs > 0) entries.set(url, entry)
      return entry
    }
    if (known !== undefined && age < known.maxAgeMs + known.swrMs) {
      void fetchNew()
      return answer(response, known, 'UPDATING', method === 'HEAD')
    }
    const entry = await fetchNew()
    if (options.hidesClosedGates && url.includes('/gate/') && entry.status === 503) entry.status = 204
    answer(
      response,
      entry,
      entry.maxAgeMs === 0 ? 'DYNAMIC' : known === undefined ? 'MISS' : 'EXPIRED',
      method === 'HEAD',
    )
  }

  const server = createServer((request, response) => {
    requests++
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A TCP server's address is an object.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    created,
    get requests() {
      return requests
    },
    stop: async () => {
      for (const timer of timers) clearTimeout(timer)
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What the edge makes itself, or takes off. */
const HIDDEN = new Set([
  'cloudflare-cdn-cache-control',
  'cache-tag',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
])
