/**
 * The hot path: a flag that this isolate remembers, for a URL that asks for nothing else. It answers before
 * the router: finding the route and making its context costs more than all that is done here. Whatever it
 * cannot answer it leaves alone, and the routes answer it the same way, only slower.
 */
import { STASH_ID_CHARS } from './request/address.ts'
import { peekSnapshot } from './response/snapshot-reader.ts'
import { serve } from './response/serve.ts'

/** The response, or null where the routes must be asked: after a fault as well, because they log it and answer for it. */
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
  if (start === 0) return null
  const end = start + STASH_ID_CHARS
  const entry = url[end] === '/' ? peekSnapshot(url.slice(start, end)) : null
  // A query, a further segment or an escape is part of no key, so it finds no flag.
  const flag = entry?.snapshot.flags.get(url.slice(end + 1))
  if (!entry || flag === undefined) return null
  return serve(request, entry, flag.key, () => ({ body: flag.value, ...flag }))
}
