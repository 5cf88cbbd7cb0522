/**
 * The routes on the service itself: its OpenAPI document, the security contact, and the health check. An isolate renders the
 * document at its first request, and the cache in front keeps it for an hour. The cache's key has no host, so nothing in it may
 * depend on the host.
 */
import { Hono } from 'hono'
import { getCreationPolicy } from '../request/admin.ts'
import { sha256 } from '../digest.ts'
import { createDocument } from '../openapi/document.ts'
import { includesTag } from '../response/entity-tag.ts'
import { empty, json, problemResponse } from '../response/reply.ts'
import type { App, Ctx } from '../scope.ts'
import { parseContact, securityText } from './security-text.ts'
import { VERSION } from '../../version.ts'
import type { health } from '../../wire/service.ts'
import type * as z from 'zod'

export const about = new Hono<App>()
  .get('/openapi.json', (c) => serveDocument(c))
  .get('/healthz', (c) =>
    json({
      status: 'ok',
      version: VERSION,
      isolate: getIsolateName(),
      creation: getCreationPolicy(c.env),
    } satisfies z.infer<typeof health>),
  )
  .get('/.well-known/security.txt', (c) => {
    const contact = parseContact(c.env.SECURITY_CONTACT)
    return contact === null ? problemResponse({ code: 'route_not_found' }) : securityText(contact, Date.now())
  })

let isolateName: string | undefined

/** Made at the first request, because an isolate has no randomness before. */
function getIsolateName(): string {
  return (isolateName ??= crypto.randomUUID().slice(0, 8))
}

type RenderedDocument = { body: string; tag: string; headers: Headers }

/** A finished document and no promise: a promise that another request began may never settle. */
let rendered: RenderedDocument | undefined

const CACHING = { 'Cache-Control': 'no-cache', 'Cloudflare-CDN-Cache-Control': 'public, max-age=3600' }

async function serveDocument(c: Ctx): Promise<Response> {
  const { body, tag, headers } = (rendered ??= await renderDocument())
  if (includesTag(c.req.header('If-None-Match') ?? null, tag)) {
    return empty(304, { 'Cache-Control': 'no-cache', ETag: tag })
  }
  return new Response(body, { headers })
}

async function renderDocument(): Promise<RenderedDocument> {
  const response = json(createDocument())
  const body = await response.text()
  const tag = `"${(await sha256(body)).slice(0, 22)}"`
  const headers = new Headers(response.headers)
  for (const [header, value] of Object.entries({ ...CACHING, ETag: tag })) headers.set(header, value)
  return { body, tag, headers }
}
