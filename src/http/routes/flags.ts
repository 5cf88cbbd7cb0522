/** `/stash/{id}/flags`: reads all flags, or a selection, at one revision, and changes several flags in one revision. */
import { Hono } from 'hono'
import { isKey } from '../../model/item.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import type { Snapshot } from '../../model/snapshot/snapshot.ts'
import { toRevertRecord } from '../../model/snapshot/watch-event.ts'
import { toReadScope, toWriteScope, type App } from '../scope.ts'
import { readJson } from '../request/parse.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { serveList } from '../response/serve.ts'
import { toEtag } from '../response/entity-tag.ts'
import { json, toTimeBoxMembers, problemResponse } from '../response/reply.ts'
import { flagsPatch, type flags as flagsAnswer } from '../../wire/flag.ts'
import type { patchApplied } from '../../wire/change.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

/** The limit of the body: the largest keys and values of a whole stash (1 MiB), and as much again for JSON and its escapes. */
const PATCH_MAX_BYTES = 2 * 1024 * 1024

export const flags = new Hono<App>()
  .get('/stash/:stash/flags', async (c) => {
    const read = await readSnapshot(toReadScope(c), ['keys'])
    if (!read.ok) return problemResponse(read.refusal)
    const { entry, query } = read.value
    const chosen = parseKeys(query.keys)
    if (!chosen.ok) return problemResponse(chosen.refusal)
    const keys = chosen.value && selectExistingKeys(entry.snapshot, chosen.value)
    return serveList(c.req.raw, entry, keys, () => toFlagsRepresentation(entry.snapshot, keys))
  })
  .patch('/stash/:stash/flags', (c) =>
    write(toWriteScope(c), {
      timed: true,
      read: async (options) => {
        const changes = await readJson(c.req.raw, flagsPatch, { limit: PATCH_MAX_BYTES })
        return changes.ok ? ok({ intent: { kind: 'patch', changes: changes.value, ...options } }) : changes
      },
      reply: ({ revision, changed, reverts }) =>
        json(
          { message: 'Flags changed', revision, changed, ...toTimeBoxMembers(reverts) } satisfies z.infer<
            typeof patchApplied
          >,
          { ETag: toEtag(revision) },
        ),
    }),
  )

/** The keys in `?keys=a,b`; null for all. */
function parseKeys(text: string | undefined): Result<string[] | null> {
  if (text === undefined) return ok(null)
  const keys = text.split(',')
  if (keys.every(isKey)) return ok(keys)
  return refuse({ code: 'invalid_query', parameter: 'keys', expected: 'keys, separated by commas' })
}

/**
 * The selected keys that exist, or that a pending revert will restore; the response leaves out the others. They are sorted, so
 * that queries that differ in order share one cached list.
 */
function selectExistingKeys({ flags, reverts }: Snapshot, keys: string[]): string[] {
  const pending = new Set(reverts.map(({ key }) => key))
  return [...new Set(keys)].filter((key) => flags.has(key) || pending.has(key)).toSorted()
}

function toFlagsRepresentation(snapshot: Snapshot, keys: string[] | null): { body: string; type: string } {
  const { stashId, revision, flags, reverts } = snapshot
  const chosen = keys === null ? [...flags.values()] : keys.flatMap((key) => flags.get(key) ?? [])
  const values = Object.fromEntries(chosen.map(({ key, value }) => [key, value]))
  const wanted = keys && new Set(keys)
  const pending = reverts.filter(({ key }) => wanted?.has(key) ?? true)
  const record = toRevertRecord(pending.map(({ key, at, to }) => ({ key, at, to: to?.value ?? null })))
  const answer = { stash_id: stashId, revision, flags: values, ...record } satisfies z.infer<typeof flagsAnswer>
  const body = `${JSON.stringify(answer)}\n`
  return { body, type: 'application/json; charset=utf-8' }
}
