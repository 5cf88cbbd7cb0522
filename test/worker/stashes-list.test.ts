import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { randomAddress } from '../support/stash.ts'
import { newNamedStash, newSlug } from '../support/slugs.ts'

afterEach(clearFaults)

const ADMIN = 'a-long-secret-of-twenty-four'

type Listed = { stash_id: string; slug: string | null; name: string | null; revision: number | null }
type Page = { stashes: Listed[]; next: string | null; as_of: string }

const list = (query = '', bearer = ADMIN) => {
  faults.settings = { ADMIN_TOKEN: ADMIN, OPEN_CREATION: 'yes' }
  return send(`/stashes${query}`, {
    headers: { Authorization: `Bearer ${bearer}`, 'CF-Connecting-IP': randomAddress() },
  })
}

async function listAll(limit: number): Promise<Page[]> {
  const pages: Page[] = []
  for (let cursor: string | null = ''; cursor !== null; cursor = pages.at(-1)?.next ?? null) {
    const next = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    pages.push((await (await list(`?limit=${limit}${next}`)).json()) as Page)
  }
  return pages
}

const findInKv = async (id: string): Promise<Listed | undefined> =>
  (await listAll(1_000)).flatMap(({ stashes }) => stashes).find(({ stash_id }) => stash_id === id)

describe('GET /stashes', () => {
  it('lists every stash with the facts that KV has, page by page', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    const { stash: named, master } = await newOperator({ name: 'Läden 🛒' })
    await stash.put('a', '1')
    await stash.put('b', '2')
    await master.set('a', '1')
    await expect.poll(async () => (await findInKv(stash.id))?.revision, { timeout: 20_000 }).toBe(2)
    await expect.poll(async () => (await findInKv(named.id))?.revision, { timeout: 20_000 }).toBe(1)
    expect(await findInKv(stash.id)).toEqual({
      stash_id: stash.id,
      slug,
      name: null,
      created_at: expect.stringMatching(/Z$/),
      revision: 2,
      items: 2,
    })
    expect(await findInKv(named.id)).toMatchObject({ slug: null, name: 'Läden 🛒', items: 1 })
    const pages = await listAll(1)
    const ids = pages.flatMap(({ stashes }) => stashes.map(({ stash_id }) => stash_id))
    expect(pages.every(({ stashes }) => stashes.length <= 1)).toBe(true)
    expect(ids).toEqual([...new Set(ids)].toSorted())
    expect(ids).toEqual(expect.arrayContaining([stash.id, named.id]))
  })
  it('is not cached, says when KV was asked, and asks no object', async () => {
    const before = Date.now()
    faults.object = () => Promise.reject(new Error('away'))
    faults.names = () => Promise.reject(new Error('away'))
    const response = await list()
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
    const { as_of } = (await response.json()) as Page
    expect(Date.parse(as_of)).toBeGreaterThanOrEqual(before)
  })
  it('lists no deleted stash', async () => {
    const stash = await newStash()
    await expect.poll(() => findInKv(stash.id), { timeout: 20_000 }).toMatchObject({ revision: 0 })
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    await expect.poll(() => findInKv(stash.id), { timeout: 20_000 }).toBeUndefined()
    expect(await env.SNAPSHOTS.get(stash.id), 'the tombstone').not.toBeNull()
  })
  it('lists a copy of an older version with nulls, and its tombstone not at all', async () => {
    const [live, gone] = ['0'.repeat(64), `${'0'.repeat(63)}1`]
    await env.SNAPSHOTS.put(live, '{}')
    await env.SNAPSHOTS.put(gone, '{}', { expirationTtl: 3_600 })
    expect(await findInKv(live)).toEqual({
      stash_id: live,
      slug: null,
      name: null,
      created_at: null,
      revision: null,
      items: null,
    })
    expect(await findInKv(gone)).toBeUndefined()
  })
  it('takes the admin token', async () => {
    const stash = await newStash()
    const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code]
    expect(await codeOf(await list('', `${ADMIN}x`))).toEqual([403, 'invalid_token'])
    expect(await codeOf(await list('', stash.token))).toEqual([403, 'not_permitted'])
    expect(await codeOf(await send('/stashes'))).toEqual([401, 'token_missing'])
    faults.settings = { OPEN_CREATION: 'yes' }
    const anyone = await send('/stashes', { headers: { Authorization: `Bearer ${ADMIN}` } })
    expect(await codeOf(anyone)).toEqual([403, 'not_permitted'])
  })
  it.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=', 'cursor=%20'])('refuses ?%s', async (query) => {
    const response = await list(`?${query}`)
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_query' }])
  })
  it('refuses a cursor that KV does not know, and not one that KV cannot answer now', async () => {
    faults.kvList = ({ cursor }, call) => (cursor ? Promise.reject(new Error('KV LIST: invalid cursor')) : call())
    expect((await list('?cursor=no-cursor')).status).toBe(400)
    faults.kvList = () => Promise.reject(new Error('KV is away'))
    expect((await list('?cursor=no-cursor')).status).toBe(500)
    expect((await list(`?cursor=${'a'.repeat(2_000)}`)).status).toBe(400)
  })
  it('refuses an unknown parameter', async () => {
    expect(await (await list('?name=x')).json()).toMatchObject({ code: 'unknown_parameter' })
  })
})
