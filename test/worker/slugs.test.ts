import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, send } from '../support/front-door.ts'
import { operatorOf } from '../support/operator.ts'
import { ageClaim, createWith, getClaim, newNamedStash, newSlug } from '../support/slugs.ts'

afterEach(clearFaults)

const ADMIN = 'a-long-secret-of-twenty-four'
const asAdmin = { Authorization: `Bearer ${ADMIN}` }
const away = () => Promise.reject(new Error('away'))

const read = async (slug: string, key: string) => {
  const response = await send(`/item/${slug}/${key}`)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('POST /stash with a slug', () => {
  it('claims the slug, and the slug stands wherever the id does', async () => {
    const slug = newSlug()
    const { status, body } = await createWith({ slug, name: 'shop' })
    expect([status, body['slug']]).toEqual([200, slug])
    const id = String(body['stash_id'])
    const master = operatorOf(send, { id: slug }, String(body['master_token']))
    expect((await master.set('a', '1')).body).toMatchObject({ revision: 1 })
    expect((await read(slug, 'a')).text).toBe('1')
    for (const gate of ['?open=1', '?open=1', '?closed=1']) {
      const { status, headers } = await send(`/gate/${slug}/a${gate}`)
      expect([status, headers.get('Switchyard-Gate')]).toEqual(gate === '?open=1' ? [204, 'open'] : [503, 'closed'])
    }
    for (const path of [
      `/stash/${slug}`,
      `/stash/${slug}/flags`,
      `/stash/${slug}/items`,
      `/stash/${slug}/export`,
      `/stash/${slug}/history`,
      `/stash/${slug}/tokens`,
      `/stash/${slug}/held`,
      `/stash/${slug}/guards`,
      `/stash/${slug}/health`,
    ]) {
      const response = await send(path, { headers: { Authorization: `Bearer ${master.token}` } })
      expect(await response.json(), path).toMatchObject({ stash_id: id })
    }
    const bulk = await send(`/stash/${slug}/ofrep/v1/evaluate/flags`, { method: 'POST', body: '{}' })
    expect(await bulk.json()).toMatchObject({
      flags: [{ key: 'a', value: '1' }],
      eventStreams: [{ url: `https://flags.test/api/stash/${id}/ofrep/v1/events` }],
    })
    for (const path of [`/item/${slug}/a/presign`, `/${slug}/a/presign`]) {
      const link = await send(path, { method: 'POST', body: '2', headers: { Authorization: `Bearer ${master.token}` } })
      const { url } = (await link.json()) as { url: string }
      expect(url).toMatch(new RegExp(`^https://flags\\.test/api/update\\?token=swl_\\w+_${id}$`))
      expect((await send(url.slice('https://flags.test/api'.length), { method: 'POST' })).status).toBe(200)
    }
    expect((await read(slug, 'a')).text).toBe('2')
    const poll = await send(`/stash/${slug}/watch?after=1&wait=5s`)
    expect(JSON.stringify(await poll.json())).toContain('"revision":3')
    const stream = await send(`/stash/${slug}/watch`)
    const events = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    await expect.poll(async () => (await events?.read())?.value).toContain('"flags":{"a":"2"}')
    await events?.cancel()
    const upgraded = await send(`/stash/${slug}/watch`, { headers: { Upgrade: 'websocket' } })
    expect(upgraded.status).toBe(101)
    upgraded.webSocket?.accept()
    upgraded.webSocket?.close()
    const cached = (await read(slug, 'a')).headers
    expect([cached.get('Cache-Tag'), cached.get('Cache-Control')]).toEqual([`stash:${id}`, 'no-cache'])
  })
  it('is null where none was asked for, and needs no names object then', async () => {
    faults.names = away
    const { status, body } = await createWith({})
    expect([status, body['slug']]).toEqual([200, null])
    expect(await (await send(`/stash/${String(body['stash_id'])}`)).json()).toMatchObject({ slug: null })
  })
  it('refuses a slug that is taken', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    expect(await createWith({ slug })).toMatchObject({ status: 409, code: 'slug_taken', body: { slug } })
    expect(await getClaim(slug)).toBe(stash.id)
  })
  it.each(['Prod-7f3k', 'ab', '7f3k', '-abc', 'a_b', 'prod.', 'a'.repeat(41), 'f'.repeat(64), '', 'prod 1', 5])(
    'refuses %j, and says what fits',
    async (slug) => {
      const { status, code, body } = await createWith({ slug })
      expect([status, code]).toEqual([400, 'invalid_body'])
      expect(body['issues']).toMatchObject([{ path: 'slug' }])
    },
  )
  it.each(['api', 'item', 'stash', 'stashes', 'docs', 'healthz', 'update', 'dashboard', 'gate'])(
    'refuses %j, with which other paths begin',
    async (slug) => {
      const { status, body } = await createWith({ slug })
      expect([status, body['issues']]).toMatchObject([400, [{ path: 'slug', message: expect.stringContaining(slug) }]])
      expect(await getClaim(slug)).toBeNull()
    },
  )
  it('claims nothing for a caller who may not create stashes', async () => {
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const slug = newSlug()
    expect((await createWith({ slug })).status).toBe(401)
    expect((await createWith({ slug }, { Authorization: `Bearer ${ADMIN}x` })).status).toBe(403)
    expect(await getClaim(slug)).toBeNull()
  })
  it('is refused with 503 while the names object is away, and works once it is back', async () => {
    const slug = newSlug()
    faults.names = away
    const refused = await send('/stash', { method: 'POST', body: JSON.stringify({ slug }) })
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ code: 'names_busy' })
    faults.names = null
    expect((await createWith({ slug })).status).toBe(200)
  })
})

describe('a slug in a path', () => {
  it('can be read right after it was claimed, also where many readers asked for it before', async () => {
    const slug = newSlug()
    const polls = await Promise.all(Array.from({ length: 100 }, () => read(slug, 'a')))
    for (const { status, text, headers } of polls) {
      expect([status, text, headers.get('Cache-Control')]).toEqual([404, '', 'no-store'])
    }
    const stash = await newNamedStash(slug)
    const createdAt = Date.now()
    await stash.put('a', '1')
    await expect.poll(async () => (await read(slug, 'a')).text, { interval: 50 }).toBe('1')
    expect(Date.now() - createdAt).toBeLessThan(2_000)
  })
  it('answers what an id that does not exist would get, in the form of each route', async () => {
    const slug = newSlug()
    const token = (await newStash()).token
    const item = await read(slug, 'a')
    expect([item.status, item.text, item.headers.get('Switchyard-Problem')]).toEqual([404, '', 'stash_not_found'])
    const stash = await send(`/stash/${slug}`)
    expect([stash.status, stash.headers.get('Cache-Control')]).toEqual([404, 'no-store'])
    expect(await stash.json()).toMatchObject({ code: 'stash_not_found' })
    const write = await send(`/item/${slug}/a`, {
      method: 'PUT',
      body: '1',
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(await write.json()).toMatchObject({ code: 'stash_not_found' })
    const evaluation = await send(`/stash/${slug}/ofrep/v1/evaluate/flags/a`, { method: 'POST', body: '{}' })
    expect(await evaluation.json()).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    expect((await send(`/stash/${slug}`, { method: 'PUT' })).status).toBe(405)
    expect((await send(`/stash/${slug}`, { method: 'OPTIONS' })).status).toBe(204)
  })
  it('is not looked up where it cannot be a slug', async () => {
    const asked: string[] = []
    faults.names = (method, call) => (asked.push(method), call())
    faults.kvGet = (key, call) => (asked.push(key), call())
    for (const text of ['Prod', 'ab', 'a_b', 'a'.repeat(41), 'f'.repeat(63), '1abc', 'docs']) {
      expect((await read(text, 'a')).status, text).toBe(404)
    }
    expect(asked).toEqual([])
  })
  it('is never 404 while it cannot be looked up', async () => {
    const slug = newSlug()
    await newNamedStash(slug)
    faults.names = away
    const item = await send(`/item/${slug}/a`)
    expect([item.status, item.headers.get('Retry-After')]).toEqual([503, '1'])
    expect(await item.json()).toMatchObject({ code: 'names_busy' })
    const evaluation = await send(`/stash/${slug}/ofrep/v1/evaluate/flags/a`, { method: 'POST', body: '{}' })
    expect([evaluation.status, await evaluation.json()]).toMatchObject([503, { errorCode: 'GENERAL' }])
    const gate = await send(`/gate/${slug}/a`)
    expect([gate.status, gate.headers.get('Switchyard-Gate')]).toEqual([204, 'unknown'])
    expect(gate.headers.get('Switchyard-Problem')).toBe('names_busy')
    const escaped = await send(`/gate/${slug}/%61?else=closed`)
    expect([escaped.status, escaped.headers.get('Switchyard-Gate')]).toEqual([503, 'unknown'])
    expect(await escaped.json()).toMatchObject({ key: 'a' })
    // Only GET and HEAD ask a gate.
    expect((await send(`/gate/${slug}/a`, { method: 'POST' })).status).toBe(503)
  })
  it('goes on to be read where it is known, while the names object and its key in KV are away', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    // KV does not have the slug yet, so the first answer is the names object's, and is provisional.
    faults.kvGet = (key, call) => (key.startsWith('slug:') ? Promise.resolve(null) : call())
    expect((await read(slug, 'a')).text).toBe('1')
    const asked: string[] = []
    faults.names = (method) => (asked.push(method), away())
    faults.kvGet = (key, call) => (key.startsWith('slug:') ? away() : call())
    // After a second the slug is looked up again.
    await expect.poll(async () => ((await read(slug, 'a')).text, asked.length), { interval: 100 }).toBeGreaterThan(0)
    expect((await read(slug, 'a')).text).toBe('1')
  })
  it('is found in KV once something was written', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    await expect.poll(() => env.SNAPSHOTS.get(`slug:${slug}`), { timeout: 10_000 }).toBe(stash.id)
    faults.names = away
    expect((await read(slug, 'a')).text).toBe('1')
  })
  it('makes no object for made-up slugs, and asks in few calls', async () => {
    const calls: string[] = []
    faults.names = (method, call) => (calls.push(method), call())
    // Copies that earlier tests have read are still being confirmed by their objects.
    const objects = new Set<string>()
    faults.object = (_method, call, id) => (objects.add(id), call())
    const startedAt = Date.now()
    const statuses = await Promise.all(Array.from({ length: 2_000 }, async () => (await read(newSlug(), 'a')).status))
    const seconds = (Date.now() - startedAt) / 1_000
    expect(new Set(statuses)).toEqual(new Set([404, 503]))
    expect(new Set(calls)).toEqual(new Set(['resolve']))
    expect(objects.size).toBeLessThan(30)
    expect(calls.length).toBeLessThanOrEqual(seconds + 2)
  })
  it('stays reserved after the stash was deleted, and is 404', async () => {
    const slug = newSlug()
    const stash = await newNamedStash(slug)
    await stash.put('a', '1')
    expect((await read(slug, 'a')).text).toBe('1')
    expect((await send(`/stash/${slug}`, stash.as({ method: 'DELETE' }))).status).toBe(200)
    expect((await read(slug, 'a')).status).toBe(404)
    await ageClaim(slug)
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await createWith({ slug }, asAdmin)).toMatchObject({ status: 409, code: 'slug_taken' })
  })
})
