/**
 * The dashboard: files that the runtime keeps beside the Worker, given out with headers of our own.
 *
 * Workers Cache keeps all but the page apart per version of the Worker, so an hour there can never mix two deploys; a browser asks each
 * time, and is mostly told that nothing has changed. A page of one version that ran with a module of another would break.
 */
import { Hono } from 'hono'
import { PAGE_HEADERS, problemResponse } from '../response/reply.ts'
import type { App, Ctx } from '../scope.ts'

export const dashboard = new Hono<App>()
  .get('/', (c) => giveOut(c, 'index.html'))
  .get('/dashboard/:file', (c) => giveOut(c, c.req.param('file')))

/**
 * Scripts and styles from the dashboard's own folder only: items are texts of strangers, some of them scripts, and of the
 * same origin. Nothing inline, nothing framed; and no script may turn a text into HTML.
 */
export function policyFor(url: string): string {
  const files = folderAt(url)
  return (
    `default-src 'none'; script-src ${files}; style-src ${files}; connect-src 'self'; img-src 'self' data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
  )
}

/**
 * The folder at the host that was asked, as a source of the policy: without a scheme, because a proxy that ends TLS asks by
 * http. A Host may be anything a client makes up; one that such a source cannot name gets the whole origin.
 */
function folderAt(url: string): string {
  const [, host] = HOST.exec(url) ?? []
  return host === undefined ? "'self'" : `${host}/dashboard/`
}

const HOST = /^https?:\/\/([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::\d{1,5})?)(?:[/?#]|$)/i

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  ...PAGE_HEADERS,
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

const CACHED = { 'Cloudflare-CDN-Cache-Control': 'public, max-age=3600' }
/** The page's policy names its host, which is no part of the cache's key: it is given out anew each time. */
const NOT_CACHED = { 'Cloudflare-CDN-Cache-Control': 'no-store' }

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

async function giveOut(c: Ctx, file: string): Promise<Response> {
  const [, extension = ''] = /^[a-z-]+\.(html|css|js)$/.exec(file) ?? []
  const type = TYPES[extension]
  if (type === undefined) return problemResponse({ code: 'route_not_found' })
  const known = c.req.header('If-None-Match')
  const asset = await c.env.ASSETS.fetch(new URL(file, 'https://assets/'), {
    headers: known === undefined ? {} : { 'If-None-Match': known },
  })
  const tag = asset.headers.get('ETag')
  const page = extension === 'html'
  const headers = {
    ...HEADERS,
    ...(page && { 'Content-Security-Policy': policyFor(c.req.url) }),
    ...(tag !== null && { ETag: tag }),
  }
  if (asset.status === 304) return new Response(null, { status: 304, headers })
  if (!asset.ok) return problemResponse({ code: 'route_not_found' })
  return new Response(asset.body, { headers: { ...headers, ...(page ? NOT_CACHED : CACHED), 'Content-Type': type } })
}
