/**
 * `GET /stashes`: the stashes of the deployment, from the keys of KV and their metadata, so that it costs no object a turn. It shows
 * what KV shows: a new stash, or a new revision, after 60 seconds and more.
 */
import { parseListMetadata, type KvMetadata } from '../../model/snapshot/list-metadata.ts'
import { refuse, ok, type Result } from '../../model/refusal.ts'
import { problemResponseCountingFailures } from '../rate-limit.ts'
import { checkAdmin } from '../request/admin.ts'
import { parseCount, parseQuery } from '../request/parse.ts'
import { json, problemResponse } from '../response/reply.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import type { Ctx } from '../scope.ts'
import type { stashList } from '../../wire/stash.ts'
import type * as z from 'zod'

/** KV lists at most as many keys at once. */
const LIMIT_MAX = 1_000
const LIMIT_DEFAULT = 100
const CURSOR = /^[\x21-\x7e]{1,1024}$/
const STASH_ID = /^[0-9a-f]{64}$/

type Listed = z.infer<typeof stashList>['stashes'][number]
type Keys = Awaited<ReturnType<KVNamespace<string>['list']>>

export async function listStashes(c: Ctx): Promise<Response> {
  const request = c.req.raw
  const refused = await checkAdmin(request, c.env)
  if (refused !== null) return problemResponseCountingFailures(request, c.env.FAILED_LOGINS, refused)
  const query = parseQuery(request.url, ['cursor', 'limit'])
  if (!query.ok) return problemResponse(query.refusal)
  const limit = parseCount('limit', query.value.limit, { least: 1, most: LIMIT_MAX, absent: LIMIT_DEFAULT })
  if (!limit.ok) return problemResponse(limit.refusal)
  const asOf = Date.now()
  const page = await listKeys(c.env.SNAPSHOTS, limit.value, query.value.cursor)
  if (!page.ok) return problemResponse(page.refusal)
  const { keys } = page.value
  // The other keys (`toSlugKey`) sort after the ids.
  const isPastIds = keys.some(({ name }) => !STASH_ID.test(name))
  const body = {
    stashes: keys.flatMap(toListed),
    next: isPastIds || page.value.list_complete ? null : page.value.cursor,
    as_of: toIsoTime(asOf),
  }
  return json(body satisfies z.infer<typeof stashList>)
}

/** KV refuses a cursor that it has not made. Another fault is repeated without the cursor, which tells the two apart. */
async function listKeys(kv: KVNamespace, limit: number, cursor: string | undefined): Promise<Result<Keys>> {
  if (cursor === undefined) return ok(await kv.list<KvMetadata>({ limit }))
  const invalid = refuse({ code: 'invalid_query', parameter: 'cursor', expected: 'the `next` of the page before' })
  if (!CURSOR.test(cursor)) return invalid
  try {
    return ok(await kv.list<KvMetadata>({ limit, cursor }))
  } catch {
    await kv.list({ limit: 1 })
    return invalid
  }
}

/** A tombstone is no stash. One without metadata, of an older version, is known by its expiration. */
function toListed({ name: key, metadata, expiration }: Keys['keys'][number]): Listed[] {
  const known = parseListMetadata(metadata)
  if (!STASH_ID.test(key) || known === null || expiration !== undefined) return []
  const { name = null, slug = null, createdAt = null, revision = null, items = null } = known === 'unknown' ? {} : known
  return [{ stash_id: key, slug, name, created_at: toIsoTimeOrNull(createdAt), revision, items }]
}
