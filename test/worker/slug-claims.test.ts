import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { operatorOf } from '../support/operator.ts'
import { ageClaim, createWith, getClaim, getNames, newNamedStash, newSlug } from '../support/slugs.ts'

afterEach(clearFaults)

const ADMIN = 'a-long-secret-of-twenty-four'
const asAdmin = { Authorization: `Bearer ${ADMIN}` }
const away = () => Promise.reject(new Error('away'))

describe('a claim that was never written to', () => {
  it('can be taken with the admin token, and the former stash has no slug then', async () => {
    const slug = newSlug()
    const former = await newNamedStash(slug)
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await createWith({ slug }, asAdmin), 'its request may be under way').toMatchObject({ code: 'slug_taken' })
    await ageClaim(slug)
    const { status, body } = await createWith({ slug }, asAdmin)
    expect([status, body['slug']]).toEqual([200, slug])
    expect(await (await send(`/stash/${former.id}?min_revision=1`)).json()).toMatchObject({ slug: null, revision: 1 })
    await expect
      .poll(async () => ((await (await send(`/stash/${slug}`)).json()) as { stash_id: string }).stash_id)
      .toBe(body['stash_id'])
    await ageClaim(slug)
    const put = { method: 'PUT', body: '1', headers: { Authorization: `Bearer ${String(body['master_token'])}` } }
    expect((await send(`/item/${slug}/a`, put)).status).toBe(200)
    expect(await createWith({ slug }, asAdmin)).toMatchObject({ status: 409, code: 'slug_taken' })
  })
  it('can be taken after a creation that failed between the claim and the stash, with the admin token only', async () => {
    const slug = newSlug()
    faults.object = (method, call) => (method === 'create' ? away() : call())
    expect((await createWith({ slug })).status).toBe(500)
    faults.object = null
    await ageClaim(slug)
    expect(await createWith({ slug })).toMatchObject({ status: 409, code: 'slug_taken' })
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await createWith({ slug }, asAdmin)).toMatchObject({ status: 200 })
  })
  it('keeps its slug where the stash was deleted before anything was written', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    expect((await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))).status).toBe(200)
    await ageClaim(slug)
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await createWith({ slug }, asAdmin)).toMatchObject({ status: 409, code: 'slug_taken' })
    expect(await getClaim(slug)).toBe(stash.id)
  })
  it('is a claim of the stash that KV names, if the names object was restored to a time before it', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    await expect.poll(() => env.SNAPSHOTS.get(`slug:${slug}`), { timeout: 10_000 }).toBe(stash.id)
    await runInDurableObject(getNames(), (_, { storage }) => {
      storage.sql.exec('DELETE FROM claim WHERE slug = ?', slug)
    })
    expect(await createWith({ slug })).toMatchObject({ status: 409, code: 'slug_taken' })
    expect(await getClaim(slug)).toBe(stash.id)
  })
  it('keeps its slug where the storage of its stash is lost, which a copy in KV shows', async () => {
    const slug = newSlug()
    const id = env.STASH.newUniqueId().toString()
    await getNames().claim({ slug, stashId: id, isAdmin: false })
    await env.SNAPSHOTS.put(id, '{}')
    await ageClaim(slug)
    expect(await getNames().claim({ slug, stashId: 'f'.repeat(64), isAdmin: true })).toMatchObject({
      ok: false,
      refusal: { code: 'slug_taken' },
    })
  })
})

describe('PATCH /stash/{id}', () => {
  it('sets name, description and slug as one revision, and records it', async () => {
    const slug = newSlug()
    const { stash, master } = await newOperator({ name: 'shop', description: 'old' })
    const spec = { slug, name: 'The shop', description: null }
    expect(await master.call('PATCH', '', spec)).toMatchObject({ status: 200, body: { revision: 1 } })
    const facts = await (await send(`/stash/${slug}`)).json()
    expect(facts).toMatchObject({ stash_id: stash.id, slug, name: 'The shop', description: null, revision: 1 })
    expect(await master.history()).toMatchObject([
      {
        kind: 'describe',
        who: 'master',
        described: { before: { slug: null, name: 'shop', description: 'old' }, after: spec },
      },
    ])
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true })
    await expect.poll(() => env.SNAPSHOTS.get(`slug:${slug}`), { timeout: 10_000 }).toBe(stash.id)
  })
  it('accepts a repeat without another revision, and refuses another slug', async () => {
    const [slug, other] = [newSlug(), newSlug()]
    const { master } = await newOperator()
    expect((await master.call('PATCH', '', { slug })).body).toMatchObject({ revision: 1 })
    expect((await master.call('PATCH', '', { slug })).body).toMatchObject({ revision: 1 })
    expect(await master.call('PATCH', '', { slug: other })).toMatchObject({
      status: 409,
      body: { code: 'slug_set', slug },
    })
    expect(await getClaim(other)).toBeNull()
  })
  it('refuses a slug of another stash', async () => {
    const slug = newSlug()
    await newNamedStash(slug)
    const { stash, master } = await newOperator()
    expect(await master.call('PATCH', '', { slug, name: 'x' })).toMatchObject({
      status: 409,
      body: { code: 'slug_taken' },
    })
    expect(await stash.revision()).toBe(0)
  })
  it('claims nothing for a wrong token, a token that is no master, and none', async () => {
    const slug = newSlug()
    const { stash, master } = await newOperator()
    const limited = await master.grant({ label: 'ci', can: ['write', 'tokens'] })
    const stranger = operatorOf(send, stash, (await newStash()).token)
    expect(await limited.call('PATCH', '', { slug })).toMatchObject({ status: 403, body: { needs: 'master' } })
    expect(await stranger.call('PATCH', '', { slug })).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
    expect((await send(`/stash/${stash.id}`, { method: 'PATCH', body: JSON.stringify({ slug }) })).status).toBe(401)
    expect(await getClaim(slug)).toBeNull()
    expect(await limited.call('PATCH', '', { name: 'mine' })).toMatchObject({ status: 403 })
    expect(await master.call('PATCH', '', { slug: 'docs' })).toMatchObject({ status: 400 })
    expect(await master.call('PATCH', '', { slug: null })).toMatchObject({ status: 400 })
  })
  it('is completed by a repeat after a crash between the claim and the write', async () => {
    const slug = newSlug()
    const { stash, master } = await newOperator()
    faults.object = (method, call) => (method === 'apply' ? away() : call())
    expect((await master.call('PATCH', '', { slug })).status).toBe(500)
    faults.object = null
    expect(await getClaim(slug)).toBe(stash.id)
    expect(await master.call('PATCH', '', { slug: newSlug() })).toMatchObject({ body: { code: 'slug_set', slug } })
    expect(await master.call('PATCH', '', { slug })).toMatchObject({ status: 200 })
    expect(await (await send(`/stash/${stash.id}?min_revision=1`)).json()).toMatchObject({ slug })
  })
  it('sets name and description without the names object, and the slug only with it', async () => {
    const { master } = await newOperator()
    faults.names = away
    expect(await master.call('PATCH', '', { name: 'n' })).toMatchObject({ status: 200 })
    expect(await master.call('PATCH', '', { slug: newSlug() })).toMatchObject({
      status: 503,
      body: { code: 'names_busy' },
    })
  })
  it('takes the admin token', async () => {
    const slug = newSlug()
    const { stash, master } = await newOperator()
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const admin = operatorOf(send, stash, ADMIN)
    expect(await admin.call('PATCH', '', { slug })).toMatchObject({ status: 200 })
    expect(await master.history()).toMatchObject([{ kind: 'describe', who: 'admin' }])
  })
  it('is answered in a dry run as it would be, and claims nothing then', async () => {
    const [free, taken] = [newSlug(), newSlug()]
    await newNamedStash(taken)
    const { master } = await newOperator()
    expect(await master.call('PATCH', '?dry_run=1', { slug: free })).toMatchObject({ body: { does: 'describe' } })
    expect(await master.call('PATCH', '?dry_run=1', { slug: taken })).toMatchObject({ body: { code: 'slug_taken' } })
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const dryRun = async (slug: string) => {
      const init = { method: 'POST', headers: asAdmin, body: JSON.stringify({ slug }) }
      return (await send('/stash?dry_run=1', init)).json()
    }
    expect(await dryRun(free)).toMatchObject({ dry_run: true })
    expect(await dryRun(taken)).toMatchObject({ code: 'slug_taken' })
    const former = await getClaim(taken)
    await ageClaim(taken)
    expect(await dryRun(taken)).toMatchObject({ dry_run: true })
    expect([await getClaim(free), await getClaim(taken)]).toEqual([null, former])
  })
  it('claims nothing where its condition is not met, so that the stash can still get another slug', async () => {
    const [slug, other] = [newSlug(), newSlug()]
    const { stash, master } = await newOperator()
    const patch = stash.as({ method: 'PATCH', body: JSON.stringify({ slug }), headers: { 'If-Match': '"7"' } })
    expect((await send(`/stash/${stash.id}`, patch)).status).toBe(412)
    expect(await getClaim(slug)).toBeNull()
    expect(await master.call('PATCH', '', { slug: other })).toMatchObject({ status: 200 })
  })
  it('answers a repeat under its Idempotency-Key as before, also where its condition is no longer met', async () => {
    const slug = newSlug()
    const { master } = await newOperator()
    const patch = () => master.call('PATCH', '', { slug }, { 'If-Match': '"0"', 'Idempotency-Key': 'once' })
    expect(await patch()).toMatchObject({ status: 200, body: { revision: 1 } })
    expect(await patch()).toMatchObject({ status: 200, body: { revision: 1 } })
  })
  it('compares If-Match with the revision', async () => {
    const { master } = await newOperator()
    expect(await master.call('PATCH', '', { name: 'n' }, { 'If-Match': '"5"' })).toMatchObject({ status: 412 })
    expect(await master.call('PATCH', '', { name: 'n' }, { 'If-Match': '"0"' })).toMatchObject({ status: 200 })
  })
})
