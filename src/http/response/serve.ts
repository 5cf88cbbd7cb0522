/**
 * Responses to public reads: 200, 304, and the empty 404.
 *
 * This is the hot path. Each response header costs the runtime about a hundredth of a request, so there is
 * none that somebody does not need; and they are the same for every request until the next look-up, so they
 * are made once for a copy and a flag, and then only handed over.
 */
import { getSelectionsMaxBytes } from '../../edge/snapshot-cache.ts'
import { CACHE_FRESH_MS } from '../../edge/stash-lookup.ts'
import type { LiveEntry } from '../../edge/finding.ts'
import type { Refusal } from '../../model/refusal.ts'
import { toCacheTag, type Snapshot } from '../../model/snapshot/snapshot.ts'
import { PROBLEMS } from './problem-table.ts'
import { matchesIfNoneMatch, toEtag } from './entity-tag.ts'
import { empty, EXPOSED, problemResponse } from './reply.ts'
import { toIsoTime } from './time.ts'
import { MEDIA_TYPE } from '../../wire/flag.ts'

export type Representation = {
  body: string
  type: string
  version: number
  /** When it ends by the clock, in ms since the epoch; absent where it does not. */
  until?: number
  /** Of how many flags it tells a value that went back by the clock and has no revision yet. */
  reverted?: number | boolean
}

/** How the representation of a whole stash stands in time. */
export const getStashTimes = ({ changesAt, reverted }: Snapshot): Times => ({
  until: changesAt,
  reverted: reverted.size,
})

type Times = Pick<Representation, 'until' | 'reverted'>

type PreparedOk = { body: string; init: ResponseInit }
type Prepared = PreparedOk & { etag: string; notModified: ResponseInit }

/** The prepared responses of a copy, by name. `bytes` is the size of its selections of keys. */
type PreparedResponses = {
  entries: Map<string, Prepared>
  lists: Map<string, PreparedOk>
  bytes: number
  notModified: ResponseInit | null
}

/**
 * By copy. A copy is served for at most a second, and the memory may hold it long after that: so all entries are
 * dropped every few seconds, which costs a copy that is still read at most one more preparation each.
 */
let preparedResponses = new WeakMap<LiveEntry, PreparedResponses>()
let preparedResponsesSince = 0
const PREPARED_MS = 5_000

/** Serves the representation of the copy. `name` is its cache key within the copy; a route must use few names. */
export function serve(
  request: Request,
  entry: LiveEntry,
  name: string,
  toRepresentation: () => Representation,
): Response {
  const { etag: tag, body, init, notModified } = prepare(entry, name, toRepresentation)
  const known = request.headers.get('If-None-Match')
  if (known !== null && (known === tag || matchesIfNoneMatch(request.headers, tag)))
    return new Response(null, notModified)
  return new Response(body, init)
}

/**
 * Serves many flags at once: all, or those of some keys. Anybody can make up ever new selections, so nothing is written out
 * for a 304, and a selection is kept only while all that are kept stay within what the memory counts for them.
 *
 * @param keys those selected of which there is something to tell, in their order; null for all
 */
export function serveList(
  request: Request,
  entry: LiveEntry,
  keys: string[] | null,
  toRepresentation: () => Pick<Representation, 'body' | 'type'>,
): Response {
  const responses = getPreparedResponses(entry)
  const times = getStashTimes(entry.snapshot)
  const tag = toRepresentationTag({ version: entry.snapshot.revision, ...times })
  if (matchesIfNoneMatch(request.headers, tag)) {
    responses.notModified ??= toNotModifiedInit(entry, tag, times)
    return new Response(null, responses.notModified)
  }
  const name = keys === null ? '*' : keys.join(',')
  let list = responses.lists.get(name)
  if (list === undefined) {
    const { body, type } = toRepresentation()
    list = { body, init: toResponseInit(entry, type, tag, times) }
    const bytes = keys === null ? 0 : HEADERS_BYTES + 2 * (name.length + body.length)
    if (responses.bytes + bytes <= getSelectionsMaxBytes(entry.snapshot)) {
      responses.lists.set(name, list)
      responses.bytes += bytes
    }
  }
  return new Response(list.body, list.init)
}

/** Roughly what an entry takes beside its texts, of which a character may take two bytes. */
const HEADERS_BYTES = 2_048

function getPreparedResponses(entry: LiveEntry): PreparedResponses {
  let responses = preparedResponses.get(entry)
  if (responses !== undefined) return responses
  const now = Date.now()
  if (Math.abs(now - preparedResponsesSince) > PREPARED_MS) {
    preparedResponses = new WeakMap()
    preparedResponsesSince = now
  }
  preparedResponses.set(entry, (responses = { entries: new Map(), lists: new Map(), bytes: 0, notModified: null }))
  return responses
}

function prepare(entry: LiveEntry, name: string, toRepresentation: () => Representation): Prepared {
  const { entries } = getPreparedResponses(entry)
  const known = entries.get(name)
  if (known !== undefined) return known
  const { body, type, ...times } = toRepresentation()
  const tag = toRepresentationTag(times)
  const init = toResponseInit(entry, type, tag, times)
  // Of a whole stash the time is that of some flag; `/` is part of no key.
  if (!name.startsWith('/') && times.until !== undefined) init.headers.set('Switchyard-Until', toIsoTime(times.until))
  const prepared = { etag: tag, body, init, notModified: toNotModifiedInit(entry, tag, times) }
  entries.set(name, prepared)
  return prepared
}

/**
 * A value that went back by the clock is another one than the version says. Of a whole stash the number of those that went
 * back is part of the tag: `+r` alone would be the same tag for one of them and, later, for two.
 */
function toRepresentationTag({ version, reverted = 0 }: Pick<Representation, 'version' | 'reverted'>): string {
  const count = Number(reverted)
  return count === 0 ? toEtag(version) : `"${version}+r${count === 1 ? '' : count}"`
}

function toResponseInit(entry: LiveEntry, type: string, tag: string, times: Times): { headers: Headers } {
  const headers = new Headers({ ...toCacheHeaders(entry, times), ETag: tag })
  // A type that no header can hold was let in by an earlier version of the service: the writer's intent is unknown.
  const served = MEDIA_TYPE.test(type) ? type : 'application/octet-stream'
  headers.set('Content-Type', served)
  // Only a type that a browser runs can do harm on this origin: it runs without origin, script or form.
  if (!INERT_TYPE.test(served)) {
    headers.set('Content-Security-Policy', "sandbox; default-src 'none'")
    headers.set('X-Content-Type-Options', 'nosniff')
  }
  return { headers }
}

/**
 * A 304 answers one caller's If-None-Match: a cache that stored it would give others no body, and Cloudflare does not list 304
 * among what Workers Cache never stores. So it has no lifetime there, and after a revalidation the cache may ask once more.
 */
function toNotModifiedInit(entry: LiveEntry, tag: string, times: Times): ResponseInit {
  const { 'Cloudflare-CDN-Cache-Control': _, ...caching } = toCacheHeaders(entry, times)
  return { status: 304, headers: new Headers({ ...caching, ETag: tag }) }
}

/** An item that is not there: an empty body, for scripts that test for emptiness. As cacheable as one that is. */
export function missingItemResponse(entry: LiveEntry, refusal: Refusal): Response {
  const { reverts, reverted } = entry.snapshot
  const key = 'key' in refusal ? refusal.key : null
  // A time-boxed removal ends by the clock, as a time-boxed value does.
  const until = reverts.find((revert) => revert.key === key)?.at
  const times = { ...(until !== undefined && { until }), reverted: key !== null && reverted.has(key) }
  const headers = {
    ...toCacheHeaders(entry, times),
    'Switchyard-Problem': refusal.code,
    ...(until !== undefined && { 'Switchyard-Until': toIsoTime(until) }),
  }
  return new Response(null, { status: 404, headers })
}

/** A refused read of an item: 404s are empty as well; everything else says what happened. */
export function itemProblemResponse(refusal: Refusal): Response {
  return PROBLEMS[refusal.code].status === 404
    ? empty(404, { 'Switchyard-Problem': refusal.code })
    : problemResponse(refusal)
}

/**
 * Workers Cache keeps a vouched copy for five seconds, and five more while it fetches the next: a commit
 * purges the tag, so that is the bound for a purge that is lost. A copy that nobody vouched for may be kept
 * for a second. Anybody else's cache asks again each time.
 */
const VOUCHED = { fresh: 5, revalidating: 5 }
const UNVOUCHED = { fresh: 1, revalidating: 0 }
/** With the object and KV away, an old answer is better than none. */
const ON_ERROR_S = 86_400

/**
 * How long the cache in front may keep an answer. One that ends by the clock is kept for half of the time left: a second
 * tier that does not count the age in the first one begins anew, and what it then keeps must end in time as well.
 */
function toCdnCacheControl({ checkedAt, vouched }: LiveEntry, until = Infinity): string {
  const { fresh, revalidating } = vouched ? VOUCHED : UNVOUCHED
  // The prepared response is handed out for as long as the copy is remembered.
  const servedUntil = Math.max(Date.now(), checkedAt + CACHE_FRESH_MS)
  const left = Math.floor((until - servedUntil) / 2_000)
  if (left < 1) return 'no-store'
  const maxAge = Math.min(fresh, left)
  const lifetimes = [
    ['max-age', maxAge],
    ['stale-while-revalidate', Math.min(revalidating, left - maxAge)],
    ['stale-if-error', Math.min(ON_ERROR_S, left - maxAge)],
  ] as const
  return ['public', ...lifetimes.flatMap(([name, seconds]) => (seconds > 0 ? `${name}=${seconds}` : []))].join(', ')
}

function toCacheHeaders(entry: LiveEntry, { until, reverted }: Times) {
  const { snapshot } = entry
  return {
    'Cache-Control': 'no-cache',
    'Cloudflare-CDN-Cache-Control': toCdnCacheControl(entry, until),
    'Cache-Tag': toCacheTag(snapshot.stashId),
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'Switchyard-Revision': String(snapshot.revision),
    'Switchyard-Source': `${toSourceHeader(entry)}${Number(reverted ?? 0) > 0 ? '; reverted' : ''}`,
  }
}

/** Which store it came from, whether the stash stands behind it, and when it was last known to be the truth. */
export const toSourceHeader = ({ source, vouched, validAsOf: trueAt }: LiveEntry): string =>
  `${source}; ${vouched ? 'vouched' : 'unvouched'}; as-of=${toIsoTime(trueAt)}`

/** The whole type, to its end: of a list, browsers take the last. Whatever is not known to be inert counts as active. */
const INERT_TYPE =
  /^(?:text\/(?:plain|csv|markdown|yaml)|application\/(?:json|yaml|problem\+json))(?:; ?charset=[\w-]+)?$/i
