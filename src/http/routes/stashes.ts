/** `/stash`: creates, describes and deletes a stash, lists its items, and serves its newest item. */
import { Hono } from 'hono'
import { ok } from '../../model/refusal.ts'
import type { PublicFreeze } from '../../model/freeze.ts'
import type { LiveSnapshot } from '../../model/snapshot/snapshot.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../../model/access/token.ts'
import { checkCreationLimit, problemResponseCountingFailures } from '../rate-limit.ts'
import { checkCreationAllowed, getCreationPolicy, writeAsTokenOrAdmin } from '../request/admin.ts'
import { createStashId } from '../request/address.ts'
import { queryStash } from '../request/query.ts'
import { toReadScope, toWriteScope, type App, type Ctx } from '../scope.ts'
import { sha256 } from '../digest.ts'
import { readJson, parseQuery, parseMinRevision, parseSwitch } from '../request/parse.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { matchesIfNoneMatch, toEtag } from '../response/entity-tag.ts'
import {
  serve,
  missingItemResponse,
  getStashTimes,
  getTimesWithFreezes,
  listFreezes,
  itemProblemResponse,
  type Representation,
} from '../response/serve.ts'
import { dryRunResponse } from '../response/dry-run.ts'
import { empty, json, problemResponse, toFreezeMember } from '../response/reply.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import { stashSpec, type stashCreated, type stashFacts } from '../../wire/stash.ts'
import { checkSlug, claimSlug, type SlugRules } from '../request/claim-slug.ts'
import { describeStash } from './describe-stash.ts'
import { listStashes } from './stash-list.ts'
import type { itemList } from '../../wire/flag.ts'
import type * as z from 'zod'

const SPEC_MAX_BYTES = 16 * 1024

/** @param slugs `isReserved`: whether a slug is the first segment of a route */
export const createStashRoutes = (slugs: SlugRules) =>
  new Hono<App>()
    .post('/stash', (c) => create(c, slugs))
    .get('/stashes', listStashes)
    .patch('/stash/:stash', (c) => describeStash(c, slugs))
    .get('/stash/:stash', async (c) => {
      const read = await readSnapshot(toReadScope(c))
      if (!read.ok) return problemResponse(read.refusal)
      const { entry } = read.value
      const standing = listFreezes(entry.snapshot)
      return serve(c.req.raw, entry, `/ ${standing.length}`, () => toFactsRepresentation(entry.snapshot, standing))
    })
    .delete('/stash/:stash', (c) =>
      writeAsTokenOrAdmin(c, {
        read: async ({ condition }) => ok({ intent: { kind: 'delete_stash', ...(condition && { condition }) } }),
        reply: ({ revision }) => json({ message: 'Stash deleted', revision }),
      }),
    )
    .get('/stash/:stash/items', list)
    .get('/stash/:stash/items/latest', async (c) => {
      const read = await readSnapshot(toReadScope(c))
      if (!read.ok) return itemProblemResponse(read.refusal)
      const { entry } = read.value
      const { flags } = entry.snapshot
      if (flags.size === 0) return missingItemResponse(entry, { code: 'no_items' })
      const latest = [...flags.values()].reduce((a, b) => (b.version > a.version ? b : a))
      // The tag has the revision, because items of one patch share a version: one may become the newest after another is deleted.
      const version = entry.snapshot.revision
      const times = getStashTimes(entry.snapshot)
      return serve(c.req.raw, entry, '/latest', () => ({ body: latest.value, type: latest.type, version, ...times }))
    })

function toFactsRepresentation(snapshot: LiveSnapshot, standing: PublicFreeze[]): Representation {
  const { stashId, revision, stash, flags } = snapshot
  const whole = standing.find(({ keys }) => keys === null)
  const facts = {
    stash_id: stashId,
    slug: stash.slug ?? null,
    name: stash.name,
    description: stash.description,
    profile: stash.profile,
    revision,
    item_count: flags.size,
    frozen: whole !== undefined,
    frozen_until: toIsoTimeOrNull(whole?.until ?? null),
    freezes: standing.map(toFreezeMember),
    // The member is always null, because reading the reason takes a token. Old copies in KV may still have one.
    freeze_reason: null,
    created_at: toIsoTime(stash.createdAt),
  } satisfies z.infer<typeof stashFacts>
  return {
    body: `${JSON.stringify(facts)}\n`,
    type: 'application/json; charset=utf-8',
    version: revision,
    ...getTimesWithFreezes(snapshot, standing),
  }
}

async function create(c: Ctx, slugs: SlugRules): Promise<Response> {
  const request = c.req.raw
  const refused = await checkCreationAllowed(request, c.env)
  if (refused !== null) return problemResponseCountingFailures(request, c.env.FAILED_LOGINS, refused)
  const query = parseQuery(request.url, ['dry_run'])
  if (!query.ok) return problemResponse(query.refusal)
  const dryRun = parseSwitch('dry_run', query.value.dry_run)
  if (!dryRun.ok) return problemResponse(dryRun.refusal)
  const spec = await readJson(request, stashSpec, { limit: SPEC_MAX_BYTES, empty: true })
  if (!spec.ok) return problemResponse(spec.refusal)
  const { name, description, profile, jurisdiction, slug = null } = spec.value
  const fits = checkSlug(slug, slugs)
  if (!fits.ok) return problemResponse(fits.refusal)
  // A dry run with a slug is counted as well: it asks the names object, as a creation does.
  const isFree = dryRun.value && slug === null
  const limited = isFree ? null : await checkCreationLimit(request, c.env.CREATIONS)
  if (limited !== null) return problemResponse(limited)

  const id = createStashId(c.env.STASH, jurisdiction)
  if (!id.ok) return problemResponse(id.refusal)
  const isAdmin = getCreationPolicy(c.env) === 'admin_token'
  const claimed =
    slug === null
      ? ok(null)
      : await claimSlug(c.env, { slug, stashId: id.value.toString(), isAdmin, dryRun: dryRun.value })
  if (!claimed.ok) return problemResponse(claimed.refusal)
  if (dryRun.value) return dryRunResponse({ revision: 0, changed: [] }, 'create_stash')
  const token = mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(SEED_BYTES)))
  const created = await c.env.STASH.get(id.value).create({
    name: name ?? null,
    description: description ?? null,
    ...(slug !== null && { slug }),
    profile,
    masterHash: await sha256(token),
  })
  return json({
    stash_id: id.value.toString(),
    master_token: token,
    message: 'Stash created. The token is shown this once: keep it.',
    profile,
    created_at: toIsoTime(created.created_at),
    slug,
  } satisfies z.infer<typeof stashCreated>)
}

function list(c: Ctx): Promise<Response> {
  let least = 0
  return queryStash(toWriteScope(c), {
    parameters: ['min_revision'],
    toQuery: (query) => {
      const minRevision = parseMinRevision(query['min_revision'])
      if (!minRevision.ok) return minRevision
      least = minRevision.value
      return ok({ kind: 'items' as const })
    },
    reply: ({ items, revision }) => {
      if (revision < least)
        return problemResponse({ code: 'revision_not_reached', current: revision, min_revision: least })
      const headers = {
        ETag: toEtag(revision),
        'Switchyard-Revision': String(revision),
        'Switchyard-Source': `object; vouched; as-of=${toIsoTime(Date.now())}`,
      }
      if (matchesIfNoneMatch(c.req.raw.headers, toEtag(revision))) return empty(304, headers)
      const stash_id = c.req.param('stash') ?? ''
      return json(
        {
          stash_id,
          revision,
          total: items.length,
          items: items.map(({ key, value, type, version, created_at, updated_at }) => ({
            key,
            value,
            stash_id,
            content_type: type,
            version,
            created_at: toIsoTime(created_at),
            updated_at: toIsoTime(updated_at),
          })),
        } satisfies z.infer<typeof itemList>,
        headers,
      )
    },
  })
}
