/**
 * The router: every route under `/api` and, because one WrenDB host has no prefix, at the root as well. It also handles
 * preflight requests, 404 and 405, faults, and the log line of a write.
 */
import { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import type { App } from './scope.ts'
import type { Refusal } from '../model/refusal.ts'
import { peekSlug, resolveSlug, SlugPaths, type FoundSlug } from './request/slug.ts'
import { dashboard } from './routes/dashboard.ts'
import { docs } from './routes/docs.ts'
import { faultResponse } from './faults.ts'
import { flags } from './routes/flags.ts'
import { freeze } from './routes/freeze.ts'
import { unreadGateResponse, gate } from './routes/gate.ts'
import { guards } from './routes/guards.ts'
import { health } from './routes/health.ts'
import { held } from './routes/held.ts'
import { history } from './routes/history.ts'
import { items } from './routes/items.ts'
import { links } from './routes/links.ts'
import { logFault, logWrite } from './log.ts'
import { about } from './routes/about.ts'
import { purgeCache, parsePurgeTag } from './cache-purge.ts'
import { parseEvaluationUrl, faultedResponse, refusedResponse } from './openfeature/failure.ts'
import { evaluateFromCache, ofrep, collapseDoubleSlash } from './openfeature/routes.ts'
import { documents } from './openfeature/documents.ts'
import { metrics } from './routes/metrics.ts'
import { isDryRun } from './request/parse.ts'
import { problemResponse } from './response/reply.ts'
import { itemProblemResponse } from './response/serve.ts'
import { createStashRoutes } from './routes/stashes.ts'
import { tokens } from './routes/tokens.ts'
import { transfer } from './routes/transfer.ts'
import { watch } from './watch/watch.ts'

const routes = new Hono<App>()
  .route('/', items)
  .route('/', flags)
  .route('/', gate)
  .route('/', createStashRoutes({ isReserved: isReservedSlug }))
  .route('/', links)
  .route('/', tokens)
  .route('/', guards)
  .route('/', freeze)
  .route('/', held)
  .route('/', history)
  .route('/', transfer)
  .route('/', health)
  .route('/', metrics)
  .route('/', watch)
  .route('/', ofrep)
  .route('/', documents)
  .route('/', about)
  .route('/', docs)
  .route('/', dashboard)

const slugPaths = new SlugPaths(routes.routes.map(({ path }) => path))

function isReservedSlug(slug: string): boolean {
  return slugPaths.isReserved(slug)
}

/** The paths of requests that have a slug, with the id in its place. */
const resolvedPaths = new WeakMap<Request, string>()

export const app = new Hono<App>({
  getPath: (request) => resolvedPaths.get(request) ?? collapseDoubleSlash(getPath(request)),
})
  .route('/api', routes)
  .route('/', routes)

const ITEM = /^(?:\/api)?\/item\/[^/]*\/?$/

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const PREFLIGHT = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': METHODS.join(', '),
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Operation, Break-Glass, Reason, *',
  'Access-Control-Max-Age': '86400',
  'Cache-Control': 'no-store',
}

app.notFound((c) => {
  const allow = getAllowedMethods(c.req.path)
  if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
  const evaluation = parseEvaluationUrl(c.req.url)
  if (evaluation !== null && allow.length > 0) {
    return refusedResponse(evaluation.key, { code: 'method_not_allowed', allow })
  }
  // Scripts detect a missing item by an empty body. An empty key in the URL matches no route, so its 404 is empty as well.
  if (allow.length === 0 && ITEM.test(c.req.path)) return itemProblemResponse({ code: 'route_not_found' })
  if (allow.length === 0) return problemResponse({ code: 'route_not_found' })
  return problemResponse({ code: 'method_not_allowed', allow })
})

/** Asks the router itself, so that `Allow` cannot differ from the routes. */
function getAllowedMethods(path: string): string[] {
  return METHODS.filter((method) => app.router.match(method === 'HEAD' ? 'GET' : method, path)[0].length > 0)
}

app.onError((fault, c) => handleFault(c.req.raw, fault))

function handleFault(request: Request, fault: Error): Response {
  const requestId = getRequestId(request)
  logFault(request, fault, requestId)
  const evaluation = parseEvaluationUrl(request.url)
  if (evaluation !== null) return faultedResponse(evaluation.key, fault, requestId)
  const unknownGate = unreadGateResponse(request, 'internal')
  if (unknownGate !== null) return unknownGate
  return faultResponse(request, mayWrite(request) && !isDryRun(request), fault, requestId)
}

const requestIds = new WeakMap<Request, string>()

/** The id of a request: Cloudflare's own if there is one, because Cloudflare's logs have it as well; else a random one. */
function getRequestId(request: Request): string {
  const known = requestIds.get(request)
  if (known !== undefined) return known
  const id = request.headers.get('CF-Ray') ?? crypto.randomUUID()
  requestIds.set(request, id)
  return id
}

/**
 * Whether the request may change something. A GET of a link may, because it applies the link's change if the stash has the
 * WrenDB profile. The POST of an evaluation changes nothing.
 */
function mayWrite(request: Request): boolean {
  const { method, url } = request
  // `getPath` decodes as the router does, so that an escaped letter does not hide a write.
  if (method === 'GET') return url.includes('?') && /^(?:\/api)?\/update$/.test(getPath(request))
  return method !== 'HEAD' && method !== 'OPTIONS' && parseEvaluationUrl(url) === null
}

/** Handles every request that `serveFromCache` has not answered. */
export function handle(
  request: Request,
  env: App['Bindings'],
  context: ExecutionContext,
): Response | Promise<Response> {
  const tag = parsePurgeTag(request, context)
  if (tag !== null) return purgeCache(tag, context)
  const evaluated = evaluateFromCache(request)
  if (evaluated !== null) return evaluated.catch((fault: Error) => handleFault(request, fault))
  // A preflight request gets the same answer for every path.
  const found = request.method === 'OPTIONS' ? null : slugPaths.find(getPath(request))
  if (found === null) return route(request, env, context)
  const known = peekSlug(found.slug)
  if (known === null) return resolveThenRoute(request, found, env, context)
  setStash(request, found, known)
  return route(request, env, context)
}

function route(request: Request, env: App['Bindings'], context: ExecutionContext): Response | Promise<Response> {
  return mayWrite(request) ? write(request, env, context) : app.fetch(request, env, context)
}

/** An unknown slug stays in the path: no route takes it for an id, so each answers 404 in its own form. */
async function resolveThenRoute(
  request: Request,
  found: FoundSlug,
  env: App['Bindings'],
  context: ExecutionContext,
): Promise<Response> {
  try {
    const id = await resolveSlug(found.slug, env, context)
    if (id.ok) setStash(request, found, id.value)
    else if (id.refusal.code !== 'stash_not_found') return refuseSlug(request, id.refusal)
  } catch (fault) {
    return handleFault(request, fault as Error)
  }
  return route(request, env, context)
}

function setStash(request: Request, { slug, at }: FoundSlug, id: string): void {
  const path = getPath(request)
  resolvedPaths.set(request, collapseDoubleSlash(path.slice(0, at) + id + path.slice(at + slug.length)))
}

function refuseSlug(request: Request, refusal: Refusal): Response {
  const evaluation = parseEvaluationUrl(request.url)
  if (evaluation !== null) return refusedResponse(evaluation.key, refusal)
  return unreadGateResponse(request, refusal.code) ?? problemResponse(refusal)
}

async function write(request: Request, env: App['Bindings'], context: ExecutionContext): Promise<Response> {
  const startedAt = Date.now()
  const response = await app.fetch(request, env, context)
  const requestId = getRequestId(request)
  response.headers.set('Request-Id', requestId)
  logWrite(request, response, requestId, Date.now() - startedAt)
  return response
}
