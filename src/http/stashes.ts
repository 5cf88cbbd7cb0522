/** `/stash`: the stash as a whole. */
import { Hono } from 'hono'
import { ok } from '../model/refusal.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../model/token.ts'
import { limitCreation, turnDownCounting } from './abuse.ts'
import { newStashId, parseStashId } from './address.ts'
import type { App, Ctx } from './bindings.ts'
import { bearerOf, credentialOf, sameSecret, sha256 } from './credential.ts'
import { readJson, readQuery } from './parse.ts'
import { isKnown, recallStash, serve, turnDownItem } from './read.ts'
import { empty, etag, isoTime, json, turnDown } from './reply.ts'
import { stashSpec, type itemList, type stashCreated, type stashFacts } from './wire.ts'
import { write } from './write.ts'
import type * as z from 'zod'

const SPEC_MAX_BYTES = 16 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'

export const stashes = new Hono<App>()
  .post('/stash', create)
  .get('/stash/:stash', async (c) => {
    const recalled = await recallStash(c)
    if (!recalled.ok) return turnDown(recalled.refusal)
    const { revision, stash, flags, stashId } = recalled.value.snapshot
    if (stash === null) return turnDown({ code: 'stash_not_found' })
    const facts = {
      stash_id: stashId,
      name: stash.name,
      description: stash.description,
      profile: stash.profile,
      revision,
      item_count: flags.size,
      frozen: false,
      created_at: isoTime(stash.createdAt),
    } satisfies z.infer<typeof stashFacts>
    return serve(c, recalled.value, { body: `${JSON.stringify(facts)}\n`, type: JSON_TYPE, version: revision })
  })
  .delete('/stash/:stash', (c) =>
    write(c, {
      read: async (condition) => ok({ kind: 'delete_stash', ...condition }),
      reply: ({ revision }) => json({ message: 'Stash deleted', revision }),
    }),
  )
  .get('/stash/:stash/items', list)
  .get('/stash/:stash/items/latest', async (c) => {
    const recalled = await recallStash(c)
    if (!recalled.ok) return turnDownItem(recalled.refusal)
    const { flags } = recalled.value.snapshot
    if (flags.size === 0) return turnDownItem({ code: 'no_items' })
    const latest = [...flags.values()].reduce((a, b) => (b.version > a.version ? b : a))
    return serve(c, recalled.value, { body: latest.value, type: latest.type, version: latest.version })
  })

async function create(c: Ctx): Promise<Response> {
  const request = c.req.raw
  if (c.env.ADMIN_TOKEN !== undefined && c.env.ADMIN_TOKEN !== '') {
    const token = bearerOf(request)
    if (!token.ok) return turnDown(token.refusal)
    if (!(await sameSecret(token.value, c.env.ADMIN_TOKEN))) {
      return turnDownCounting(request, c.env.FAILED_LOGINS, { code: 'invalid_token' })
    }
  }
  const query = readQuery(request.url, [])
  if (!query.ok) return turnDown(query.refusal)
  const spec = await readJson(request, stashSpec, { limit: SPEC_MAX_BYTES, empty: true })
  if (!spec.ok) return turnDown(spec.refusal)
  const limited = await limitCreation(request, c.env.CREATIONS)
  if (limited !== null) return turnDown(limited)

  const { name, description, profile, jurisdiction } = spec.value
  const id = newStashId(c.env.STASH, jurisdiction)
  if (!id.ok) return turnDown(id.refusal)
  const token = mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(SEED_BYTES)))
  const created = await c.env.STASH.get(id.value).create({
    name: name ?? null,
    description: description ?? null,
    profile,
    masterHash: await sha256(token),
  })
  return json({
    stash_id: id.value.toString(),
    master_token: token,
    message: 'Stash created. The token is shown this once: keep it.',
    profile,
    created_at: isoTime(created.created_at),
  } satisfies z.infer<typeof stashCreated>)
}

async function list(c: Ctx): Promise<Response> {
  const request = c.req.raw
  const credential = await credentialOf(request)
  if (!credential.ok) return turnDownCounting(request, c.env.FAILED_LOGINS, credential.refusal)
  const id = parseStashId(c.env.STASH, c.req.param('stash') ?? '')
  if (!id.ok) return turnDown(id.refusal)
  const query = readQuery(request.url, [])
  if (!query.ok) return turnDown(query.refusal)

  const answer = await c.env.STASH.get(id.value).ask(credential.value, { kind: 'items' })
  if (!answer.ok) return turnDownCounting(request, c.env.FAILED_LOGINS, answer.refusal)
  if (answer.value.kind !== 'items') throw new Error('the stash answered another question')
  const { items, revision } = answer.value
  const headers = {
    ETag: etag(revision),
    'Switchyard-Revision': String(revision),
    'Switchyard-Source': 'object; age=0.000; vouched',
  }
  if (isKnown(request.headers, revision)) return empty(304, headers)
  const stash_id = id.value.toString()
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
        created_at: isoTime(created_at),
        updated_at: isoTime(updated_at),
      })),
    } satisfies z.infer<typeof itemList>,
    headers,
  )
}
