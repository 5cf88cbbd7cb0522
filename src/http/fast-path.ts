/**
 * The hot path: answers a GET of one flag, of its gate, or of many flags, from this isolate's cache, before the router, because finding the
 * route and creating its context costs more than the whole answer. It must answer exactly as the routes do. Null leaves the request to the
 * routes.
 */
import { STASH_ID_CHARS } from './request/address.ts'
import { parseGateRule } from './request/gate-rule.ts'
import { gateResponse } from './response/gate-response.ts'
import { peekStash } from './response/read-snapshot.ts'
import { serve, serveKnownList } from './response/serve.ts'

/**
 * The response, or null if the routes must handle the request. A fault gives null as well: the routes meet it again, log it
 * and answer.
 */
export function serveFromCache(request: Request): Response | null {
  try {
    return find(request)
  } catch {
    return null
  }
}

function find(request: Request): Response | null {
  if (request.method !== 'GET') return null
  const { url } = request
  // https://host/item/… or https://host/api/item/…
  const path = url.indexOf('/', 8)
  const start = url.startsWith('/item/', path) ? path + 6 : url.startsWith('/api/item/', path) ? path + 10 : 0
  if (start === 0) return findGate(url, path) ?? findList(request, path)
  const end = findStashEnd(url, start)
  const entry = peekStash(url.slice(start, end))
  // No key has a `?`, a `/` or a `%`, so a URL with a query, a further segment or an escape finds no flag.
  const flag = entry?.snapshot.flags.get(url.slice(end + 1))
  if (!entry || flag === undefined) return null
  return serve(request, entry, flag.key, () => ({ body: flag.value, ...flag }))
}

/** Where the segment with the id or the slug ends. An id has a known length, so that its end need not be searched for. */
const findStashEnd = (url: string, start: number): number =>
  url[start + STASH_ID_CHARS] === '/' ? start + STASH_ID_CHARS : url.indexOf('/', start)

const LIST = '/flags'

/** Many flags, for a query that the route has answered from this entry before. */
function findList(request: Request, path: number): Response | null {
  const { url } = request
  const start = url.startsWith('/stash/', path) ? path + 7 : url.startsWith('/api/stash/', path) ? path + 11 : 0
  if (start === 0) return null
  const end = findStashEnd(url, start)
  const query = end + LIST.length
  if (!url.startsWith(LIST, end) || (query < url.length && url[query] !== '?')) return null
  const entry = peekStash(url.slice(start, end))
  return entry === null ? null : serveKnownList(request, entry, url.slice(query))
}

/** The answer of a gate. Unlike a read, most gates have a query. */
function findGate(url: string, path: number): Response | null {
  const start = url.startsWith('/gate/', path) ? path + 6 : url.startsWith('/api/gate/', path) ? path + 10 : 0
  if (start === 0) return null
  const end = findStashEnd(url, start)
  const entry = peekStash(url.slice(start, end))
  if (entry === null) return null
  const query = url.indexOf('?', end)
  const flag = entry.snapshot.flags.get(url.slice(end + 1, query === -1 ? undefined : query))
  const rule = flag === undefined ? null : parseGateRule(url)
  return flag === undefined || !rule?.ok ? null : gateResponse(entry, flag, rule.value)
}
