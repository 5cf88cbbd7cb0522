/** What the service says of itself: its OpenAPI document, the same for people, and that it is up. */
import { Hono } from 'hono'
import { creationOf } from './admin.ts'
import type { App } from './scope.ts'
import { docsPage } from './docs.ts'
import { openapi } from './openapi.ts'
import { json } from './reply.ts'
import type { health } from './wire.ts'
import type * as z from 'zod'

export const about = new Hono<App>()
  .get('/openapi.json', (c) => json(documentFor(new URL(c.req.url).origin)))
  .get('/docs', docsPage)
  .get('/healthz', (c) => json({ status: 'ok', creation: creationOf(c.env) } satisfies z.infer<typeof health>))

let made: { origin: string; document: object } | undefined

function documentFor(origin: string): object {
  if (made?.origin !== origin) made = { origin, document: openapi(origin) }
  return made.document
}
