/**
 * Serves the dashboard: a page, its modules and its style sheet, which the runtime keeps beside the Worker
 * (`local/build-dashboard.ts` makes them). The names of the modules and the style sheet hold a hash of their content, so browsers
 * may keep them. A browser revalidates the page each time, and the page names the files of its own version.
 */
import { Hono } from 'hono'
import { PAGE_HEADERS, problemResponse } from '../response/reply.ts'
import type { App, Ctx } from '../scope.ts'

export const dashboard = new Hono<App>()
  .get('/', (c) => serveAsset(c, 'index.html'))
  .get('/dashboard/:file', (c) => serveAsset(c, c.req.param('file')))

/**
 * The Content-Security-Policy of the page. It allows scripts and styles from the dashboard's own folder only (for the one
 * exception see `folderAt`), because items are of the same origin, and may be scripts by strangers. It allows no inline script
 * or style and no framing, and no script may turn a text into HTML.
 */
export function policyFor(url: string): string {
  const files = folderAt(url)
  return (
    `default-src 'none'; script-src ${files}; style-src ${files}; connect-src ${servicesAt(url)}; img-src 'self' data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
  )
}

/** Where the page may connect to. Not every browser takes `'self'` to include the WebSockets of the same host. */
function servicesAt(url: string): string {
  const [, host] = HOST.exec(url) ?? []
  return host === undefined ? "'self'" : `'self' ws://${host} wss://${host}`
}

/**
 * The dashboard's folder as a source of the Content-Security-Policy, at the host of the request. It has no scheme, because a
 * proxy that terminates TLS calls this Worker over http. A Host header that cannot be written as a source gives `'self'`.
 */
function folderAt(url: string): string {
  const [, host] = HOST.exec(url) ?? []
  return host === undefined ? "'self'" : `${host}/dashboard/`
}

const HOST = /^https?:\/\/([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::\d{1,5})?)(?:[/?#]|$)/i

const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  ...PAGE_HEADERS,
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

const IMMUTABLE = { 'Cache-Control': 'public, max-age=31536000, immutable' }
/** Browsers revalidate the page each time. Workers Cache must not keep it: its key has no host, and the policy names the host. */
const REVALIDATED = { 'Cache-Control': 'no-cache', 'Cloudflare-CDN-Cache-Control': 'no-store' }

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

/** The page is the only file without a hash in its name: an immutable file under a name that stays could never be replaced. */
const FILE = /^(?:index\.html|[a-z]+-[A-Z0-9]{8}\.(?:css|js))$/

async function serveAsset(c: Ctx, file: string): Promise<Response> {
  const extension = file.slice(file.lastIndexOf('.') + 1)
  const type = FILE.test(file) ? TYPES[extension] : undefined
  if (type === undefined) return problemResponse({ code: 'route_not_found' })
  const known = c.req.header('If-None-Match')
  const asset = await c.env.ASSETS.fetch(new URL(file, 'https://assets/'), {
    headers: known === undefined ? {} : { 'If-None-Match': known },
  })
  const tag = asset.headers.get('ETag')
  const page = extension === 'html'
  const headers = {
    ...HEADERS,
    ...(page ? REVALIDATED : IMMUTABLE),
    ...(page && { 'Content-Security-Policy': policyFor(c.req.url) }),
    ...(tag !== null && { ETag: tag }),
  }
  // A cache in front that kept the 304 would give its empty body to others.
  if (asset.status === 304) {
    return new Response(null, { status: 304, headers: { ...headers, 'Cloudflare-CDN-Cache-Control': 'no-store' } })
  }
  if (!asset.ok) return problemResponse({ code: 'route_not_found' })
  return new Response(asset.body, { headers: { ...headers, 'Content-Type': type } })
}
