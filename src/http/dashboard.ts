/**
 * The dashboard: files that the runtime keeps beside the Worker, given out with headers of our own.
 *
 * Workers Cache keeps them apart per version of the Worker, so an hour there can never mix two deploys; a browser asks each
 * time, and is mostly told that nothing has changed. A page of one version that ran with a module of another would break.
 */
import { Hono } from 'hono'
import { turnDown } from './reply.ts'
import type { App, Ctx } from './scope.ts'

export const dashboard = new Hono<App>()
  .get('/', (c) => giveOut(c, 'index.html'))
  .get('/dashboard/:file', (c) => giveOut(c, c.req.param('file')))

/** Scripts and styles from here only, nothing inline, nothing framed; and no script may turn a text into HTML. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

const HEADERS = {
  'Cache-Control': 'no-cache',
  'Cloudflare-CDN-Cache-Control': 'public, max-age=3600',
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
}

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

async function giveOut(c: Ctx, file: string): Promise<Response> {
  const [, extension = ''] = /^[a-z-]+\.(html|css|js)$/.exec(file) ?? []
  const type = TYPES[extension]
  if (type === undefined) return turnDown({ code: 'route_not_found' })
  const known = c.req.header('If-None-Match')
  const asset = await c.env.ASSETS.fetch(new URL(file, 'https://assets/'), {
    headers: known === undefined ? {} : { 'If-None-Match': known },
  })
  const tag = asset.headers.get('ETag')
  const headers = { ...HEADERS, ...(tag !== null && { ETag: tag }) }
  if (asset.status === 304) return new Response(null, { status: 304, headers })
  if (!asset.ok) return turnDown({ code: 'route_not_found' })
  return new Response(asset.body, { headers: { ...headers, 'Content-Type': type } })
}
