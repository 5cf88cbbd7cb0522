/**
 * `/stash/{id}/ofrep`: the OpenFeature Remote Evaluation Protocol 0.3.0, on the same cache entries as plain reads. Its clients
 * are the work of other projects, so it is lenient in requests and exact in responses.
 */
import { Hono } from 'hono'
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import type { Result } from '../../model/refusal.ts'
import { parseStashId } from '../request/address.ts'
import type { WatchTerms } from '../../model/snapshot/watch-event.ts'
import { connect, getSocket } from '../watch/connect.ts'
import { bulkEvaluationResponse, evaluationResponse } from './evaluation-response.ts'
import { readContext } from './context.ts'
import { failureResponse, refusedResponse } from './failure.ts'
import { parseCursor, parseQuery } from '../request/parse.ts'
import { refineNotFound, readClaimedRevision, peekStash } from '../response/read-snapshot.ts'
import { empty, problemResponse } from '../response/reply.ts'
import { toHandles, toReadScope, type App, type Ctx } from '../scope.ts'
import { streamEvents } from '../watch/sse.ts'

export const ofrep = new Hono<App>()
  .post('/stash/:stash/ofrep/v1/evaluate/flags', (c) => evaluateAll(c.req.raw, readClaimed(c)))
  .post('/stash/:stash/ofrep/v1/evaluate/flags/:key{.+}', (c) =>
    evaluateOne(c.req.raw, readClaimed(c), c.req.param('key')),
  )
  .get('/stash/:stash/ofrep/v1/events', (c) => streamRefetchEvents(c))

/** Repairs the path of a client whose base URL ends in a slash. */
export const collapseDoubleSlash = (path: string): string =>
  path.replace(/^((?:\/api)?\/stash\/[^/]+)\/\/ofrep\//, '$1/ofrep/')

type Reading = Result<LiveEntry> | Promise<Result<LiveEntry>>

async function evaluateOne(request: Request, reading: Reading, key: string): Promise<Response> {
  // The context and the stash are read concurrently. An error in the context takes precedence.
  const context = await readContext(request)
  const read = await reading
  if ('errorCode' in context) return failureResponse(key, context)
  return read.ok ? evaluationResponse(read.value, key, context) : refusedResponse(key, read.refusal)
}

async function evaluateAll(request: Request, reading: Reading): Promise<Response> {
  const context = await readContext(request)
  const read = await reading
  if ('errorCode' in context) return failureResponse(null, context)
  if (!read.ok) return refusedResponse(null, read.refusal)
  const events = toEventsUrl(request.url, read.value.snapshot.stashId)
  return bulkEvaluationResponse(read.value, events, context, request.headers.get('If-None-Match'))
}

/** Reads the stash. After an event the client sends the event's `etag` as `flagConfigEtag`: the answer must not be older. */
function readClaimed(c: Ctx): Promise<Result<LiveEntry>> {
  const claimed = /^(?:W\/)?"?(\d{1,15})"?$/.exec(c.req.query('flagConfigEtag') ?? '')?.[1] ?? 0
  return readClaimedRevision(toReadScope(c), Number(claimed))
}

const EVALUATE = '/ofrep/v1/evaluate/flags'

/**
 * The response from this isolate's cache, before the router, for the reason that `fast-path.ts` gives. Null if the routes must
 * handle the request.
 */
export function evaluateFromCache(request: Request): Promise<Response> | null {
  if (request.method !== 'POST') return null
  const { url } = request
  const at = url.indexOf(EVALUATE)
  if (at === -1 || url.includes('?') || url.includes('%')) return null
  const path = url.indexOf('/', 8)
  const start = url.startsWith('/stash/', path) ? path + 7 : url.startsWith('/api/stash/', path) ? path + 11 : 0
  if (start === 0) return null
  const rest = url.slice(at + EVALUATE.length)
  if (rest !== '' && (rest[0] !== '/' || rest.length === 1)) return null
  const entry = peekStash(url.slice(start, at))
  if (entry === null) return null
  const read = { ok: true as const, value: entry }
  return rest === '' ? evaluateAll(request, read) : evaluateOne(request, read, rest.slice(1))
}

/** The URL of the event stream. It must be the same in each response to a client: a provider reconnects if the URL changes. */
function toEventsUrl(url: string, stashId: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname.startsWith('/api/') ? '/api' : ''}/stash/${stashId}/ofrep/v1/events`
}

/** Streams refetch events. A client without a cursor gets one at once, because it may have missed changes. */
async function streamRefetchEvents(c: Ctx): Promise<Response> {
  const id = parseStashId(c.env.STASH, c.req.param('stash') ?? '')
  if (!id.ok) return problemResponse(id.refusal)
  const query = parseQuery(c.req.url, ['after'])
  if (!query.ok) return problemResponse(query.refusal)
  const after = parseCursor(c.req.raw, query.value.after)
  if (!after.ok) return problemResponse(after.refusal)
  // A HEAD must not open a stream: see `watch.ts`.
  if (c.req.method === 'HEAD') return empty(200, { 'Content-Type': 'text/event-stream' })

  const terms: WatchTerms = { after: after.value, filter: 'revisions', marks: false, body: false, framing: 'lines' }
  const connected = await connect(c.env, id.value, terms, c.req.raw)
  if (!connected.ok) return problemResponse(await refineNotFound(toHandles(c), id.value.toString(), connected.refusal))
  const options = { fields: serializeRefetch, isOneOfMany: connected.value.isAtHub }
  return streamEvents(getSocket(connected.value), id.value.toString(), c.req.raw.signal, options)
}

function serializeRefetch({ revision }: { revision: number }): string {
  const lastModified = Math.floor(Date.now() / 1_000)
  return `data: ${JSON.stringify({ type: 'refetchEvaluation', etag: `"${revision}"`, lastModified })}`
}
