/** `/stash/{id}/guards`: the rules that the writes of a key must satisfy. */
import { Hono } from 'hono'
import type { GuardRow } from '../../model/decide/facts.ts'
import { ok } from '../../model/refusal.ts'
import { parseKey } from '../request/address.ts'
import { queryStash } from '../request/query.ts'
import { readJson } from '../request/parse.ts'
import { toEtag } from '../response/entity-tag.ts'
import { json, problemResponse } from '../response/reply.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { guardSpec, type guardApplied, type guardFacts, type guardList } from '../../wire/safeguard.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

/** The limit of the body is above that of a guard (16 KiB), so that the refusal of a large guard names the limit of guards. */
const SPEC_MAX_BYTES = 32 * 1024

export const guards = new Hono<App>()
  .get('/stash/:stash/guards', (c) =>
    queryStash(toWriteScope(c), {
      toQuery: () => ok({ kind: 'guards' as const }),
      reply: ({ revision, guards: all }) => {
        const body = { stash_id: c.req.param('stash'), revision, guards: all.map(toGuardFacts) }
        return json(body satisfies z.infer<typeof guardList>, { ETag: toEtag(revision) })
      },
    }),
  )
  .get('/stash/:stash/guards/:key', (c) =>
    queryStash(toWriteScope(c), {
      toQuery: () => {
        const key = parseKey(c.req.param('key'))
        return key.ok ? ok({ kind: 'guards' as const }) : key
      },
      reply: ({ guards: all }) => {
        const found = all.find(({ key }) => key === c.req.param('key'))
        if (found === undefined) return problemResponse({ code: 'guard_not_found', key: c.req.param('key') })
        return json(toGuardFacts(found), { ETag: toEtag(found.version) })
      },
    }),
  )
  .put('/stash/:stash/guards/:key', set)
  .delete('/stash/:stash/guards/:key', (c) => {
    const key = parseKey(c.req.param('key'))
    if (!key.ok) return problemResponse(key.refusal)
    return write(toWriteScope(c), {
      read: async ({ condition }) =>
        ok({ intent: { kind: 'remove_guard', key: key.value, ...(condition && { condition }) } }),
      reply: ({ revision }) =>
        json({ key: key.value, message: 'Guard removed', revision } satisfies z.infer<typeof guardApplied>),
    })
  })

const toGuardFacts = ({ key, version, guard }: GuardRow): z.infer<typeof guardFacts> => ({ key, version, ...guard })

function set(c: Ctx): Response | Promise<Response> {
  const key = parseKey(c.req.param('key') ?? '')
  if (!key.ok) return problemResponse(key.refusal)
  return write(toWriteScope(c), {
    bodyMayHoldGuards: true,
    read: async ({ condition }) => {
      const guard = await readJson(c.req.raw, guardSpec, { limit: SPEC_MAX_BYTES })
      if (!guard.ok) return guard
      return ok({ intent: { kind: 'set_guard', key: key.value, guard: guard.value, ...(condition && { condition }) } })
    },
    reply: ({ revision }) =>
      json(
        { key: key.value, message: 'Guard set', revision, version: revision } satisfies z.infer<typeof guardApplied>,
        { ETag: toEtag(revision) },
      ),
  })
}
