/**
 * The routes, under `/api` and, because one WrenDB host has no prefix, at the root as well; and what holds
 * for every request: preflight, 404 and 405, faults, the log line of a write.
 */
import { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import type { App } from './scope.ts'
import { dashboard } from './dashboard.ts'
import { answerFault } from './faults.ts'
import { flags } from './flags.ts'
import { freeze } from './freeze.ts'
import { guards } from './guards.ts'
import { health } from './health.ts'
import { held } from './held.ts'
import { history } from './history.ts'
import { items } from './items.ts'
import { links } from './links.ts'
import { logFault, logWrite } from './log.ts'
import { about } from './about.ts'
import { purgeCache, tagToPurge } from './purge.ts'
import { evaluationAt, failFault, failRefused } from './ofrep-failure.ts'
import { evaluateHot, ofrep, straighten } from './ofrep.ts'
import { turnDown } from './reply.ts'
import { turnDownItem } from './serve.ts'
import { stashes } from './stashes.ts'
import { tokens } from './tokens.ts'
import { transfer } from './transfer.ts'
import { watch } from './watch.ts'

const routes = new Hono<App>()
  .route('/', items)
  .route('/', flags)
  .route('/', stashes)
  .route('/', links)
  .route('/', tokens)
  .route('/', guards)
  .route('/', freeze)
  .route('/', held)
  .route('/', history)
  .route('/', transfer)
  .route('/', health)
  .route('/', watch)
  .route('/', ofrep)
  .route('/', about)
  .route('/', dashboard)

export const app = new Hono<App>({ getPath: (request) => straighten(getPath(request)) })
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
  const allow = methodsOf(c.req.path)
  if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
  const evaluation = evaluationAt(c.req.url)
  if (evaluation !== null && allow.length > 0) {
    return failRefused(evaluation.key, { code: 'method_not_allowed', allow })
  }
  // Where a script left its key empty, it still tests for an empty answer.
  if (allow.length === 0 && ITEM.test(c.req.path)) return turnDownItem({ code: 'route_not_found' })
  if (allow.length === 0) return turnDown({ code: 'route_not_found' })
  return turnDown({ code: 'method_not_allowed', allow })
})

/** Asked of the router itself, so that it cannot say otherwise than the routes do. */
function methodsOf(path: string): string[] {
  return METHODS.filter((method) => app.router.match(method === 'HEAD' ? 'GET' : method, path)[0].length > 0)
}

app.onError((fault, c) => giveUp(c.req.raw, fault))

function giveUp(request: Request, fault: Error): Response {
  const requestId = requestIdOf(request)
  logFault(request, fault, requestId)
  const evaluation = evaluationAt(request.url)
  if (evaluation !== null) return failFault(evaluation.key, fault, requestId)
  return answerFault(request, mayWrite(request), fault, requestId)
}

const requestIds = new WeakMap<Request, string>()

/** Cloudflare's own id where there is one: it is in their logs too. */
function requestIdOf(request: Request): string {
  const known = requestIds.get(request)
  if (known !== undefined) return known
  const id = request.headers.get('CF-Ray') ?? crypto.randomUUID()
  requestIds.set(request, id)
  return id
}

/** In the WrenDB profile a link acts when it is opened: its GET is a write. An evaluation's POST is none. */
function mayWrite(request: Request): boolean {
  const { method, url } = request
  // As the router reads it: an escaped letter is the letter.
  if (method === 'GET') return url.includes('?') && /^(?:\/api)?\/update$/.test(getPath(request))
  return method !== 'HEAD' && method !== 'OPTIONS' && evaluationAt(url) === null
}

/** Every request comes in here, but for those that `serveHot` has answered. */
export function handle(
  request: Request,
  env: App['Bindings'],
  context: ExecutionContext,
): Response | Promise<Response> {
  const tag = tagToPurge(request, context)
  if (tag !== null) return purgeCache(tag, context)
  const evaluated = evaluateHot(request)
  if (evaluated !== null) return evaluated.catch((fault: Error) => giveUp(request, fault))
  return mayWrite(request) ? write(request, env, context) : app.fetch(request, env, context)
}

async function write(request: Request, env: App['Bindings'], context: ExecutionContext): Promise<Response> {
  const startedAt = Date.now()
  const response = await app.fetch(request, env, context)
  const requestId = requestIdOf(request)
  response.headers.set('Request-Id', requestId)
  logWrite(request, response, requestId, Date.now() - startedAt)
  return response
}
