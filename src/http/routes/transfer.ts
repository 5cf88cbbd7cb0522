/** Exports a stash as a file without secrets, and imports such a file. */
import { Hono } from 'hono'
import { DEFAULT_TYPE } from '../../model/item.ts'
import { ok, refuse } from '../../model/refusal.ts'
import { queryStash } from '../request/query.ts'
import { parseSwitch, readJson } from '../request/parse.ts'
import { toEtag } from '../response/entity-tag.ts'
import { json, toTimeBoxMembers } from '../response/reply.ts'
import { toIsoTime } from '../response/time.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { IMPORT_MAX_BYTES, importSpec, type exported, type imported } from '../../wire/history.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

export const transfer = new Hono<App>()
  .get('/stash/:stash/export', exportStash)
  .post('/stash/:stash/import', importStash)

function exportStash(c: Ctx): Promise<Response> {
  return queryStash(toWriteScope(c), {
    toQuery: () => ok({ kind: 'export' as const }),
    reply: ({ revision, name, description, items, guards }) =>
      json(
        {
          format: 1,
          stash_id: c.req.param('stash') ?? '',
          revision,
          exported_at: toIsoTime(Date.now()),
          name,
          description,
          items: items.map(({ key, value, type }) => ({ key, value, content_type: type })),
          guards: guards.map(({ key, guard }) => ({ key, guard })),
        } satisfies z.infer<typeof exported>,
        { ETag: toEtag(revision) },
      ),
  })
}

function importStash(c: Ctx): Promise<Response> {
  return write(toWriteScope(c), {
    timed: true,
    parameters: ['replace'],
    bodyMayHoldGuards: true,
    read: async (options, query) => {
      const replaces = parseSwitch('replace', query['replace'])
      if (!replaces.ok) return replaces
      const spec = await readJson(c.req.raw, importSpec, { limit: IMPORT_MAX_BYTES })
      if (!spec.ok) return spec
      const { items: given, guards: rules } = spec.value
      const replace = replaces.value
      // With replace=1, a file that lacks its items or its guards would delete all of them.
      if (replace && (given === undefined || rules === undefined)) {
        const message = 'replace=1 needs both items and guards; write [] for none'
        return refuse({ code: 'invalid_body', issues: [{ path: '', message }] })
      }
      const items = (given ?? []).map(({ key, value, content_type: type = DEFAULT_TYPE }) => ({ key, value, type }))
      return ok({ intent: { kind: 'import', items, guards: rules ?? [], replace, ...options } })
    },
    reply: ({ revision, changed, reverts }) =>
      json(
        { message: 'Imported', revision, changed, dry_run: false, ...toTimeBoxMembers(reverts) } satisfies z.infer<
          typeof imported
        >,
        { ETag: toEtag(revision) },
      ),
  })
}
