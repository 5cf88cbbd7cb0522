/**
 * Responses to public reads: 200, 304, and the empty 404.
 *
 * This is the hot path. Each response header costs the runtime about a hundredth of a request, so there is
 * none that somebody does not need; and they are the same for every request until the next look-up, so they
 * are made once for a copy and a flag, and then only handed over.
 */
import type { Recalled } from '../edge/recall.ts'
import type { Refusal } from '../model/refusal.ts'
import { cacheTag } from '../model/snapshot.ts'
import { readPrecondition } from './parse.ts'
import { PROBLEMS } from './problems.ts'
import { empty, etag, EXPOSED, turnDown } from './reply.ts'
import { isoTime } from './time.ts'

export type Representation = { body: string; type: string; version: number }

type Prepared = { etag: string; body: string; whole: ResponseInit; notModified: ResponseInit }

/** By copy, then by what was read of it. A copy is replaced every second and takes its entries along. */
const prepared = new WeakMap<Recalled, Map<string, Prepared>>()

/** All items of a full stash, and as many selections of keys. Whoever asks for ever new ones gets them made. */
const PREPARED_MAX = 2_000

/** Serves what `represent` makes of the copy; `name` tells apart what is read of one copy. */
export function serve(request: Request, recalled: Recalled, name: string, represent: () => Representation): Response {
  const { etag: tag, body, whole, notModified } = prepare(recalled, name, represent)
  const known = request.headers.get('If-None-Match')
  if (known !== null && (known === tag || isKnown(request.headers, tag))) return new Response(null, notModified)
  return new Response(body, whole)
}

function prepare(recalled: Recalled, name: string, represent: () => Representation): Prepared {
  let entries = prepared.get(recalled)
  if (entries === undefined) prepared.set(recalled, (entries = new Map()))
  const known = entries.get(name)
  if (known !== undefined) return known
  const entry = make(recalled, represent())
  if (entries.size < PREPARED_MAX) entries.set(name, entry)
  return entry
}

function make(recalled: Recalled, { body, type, version }: Representation): Prepared {
  const tag = etag(version)
  const bare = new Headers({ ...cachingOf(recalled), ETag: tag })
  const headers = new Headers(bare)
  headers.set('Content-Type', type)
  // Only a type that a browser runs can do harm on this origin: it runs without origin, script or form.
  if (!INERT.test(type)) {
    headers.set('Content-Security-Policy', "sandbox; default-src 'none'")
    headers.set('X-Content-Type-Options', 'nosniff')
  }
  return { etag: tag, body, whole: { headers }, notModified: { status: 304, headers: bare } }
}

/** An item that is not there: an empty body, for scripts that test for emptiness. As cacheable as one that is. */
export function serveMissing(recalled: Recalled, refusal: Refusal): Response {
  const headers = { ...cachingOf(recalled), 'Switchyard-Problem': refusal.code }
  return new Response(null, { status: 404, headers })
}

/** A refused read of an item: 404s are empty as well; everything else says what happened. */
export function turnDownItem(refusal: Refusal): Response {
  return PROBLEMS[refusal.code].status === 404 ? empty(404, { 'Switchyard-Problem': refusal.code }) : turnDown(refusal)
}

/**
 * Workers Cache keeps a vouched copy for five seconds, and five more while it fetches the next: a commit
 * purges the tag, so that is the bound for a purge that is lost. A copy that nobody vouched for may be kept
 * for a second. Anybody else's cache asks again each time.
 */
const VOUCHED = 'public, max-age=5, stale-while-revalidate=5, stale-if-error=86400'
const UNVOUCHED = 'public, max-age=1, stale-if-error=86400'

function cachingOf(recalled: Recalled): Record<string, string> {
  const { snapshot, vouched } = recalled
  return {
    'Cache-Control': 'no-cache',
    'Cloudflare-CDN-Cache-Control': vouched ? VOUCHED : UNVOUCHED,
    'Cache-Tag': cacheTag(snapshot.stashId),
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'Switchyard-Revision': String(snapshot.revision),
    'Switchyard-Source': sourceOf(recalled),
  }
}

/** Which store it came from, whether the stash stands behind it, and when it was last known to be the truth. */
export const sourceOf = ({ source, vouched, trueAt }: Recalled): string =>
  `${source}; ${vouched ? 'vouched' : 'unvouched'}; as-of=${isoTime(trueAt)}`

/** Whether If-None-Match names this version, among others or with a weak tag. */
export function isKnown(headers: Headers, tag: string): boolean {
  const condition = readPrecondition(headers)
  const tags = condition.ok ? condition.value?.ifNoneMatch : undefined
  return tags === '*' || tags?.some((version) => etag(version) === tag) === true
}

/** The whole type, to its end: of a list, browsers take the last. Whatever is not known to be inert counts as active. */
const INERT = /^(?:text\/(?:plain|csv|markdown|yaml)|application\/(?:json|yaml|problem\+json))(?:; ?charset=[\w-]+)?$/i
