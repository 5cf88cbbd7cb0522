/** `/stash/{id}/flags`: reads all flags, or a selection, at one revision, and changes several flags in one revision. */
import { Hono } from 'hono'
import { createKeyMatcher, isPattern } from '../../model/access/key-matcher.ts'
import { ok } from '../../model/refusal.ts'
import type { Snapshot } from '../../model/snapshot/snapshot.ts'
import { toReadScope, toWriteScope, type App } from '../scope.ts'
import { parseSwitch, readJson } from '../request/parse.ts'
import { parseKeys } from '../request/parse-keys.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { toFlagsRepresentation, toMetaRepresentation } from '../response/flag-list.ts'
import { serveList } from '../response/serve.ts'
import { toEtag } from '../response/entity-tag.ts'
import { json, toTimeBoxMembers, problemResponse } from '../response/reply.ts'
import { flagsPatch } from '../../wire/flag.ts'
import type { patchApplied } from '../../wire/change.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

/** The limit of the body: the largest keys and values of a whole stash (1 MiB), and as much again for JSON and its escapes. */
const PATCH_MAX_BYTES = 2 * 1024 * 1024

export const flags = new Hono<App>()
  .get('/stash/:stash/flags', async (c) => {
    const read = await readSnapshot(toReadScope(c), ['keys', 'meta'])
    if (!read.ok) return problemResponse(read.refusal)
    const { entry, query } = read.value
    const chosen = parseKeys(query.keys)
    if (!chosen.ok) return problemResponse(chosen.refusal)
    const withMeta = parseSwitch('meta', query.meta)
    if (!withMeta.ok) return problemResponse(withMeta.refusal)
    const keys = chosen.value && selectExistingKeys(entry.snapshot, chosen.value)
    const [form, toRepresentation] = withMeta.value
      ? (['meta', toMetaRepresentation] as const)
      : (['values', toFlagsRepresentation] as const)
    return serveList(c.req.raw, entry, { keys, form }, () => toRepresentation(entry.snapshot, keys))
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

/**
 * The selected keys that exist, or that a pending revert will restore; the response leaves out the others. They are sorted, so
 * that queries that differ in order share one cached list.
 */
function selectExistingKeys({ flags, reverts }: Snapshot, entries: string[]): string[] {
  const pending = new Set(reverts.map(({ key }) => key))
  const selected = new Set(entries.filter((key) => flags.has(key) || pending.has(key)))
  const patterns = entries.filter(isPattern)
  if (patterns.length > 0) {
    const matches = createKeyMatcher(patterns)
    for (const keys of [flags.keys(), pending]) for (const key of keys) if (matches(key)) selected.add(key)
  }
  return [...selected].toSorted()
}
