/** `/item`: single values. Anyone can read them. A write takes a token, except a POST that creates an item (WrenDB profile). */
import { Hono } from 'hono'

import { DEFAULT_TYPE, isKey, VALUE_MAX_BYTES } from '../../model/item.ts'
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { parseKey } from '../request/address.ts'
import { toReadScope, toWriteScope, type App, type Ctx } from '../scope.ts'
import { readText } from '../request/parse.ts'
import { readSnapshot, peekSnapshot } from '../response/read-snapshot.ts'
import { serve, missingItemResponse, itemProblemResponse } from '../response/serve.ts'
import { toEtag } from '../response/entity-tag.ts'
import { json, toTimeBoxMembers, problemResponse } from '../response/reply.ts'
import { MEDIA_TYPE } from '../../wire/flag.ts'
import type { itemApplied, itemDeleted } from '../../wire/change.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

export const items = new Hono<App>()
  .get('/item/:stash/:key', (c) => {
    const remembered = c.req.url.includes('?') ? null : peekSnapshot(c.req.param('stash'))
    return remembered === null ? readItem(c) : serveItem(c, remembered, c.req.param('key'))
  })
  .put('/item/:stash/:key', (c) => put(c, c.req.param('key')))
  .post('/item/:stash/:key', (c) => put(c, c.req.param('key'), { tokenless: true }))
  .post('/item/:stash', (c) => put(c, null, { tokenless: true }))
  .delete('/item/:stash/:key', async (c) => {
    const key = parseKey(c.req.param('key'))
    if (!key.ok) return problemResponse(key.refusal)
    return write(toWriteScope(c), {
      timed: true,
      read: async (options) => ok({ intent: { kind: 'delete', key: key.value, ...options } }),
      reply: ({ revision, reverts }) =>
        json({
          key: key.value,
          message: 'Item deleted',
          revision,
          ...toTimeBoxMembers(reverts),
        } satisfies z.infer<typeof itemDeleted>),
    })
  })

async function readItem(c: Ctx): Promise<Response> {
  const key = parseKey(c.req.param('key') ?? '')
  if (!key.ok) return problemResponse(key.refusal)
  const read = await readSnapshot(toReadScope(c))
  return read.ok ? serveItem(c, read.value.entry, key.value) : itemProblemResponse(read.refusal)
}

function serveItem(c: Ctx, entry: LiveEntry, key: string): Response {
  const flag = entry.snapshot.flags.get(key)
  if (flag !== undefined) return serve(c.req.raw, entry, key, () => ({ body: flag.value, ...flag }))
  return isKey(key)
    ? missingItemResponse(entry, { code: 'item_not_found', key })
    : problemResponse({ code: 'invalid_key', key })
}

async function put(c: Ctx, name: string | null, { tokenless = false } = {}): Promise<Response> {
  const key = name === null ? ok(null) : parseKey(name)
  if (!key.ok) return problemResponse(key.refusal)
  return write(toWriteScope(c), {
    tokenless,
    timed: true,
    read: async (options) => {
      const value = await readValue(c.req.raw)
      return value.ok ? ok({ intent: { kind: 'put', key: key.value, ...value.value, ...options } }) : value
    },
    reply: ({ revision, changed: [stored = ''], reverts }) =>
      json(
        {
          key: stored,
          message: 'Item stored',
          revision,
          version: revision,
          ...toTimeBoxMembers(reverts),
        } satisfies z.infer<typeof itemApplied>,
        { ETag: toEtag(revision) },
      ),
  })
}

/**
 * The body as a value, with its media type. `application/x-www-form-urlencoded` is the default of curl and rarely the caller's
 * choice, so it becomes plain text.
 */
export async function readValue(request: Request): Promise<Result<{ value: string; type: string }>> {
  const type = request.headers.get('Content-Type')?.trim() ?? ''
  if (type !== '' && !MEDIA_TYPE.test(type)) {
    return refuse({
      code: 'invalid_header',
      header: 'Content-Type',
      expected: 'one media type, with at most 255 characters',
    })
  }
  const value = await readText(request, VALUE_MAX_BYTES)
  if (!value.ok) return value
  if (value.value === '') return refuse({ code: 'empty_value' })
  const isDefault = type === '' || /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)
  return ok({ value: value.value, type: isDefault ? DEFAULT_TYPE : type })
}
