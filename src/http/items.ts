/** `/item`: single values. Anyone reads them; a write takes a token. */
import { Hono } from 'hono'

import { DEFAULT_TYPE, VALUE_MAX_BYTES } from '../model/item.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { parseKey } from './address.ts'
import type { App, Ctx } from './bindings.ts'
import { readText } from './parse.ts'
import { itemNotFound, recallStash, serve, turnDownItem } from './read.ts'
import { etag, json, turnDown } from './reply.ts'
import type { itemApplied } from './wire.ts'
import { write } from './write.ts'
import type * as z from 'zod'

export const items = new Hono<App>()
  .get('/item/:stash/:key', async (c) => {
    const key = parseKey(c.req.param('key'))
    if (!key.ok) return turnDown(key.refusal)
    const recalled = await recallStash(c)
    if (!recalled.ok) return turnDownItem(recalled.refusal)
    const flag = recalled.value.snapshot.flags.get(key.value)
    if (flag === undefined) return turnDownItem(itemNotFound(key.value))
    return serve(c, recalled.value, { body: flag.value, type: flag.type, version: flag.version })
  })
  .put('/item/:stash/:key', (c) => put(c, c.req.param('key')))
  .post('/item/:stash/:key', (c) => put(c, c.req.param('key'), { tokenless: true }))
  .post('/item/:stash', (c) => put(c, null, { tokenless: true }))
  .delete('/item/:stash/:key', async (c) => {
    const key = parseKey(c.req.param('key'))
    if (!key.ok) return turnDown(key.refusal)
    return write(c, {
      read: async (condition) => ok({ kind: 'delete', key: key.value, ...condition }),
      reply: ({ revision }) => json({ key: key.value, message: 'Item deleted', revision }),
    })
  })

async function put(c: Ctx, name: string | null, { tokenless = false } = {}): Promise<Response> {
  const key = name === null ? ok(null) : parseKey(name)
  if (!key.ok) return turnDown(key.refusal)
  return write(c, {
    tokenless,
    read: async (condition) => {
      const value = await readValue(c.req.raw)
      return value.ok ? ok({ kind: 'put', key: key.value, ...value.value, ...condition }) : value
    },
    reply: ({ revision, changed: [stored = ''] }) =>
      json({ key: stored, message: 'Item stored', revision, version: revision } satisfies z.infer<typeof itemApplied>, {
        ETag: etag(revision),
      }),
  })
}

/** A value as it came, with the type it came with. Forms are curl's default, and never meant. */
export async function readValue(request: Request): Promise<Result<{ value: string; type: string }>> {
  const type = request.headers.get('Content-Type')?.trim() ?? ''
  if (type.length > 255)
    return refuse({ code: 'invalid_header', header: 'Content-Type', expected: 'at most 255 characters' })
  const value = await readText(request, VALUE_MAX_BYTES)
  if (!value.ok) return value
  if (value.value === '') return refuse({ code: 'empty_value' })
  const isDefault = type === '' || /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)
  return ok({ value: value.value, type: isDefault ? DEFAULT_TYPE : type })
}
