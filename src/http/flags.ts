/** `/stash/{id}/flags`: every flag at one revision, read in one go and changed in one go. */
import { Hono } from 'hono'
import { parseKey } from './address.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { App } from './bindings.ts'
import { readJson } from './parse.ts'
import { recallStash, serve } from './read.ts'
import { etag, json, turnDown } from './reply.ts'
import { flagsPatch, type patchApplied } from './wire.ts'
import { write } from './write.ts'
import type * as z from 'zod'

/** All of a stash, with room for JSON's escapes. What is then too large for a stash is refused as such. */
const PATCH_MAX_BYTES = 2 * 1024 * 1024

export const flags = new Hono<App>()
  .get('/stash/:stash/flags', async (c) => {
    const recalled = await recallStash(c, ['keys'])
    if (!recalled.ok) return turnDown(recalled.refusal)
    const { snapshot, query } = recalled.value
    const chosen = choose(snapshot, query.keys)
    if (!chosen.ok) return turnDown(chosen.refusal)
    const { stashId, revision } = snapshot
    const body = `${JSON.stringify({ stash_id: stashId, revision, flags: Object.fromEntries(chosen.value) })}\n`
    return serve(c, recalled.value, { body, type: 'application/json; charset=utf-8', version: revision })
  })
  .patch('/stash/:stash/flags', (c) =>
    write(c, {
      read: async (condition) => {
        const changes = await readJson(c.req.raw, flagsPatch, { limit: PATCH_MAX_BYTES })
        return changes.ok ? ok({ kind: 'patch', changes: changes.value, ...condition }) : changes
      },
      reply: ({ revision, changed }) =>
        json({ message: 'Flags changed', revision, changed } satisfies z.infer<typeof patchApplied>, {
          ETag: etag(revision),
        }),
    }),
  )

/** The flags named in `?keys=a,b`, or all. One that does not exist is left out: the caller sees which. */
function choose({ flags }: Snapshot, keys: string | undefined): Result<[string, string][]> {
  if (keys === undefined) return ok(Array.from(flags.values(), ({ key, value }) => [key, value]))
  const chosen: [string, string][] = []
  for (const text of keys.split(',')) {
    const key = parseKey(text)
    if (!key.ok) return refuse({ code: 'invalid_query', parameter: 'keys', expected: 'keys with commas between them' })
    const flag = flags.get(key.value)
    if (flag !== undefined) chosen.push([flag.key, flag.value])
  }
  return ok(chosen)
}
