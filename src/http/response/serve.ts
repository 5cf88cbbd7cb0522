/**
 * Responses to public reads: 200, 304, and the empty 404. This is the hot path: each response header costs the runtime about a
 * hundredth of a request, so a header is set only if some client or cache needs it. The headers are the same until the next
 * look-up, so they are prepared once per cache entry and flag, and reused.
 */
import { getSelectionsMaxBytes } from '../../edge/snapshot-cache.ts'
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import type { Refusal } from '../../model/refusal.ts'
import { listStanding, type PublicFreeze } from '../../model/freeze.ts'
import type { LiveSnapshot, Snapshot } from '../../model/snapshot/snapshot.ts'
import { toCacheHeaders, type Times } from './cache-headers.ts'
import { PROBLEMS } from './problem/problem-table.ts'
import { matchesIfNoneMatch, toEtag } from './entity-tag.ts'
import { empty, problemResponse } from './reply.ts'
import { createTemplate, PreparedByEntry } from './prepared.ts'
import { toIsoTime } from './time.ts'
import { MEDIA_TYPE } from '../../wire/flag.ts'

export type Representation = {
  body: string
  type: string
  version: number
} & Times

/** The times of a representation of a whole stash. */
export const getStashTimes = ({ changesAt, reverted }: Snapshot): Times => ({
  until: changesAt,
  reverted: reverted.size,
})

/**
 * The freezes that have not ended by now. A representation that shows them has their number in its name, because one that was
 * prepared before an end by the clock must not be served after it.
 */
export const listFreezes = ({ stash: { freeze, keyFreezes = [] } }: LiveSnapshot): PublicFreeze[] =>
  listStanding(freeze, keyFreezes, Date.now())

/**
 * The times of a representation that shows freezes as well. After a freeze has ended by the clock it differs from that of the
 * revision, so each such end counts for the tag, as the end of a time-box does.
 * @param standing the freezes that have not ended
 */
export function getTimesWithFreezes({ stash, ...snapshot }: LiveSnapshot, standing: PublicFreeze[]): Times {
  const { freeze, keyFreezes = [] } = stash
  const ended = (freeze === null ? 0 : 1) + keyFreezes.length - standing.length
  return {
    until: Math.min(snapshot.changesAt, ...standing.map(({ until }) => until ?? Infinity)),
    reverted: snapshot.reverted.size + ended,
  }
}

const JSON_TYPE = 'application/json; charset=utf-8'

type PreparedOk = { body: string; template: Response }
type Prepared = PreparedOk & { etag: string; notModified: Response }

/**
 * The prepared responses of a cache entry, by name. `byQuery`: those lists by the text of the query that asked for them, for the hot
 * path. `bytes` is the size of its selections of keys, and of those queries.
 */
type PreparedResponses = {
  entries: Map<string, Prepared>
  lists: Map<string, PreparedOk>
  byQuery: Map<string, PreparedOk>
  bytes: number
  notModified: Response | null
  /** Of documents on every flag. */
  documentTemplate: Response | null
}

const preparedResponses = new PreparedByEntry<PreparedResponses>(() => ({
  entries: new Map(),
  lists: new Map(),
  byQuery: new Map(),
  bytes: 0,
  notModified: null,
  documentTemplate: null,
}))

/**
 * Serves a representation. `name` is its key among the prepared responses of the entry. A route must not make names from
 * request texts, because they are kept without a limit.
 */
export function serve(
  request: Request,
  entry: LiveEntry,
  name: string,
  toRepresentation: () => Representation,
): Response {
  const { etag: tag, body, template, notModified } = prepare(entry, name, toRepresentation)
  const known = request.headers.get('If-None-Match')
  if (known !== null && (known === tag || matchesIfNoneMatch(request.headers, tag)))
    return new Response(null, notModified)
  return new Response(body, template)
}

/**
 * Serves many flags at once: all, or a selection of keys. Anyone can invent any number of selections. So a 304 is answered
 * without serializing anything, and a selection is kept only while all of them fit the bytes that the cache reserves.
 *
 * @param selection `keys`: the selected keys that exist, sorted; null for all. `form`: one of a few fixed names of
 *   representations
 */
export function serveList(
  request: Request,
  entry: LiveEntry,
  { keys, form }: { keys: string[] | null; form: 'values' | 'meta' },
  toRepresentation: () => Pick<Representation, 'body' | 'type'>,
): Response {
  const responses = preparedResponses.get(entry)
  const notModified = serveUnchangedList(request, entry, responses)
  if (notModified !== null) return notModified
  const times = getStashTimes(entry.snapshot)
  const tag = toRepresentationTag({ version: entry.snapshot.revision, ...times })
  const name = `${form} ${keys === null ? '*' : keys.join(',')}`
  let list = responses.lists.get(name)
  if (list === undefined) {
    const { body, type } = toRepresentation()
    list = { body, template: createTemplate({ headers: toHeaders(entry, type, tag, times) }) }
    const bytes = keys === null ? 0 : HEADERS_BYTES + 2 * (name.length + body.length)
    if (responses.bytes + bytes <= getSelectionsMaxBytes(entry.snapshot)) {
      responses.lists.set(name, list)
      responses.bytes += bytes
    }
  }
  noteQuery(request.url, entry, responses, name)
  return new Response(list.body, list.template)
}

/** Serves a list that `serveList` has served for the same query. Null: it has not, or has not kept it. */
export function serveKnownList(request: Request, entry: LiveEntry, query: string): Response | null {
  const responses = preparedResponses.get(entry)
  const list = responses.byQuery.get(query)
  if (list === undefined) return null
  return serveUnchangedList(request, entry, responses) ?? new Response(list.body, list.template)
}

/** Serves a JSON document on every flag. A 304 is answered without the text of the document. */
export function serveDocument(
  request: Request,
  entry: LiveEntry,
  getText: (snapshot: LiveSnapshot) => string,
): Response {
  const responses = preparedResponses.get(entry)
  const notModified = serveUnchangedList(request, entry, responses)
  if (notModified !== null) return notModified
  const { snapshot } = entry
  const times = getStashTimes(snapshot)
  const tag = toRepresentationTag({ version: snapshot.revision, ...times })
  responses.documentTemplate ??= createTemplate({ headers: toHeaders(entry, JSON_TYPE, tag, times) })
  return new Response(getText(snapshot), responses.documentTemplate)
}

/** A 304, if the caller has every flag of this revision; else null. */
function serveUnchangedList(request: Request, entry: LiveEntry, responses: PreparedResponses): Response | null {
  if (!request.headers.has('If-None-Match')) return null
  const times = getStashTimes(entry.snapshot)
  const tag = toRepresentationTag({ version: entry.snapshot.revision, ...times })
  if (!matchesIfNoneMatch(request.headers, tag)) return null
  responses.notModified ??= toNotModified(entry, tag, times)
  return new Response(null, responses.notModified)
}

/** What a query takes in a map, besides its text. */
const QUERY_BYTES = 100

function noteQuery(url: string, entry: LiveEntry, responses: PreparedResponses, name: string): void {
  const at = url.indexOf('?')
  const query = at === -1 ? '' : url.slice(at)
  const list = responses.lists.get(name)
  // Whether an answer is new enough for `min_revision` does not depend on the query alone.
  if (list === undefined || responses.byQuery.has(query) || query.includes('min_revision')) return
  const bytes = QUERY_BYTES + 2 * query.length
  if (responses.bytes + bytes > getSelectionsMaxBytes(entry.snapshot)) return
  responses.byQuery.set(query, list)
  responses.bytes += bytes
}

/** An estimate of what a kept list takes besides its texts. A character of a text may take two bytes. */
const HEADERS_BYTES = 2_048

function prepare(entry: LiveEntry, name: string, toRepresentation: () => Representation): Prepared {
  const { entries } = preparedResponses.get(entry)
  const known = entries.get(name)
  if (known !== undefined) return known
  const { body, type, ...times } = toRepresentation()
  const tag = toRepresentationTag(times)
  const headers = toHeaders(entry, type, tag, times)
  // The names of representations of a whole stash begin with `/`, which no key has. They get no Switchyard-Until, because their
  // `until` is the end of some time-box or of a freeze, and not of the value.
  if (!name.startsWith('/') && times.until !== undefined) headers.set('Switchyard-Until', toIsoTime(times.until))
  const template = createTemplate({ headers })
  const prepared = { etag: tag, body, template, notModified: toNotModified(entry, tag, times) }
  entries.set(name, prepared)
  return prepared
}

/**
 * After a revert by the clock, the value differs from the one that its version had, so the tag differs as well. The tag of a
 * whole stash has the number of such ends: `+r` alone would be the same after the first end and after the second.
 */
function toRepresentationTag({ version, reverted = 0 }: Pick<Representation, 'version' | 'reverted'>): string {
  const count = Number(reverted)
  return count === 0 ? toEtag(version) : `"${version}+r${count === 1 ? '' : count}"`
}

function toHeaders(entry: LiveEntry, type: string, tag: string, times: Times): Headers {
  const headers = new Headers({ ...toCacheHeaders(entry, times), ETag: tag })
  // An earlier version of the service accepted types that no header can hold. They are served as bytes.
  const served = MEDIA_TYPE.test(type) ? type : 'application/octet-stream'
  headers.set('Content-Type', served)
  // A type that a browser executes could attack this origin, so it gets a sandbox without origin, scripts or forms.
  if (!INERT_TYPE.test(served)) {
    headers.set('Content-Security-Policy', "sandbox; default-src 'none'")
    headers.set('X-Content-Type-Options', 'nosniff')
  }
  return headers
}

/**
 * A 304 answers the If-None-Match of one caller: a cache that stored it would serve others no body, and Cloudflare does not
 * list 304 among the statuses that Workers Cache never stores. So a 304 has no lifetime there; after a revalidation the cache
 * may ask once more.
 */
function toNotModified(entry: LiveEntry, tag: string, times: Times): Response {
  const { 'Cloudflare-CDN-Cache-Control': _, ...caching } = toCacheHeaders(entry, times)
  return createTemplate({ status: 304, headers: { ...caching, ETag: tag } })
}

/** The 404 of a missing item. Its body is empty, for scripts that test for emptiness. It is cached like a value. */
export function missingItemResponse(entry: LiveEntry, refusal: Refusal): Response {
  const { reverts, reverted } = entry.snapshot
  const key = 'key' in refusal ? refusal.key : null
  // A time-boxed deletion ends by the clock, as a time-boxed value does.
  const until = reverts.find((revert) => revert.key === key)?.at
  const times = { ...(until !== undefined && { until }), reverted: key !== null && reverted.has(key) }
  const headers = {
    ...toCacheHeaders(entry, times),
    'Switchyard-Problem': refusal.code,
    ...(until !== undefined && { 'Switchyard-Until': toIsoTime(until) }),
  }
  return new Response(null, { status: 404, headers })
}

/** The response to a refused read of an item: a 404 has an empty body, any other status a problem document. */
export function itemProblemResponse(refusal: Refusal): Response {
  return PROBLEMS[refusal.code].status === 404
    ? empty(404, { 'Switchyard-Problem': refusal.code })
    : problemResponse(refusal)
}

/**
 * Media types that no browser executes. The pattern is anchored at both ends, because browsers use the last type of a list. Any
 * other type counts as active.
 */
const INERT_TYPE =
  /^(?:text\/(?:plain|csv|markdown|yaml)|application\/(?:json|yaml|problem\+json))(?:; ?charset=[\w-]+)?$/i
