/** Serves the dashboard: a page, its modules and its style sheet. */
import { Hono } from 'hono'
import { createPolicy, getPlainHost, serveAsset } from '../response/asset.ts'
import { problemResponse } from '../response/reply.ts'
import type { App, Ctx } from '../scope.ts'

export const dashboard = new Hono<App>()
  .get('/', (c) => serveFile(c, 'index.html'))
  .get('/dashboard/:file', (c) => serveFile(c, c.req.param('file')))

/** The page is the only file without a hash in its name: an immutable file under a name that stays could never be replaced. */
const FILE = /^(?:index\.html|[a-z]+-[A-Z0-9]{8}\.(?:css|js))$/

async function serveFile(c: Ctx, file: string): Promise<Response> {
  const policy = file === 'index.html' ? policyFor(c.req.url) : undefined
  const found = FILE.test(file) ? await serveAsset(c, `dashboard/${file}`, policy) : null
  return found ?? problemResponse({ code: 'route_not_found' })
}

export const policyFor = (url: string): string => createPolicy(url, 'dashboard', servicesAt(url))

/** Where the page may connect to. Not every browser takes `'self'` to include the WebSockets of the same host. */
function servicesAt(url: string): string {
  const host = getPlainHost(url)
  return host === undefined ? "'self'" : `'self' ws://${host} wss://${host}`
}
