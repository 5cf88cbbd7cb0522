/**
 * Responses to public reads: 200, 304, and the empty 404.
 *
 * This is the hot path. Each response header costs the runtime about a hundredth of a request, so there is
 * none that somebody does not need; and they are the same for every request until the next look-up, so they
 * are made once for a copy and a flag, and then only handed over.
 */
import { getSelectionsMaxBytes } from '../../edge/snapshot-cache.ts'
import { CACHE_FRESH_MS } from '../../edge/stash-lookup.ts'
import type { Recalled } from '../../edge/snapshot-reader.ts'
import type { Refusal } from '../../model/refusal.ts'
import { toCacheTag, type Snapshot } from '../../model/snapshot/snapshot.ts'
import { PROBLEMS } from './problem-table.ts'
import { empty, toEtag, EXPOSED, problemResponse } from './reply.ts'
import { isoTime } from './time.ts'
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

type Whole = { body: string; whole: ResponseInit }
type Prepared = Whole & { etag: string; notModified: ResponseInit }

/** The prepared responses of a copy, by name. `bytes` is the size of its selections of keys. */
type PreparedResponses = {
  entries: Map<string, Prepared>
  lists: Map<string, Whole>
  bytes: number
  notModified: ResponseInit | null
}

/**
 * By copy. A copy is served for at most a second, and the memory may hold it long after that: so all entries are
 * dropped every few seconds, which costs a copy that is still read at most one more preparation each.
 */
let preparedResponses = new WeakMap<Recalled, PreparedResponses>()
let preparedSince = 0
const PREPARED_MS = 5_000

/** Serves the representation of the copy. `name` is its cache key within the copy; a route must use few names. */
export function serve(request: Request, recalled: Recalled, name: string, represent: () => Representation): Response {
  const { etag: tag, body, whole, notModified } = prepare(recalled, name, represent)
  const known = request.headers.get('If-None-Match')
  if (known !== null && (known === tag || matchesIfNoneMatch(request.headers, tag)))
    return new Response(null, notModified)
  return new Response(body, whole)
}

/**
 * Serves many flags at once: all, or those of some keys. Anybody can make up ever new selections, so nothing is written out
 * for a 304, and a selection is kept only while all that are kept stay within what the memory counts for them.
 *
 * @param keys those selected of which there is something to tell, in their order; null for all
 */
export function serveList(
  request: Request,
  recalled: Recalled,
  keys: string[] | null,
  represent: () => Pick<Representation, 'body' | 'type'>,
): Response {
  const keeping = getPreparedResponses(recalled)
  const times = getStashTimes(recalled.snapshot)
  const tag = toRepresentationTag({ version: recalled.snapshot.revision, ...times })
  if (matchesIfNoneMatch(request.headers, tag)) {
    keeping.notModified ??= toNotModifiedInit(recalled, tag, times)
    return new Response(null, keeping.notModified)
  }
  const name = keys === null ? '*' : keys.join(',')
  let list = keeping.lists.get(name)
  if (list === undefined) {
    const { body, type } = represent()
    list = { body, whole: toResponseInit(recalled, type, tag, times) }
    const bytes = keys === null ? 0 : HEADERS_BYTES + 2 * (name.length + body.length)
    if (keeping.bytes + bytes <= getSelectionsMaxBytes(recalled.snapshot)) {
      keeping.lists.set(name, list)
      keeping.bytes += bytes
    }
  }
  return new Response(list.body, list.whole)
}

/** Roughly what an entry takes beside its texts, of which a character may take two bytes. */
const HEADERS_BYTES = 2_048

function getPreparedResponses(recalled: Recalled): PreparedResponses {
  let keeping = preparedResponses.get(recalled)
  if (keeping !== undefined) return keeping
  const now = Date.now()
  if (Math.abs(now - preparedSince) > PREPARED_MS) {
    preparedResponses = new WeakMap()
    preparedSince = now
  }
  preparedResponses.set(recalled, (keeping = { entries: new Map(), lists: new Map(), bytes: 0, notModified: null }))
  return keeping
}

function prepare(recalled: Recalled, name: string, represent: () => Representation): Prepared {
  const { entries } = getPreparedResponses(recalled)
  const known = entries.get(name)
  if (known !== undefined) return known
  const { body, type, ...times } = represent()
  const tag = toRepresentationTag(times)
  const whole = toResponseInit(recalled, type, tag, times)
  // Of a whole stash the time is that of some flag; `/` is part of no key.
  if (!name.startsWith('/') && times.until !== undefined) whole.headers.set('Switchyard-Until', isoTime(times.until))
  const entry = { etag: tag, body, whole, notModified: toNotModifiedInit(recalled, tag, times) }
  entries.set(name, entry)
  return entry
}

/**
 * A value that went back by the clock is another one than the version says. Of a whole stash the number of those that went
 * back is part of the tag: `+r` alone would be the same tag for one of them and, later, for two.
 */
function toRepresentationTag({ version, reverted = 0 }: Pick<Representation, 'version' | 'reverted'>): string {
  const count = Number(reverted)
  return count === 0 ? toEtag(version) : `"${version}+r${count === 1 ? '' : count}"`
}

function toResponseInit(recalled: Recalled, type: string, tag: string, times: Times): { headers: Headers } {
  const headers = new Headers({ ...toCacheHeaders(recalled, times), ETag: tag })
  // A type that no header can hold was let in by an earlier version of the service: the writer's intent is unknown.
  const served = MEDIA_TYPE.test(type) ? type : 'application/octet-stream'
  headers.set('Content-Type', served)
  // Only a type that a browser runs can do harm on this origin: it runs without origin, script or form.
  if (!INERT.test(served)) {
    headers.set('Content-Security-Policy', "sandbox; default-src 'none'")
    headers.set('X-Content-Type-Options', 'nosniff')
  }
  return { headers }
}

/**
 * A 304 answers one caller's If-None-Match: a cache that stored it would give others no body, and Cloudflare does not list 304
 * among what Workers Cache never stores. So it has no lifetime there, and after a revalidation the cache may ask once more.
 */
function toNotModifiedInit(recalled: Recalled, tag: string, times: Times): ResponseInit {
  const { 'Cloudflare-CDN-Cache-Control': _, ...caching } = toCacheHeaders(recalled, times)
  return { status: 304, headers: new Headers({ ...caching, ETag: tag }) }
}

/** An item that is not there: an empty body, for scripts that test for emptiness. As cacheable as one that is. */
export function missingItemResponse(recalled: Recalled, refusal: Refusal): Response {
  const { reverts, reverted } = recalled.snapshot
  const key = 'key' in refusal ? refusal.key : null
  // A time-boxed removal ends by the clock, as a time-boxed value does.
  const until = reverts.find((revert) => revert.key === key)?.at
  const times = { ...(until !== undefined && { until }), reverted: key !== null && reverted.has(key) }
  const headers = {
    ...toCacheHeaders(recalled, times),
    'Switchyard-Problem': refusal.code,
    ...(until !== undefined && { 'Switchyard-Until': isoTime(until) }),
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
function toCdnCacheControl({ checkedAt, vouched }: Recalled, until = Infinity): string {
  const { fresh, revalidating } = vouched ? VOUCHED : UNVOUCHED
  // The prepared response is handed out for as long as the copy is remembered.
  const handedOutUntil = Math.max(Date.now(), checkedAt + CACHE_FRESH_MS)
  const left = Math.floor((until - handedOutUntil) / 2_000)
  if (left < 1) return 'no-store'
  const maxAge = Math.min(fresh, left)
  const lifetimes = [
    ['max-age', maxAge],
    ['stale-while-revalidate', Math.min(revalidating, left - maxAge)],
    ['stale-if-error', Math.min(ON_ERROR_S, left - maxAge)],
  ] as const
  return ['public', ...lifetimes.flatMap(([name, seconds]) => (seconds > 0 ? `${name}=${seconds}` : []))].join(', ')
}

function toCacheHeaders(recalled: Recalled, { until, reverted }: Times) {
  const { snapshot } = recalled
  return {
    'Cache-Control': 'no-cache',
    'Cloudflare-CDN-Cache-Control': toCdnCacheControl(recalled, until),
    'Cache-Tag': toCacheTag(snapshot.stashId),
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'Switchyard-Revision': String(snapshot.revision),
    'Switchyard-Source': `${toSourceHeader(recalled)}${Number(reverted ?? 0) > 0 ? '; reverted' : ''}`,
  }
}

/** Which store it came from, whether the stash stands behind it, and when it was last known to be the truth. */
export const toSourceHeader = ({ source, vouched, validAsOf: trueAt }: Recalled): string =>
  `${source}; ${vouched ? 'vouched' : 'unvouched'}; as-of=${isoTime(trueAt)}`

/** Whether If-None-Match names this tag, among others or as a weak one: a proxy that compresses weakens our tags. */
export function matchesIfNoneMatch(headers: Headers, tag: string): boolean {
  const known = headers.get('If-None-Match')
  if (known === null) return false
  return known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

/** The whole type, to its end: of a list, browsers take the last. Whatever is not known to be inert counts as active. */
const INERT = /^(?:text\/(?:plain|csv|markdown|yaml)|application\/(?:json|yaml|problem\+json))(?:; ?charset=[\w-]+)?$/i
