import { env } from 'cloudflare:workers'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it } from 'vitest'
import { NO_STORAGE } from '../../src/model/snapshot/vouch.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'
import { nextWeek } from '../support/operator.ts'
import { randomAddress } from '../support/stash.ts'

afterEach(clearFaults)

describe('POST /stash', () => {
  const create = (body?: string, headers: Record<string, string> = {}) =>
    send('/stash', {
      method: 'POST',
      headers: { 'CF-Connecting-IP': randomAddress(), ...headers },
      ...(body !== undefined && { body }),
    })

  it.each([undefined, '', ' ', '{}', '{"name":"shop","description":"all of it"}'])(
    'accepts the body %j with any Content-Type',
    async (body) => {
      const created = await create(body, { 'Content-Type': 'application/x-www-form-urlencoded' })
      expect(created.status).toBe(200)
      expect(await created.json()).toMatchObject({
        stash_id: expect.stringMatching(/^[0-9a-f]{64}$/),
        master_token: expect.stringMatching(/^swy_/),
        message: expect.any(String),
      })
    },
  )
  it.each(['{', '[]', '"x"', '{"nmae":"shop"}', '{"name":1}', '{"profile":"other"}', '{"jurisdiction":"mars"}'])(
    'refuses %s',
    async (body) => {
      const refused = await create(body)
      expect(refused.status).toBe(400)
      expect(await refused.json()).toMatchObject({ code: 'invalid_body' })
    },
  )
  it('refuses a jurisdiction that this runtime does not support, instead of ignoring it', async () => {
    const refused = await create('{"jurisdiction":"eu"}')
    expect(refused.status).toBe(501)
    expect(await refused.json()).toMatchObject({ code: 'jurisdiction_unavailable', jurisdiction: 'eu' })
  })
  it('stores only the hash of the token', async () => {
    const stash = await newStash()
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const row = storage.sql.exec('SELECT * FROM token').one()
      expect(row).toMatchObject({ label: 'master', hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(JSON.stringify(row)).not.toContain(stash.token)
    })
  })
  it('answers 429 past sixty stashes in a minute from one address, and still serves others', async () => {
    const headers = { 'CF-Connecting-IP': randomAddress() }
    let created = 0
    // Up to twice as many, if a new minute begins during the test.
    while ((await create('', headers)).status === 200 && created <= 120) created++
    expect(created).toBeGreaterThanOrEqual(60)
    expect(created).toBeLessThanOrEqual(120)
    const limited = await create('', headers)
    expect(limited.headers.get('Retry-After')).toBe('60')
    expect((await create('')).status).toBe(200)
  })
})

describe('GET /stash/{id}', () => {
  it('returns the public facts', async () => {
    const stash = await newStash({ name: 'shop', description: 'all of it' })
    await stash.put('a', '1')
    expect(await (await send(`/stash/${stash.id}`)).json()).toEqual({
      stash_id: stash.id,
      slug: null,
      name: 'shop',
      description: 'all of it',
      profile: 'safeguarded',
      revision: 1,
      item_count: 1,
      frozen: false,
      frozen_until: null,
      freezes: [],
      freeze_reason: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    })
  })
  it('refuses an id that was never issued, without creating an object', async () => {
    expect(await env.STASH.get(env.STASH.newUniqueId()).vouch()).toBe(NO_STORAGE)
    for (const id of ['0'.repeat(64), 'f'.repeat(64), 'x', '..%2f', '0'.repeat(63)]) {
      const read = await send(`/stash/${id}`)
      expect(read.status).toBe(404)
      expect(await read.json()).toMatchObject({ code: 'stash_not_found' })
    }
  })
  it('calls an object that was never created without creating tables in it', async () => {
    const id = env.STASH.newUniqueId()
    expect((await send(`/stash/${id.toString()}`)).status).toBe(404)
    await runInDurableObject(env.STASH.get(id), (_, { storage }) => {
      expect(storage.sql.exec('SELECT * FROM sqlite_master').toArray()).toEqual([])
    })
  })
})

describe('GET /stash/{id}/items', () => {
  it('lists the newest change first, with dates', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    await stash.put('b', '2', {
      headers: { 'Content-Type': 'application/json' },
    })
    await stash.put('a', '3')
    const list = (await (await send(`/stash/${stash.id}/items`, stash.as())).json()) as {
      total: number
      items: { key: string; created_at: string }[]
    }
    expect(list.total).toBe(2)
    expect(list.items).toMatchObject([
      { key: 'a', value: '3', stash_id: stash.id, version: 3 },
      { key: 'b', value: '2', content_type: 'application/json', version: 2 },
    ])
    for (const { created_at } of list.items) expect(new Date(created_at).toISOString()).toBe(created_at)
  })
  it('answers 304 to a matching revision', async () => {
    const stash = await newStash()
    const list = await send(`/stash/${stash.id}/items`, stash.as({ headers: { 'If-None-Match': '"0"' } }))
    expect(list.status).toBe(304)
  })
})

describe('GET /stash/{id}/items/latest', () => {
  it('returns the value written last', async () => {
    const stash = await newStash()
    expect((await send(`/stash/${stash.id}/items/latest`)).status).toBe(404)
    await stash.put('a', '1')
    await stash.put('b', '2')
    await stash.put('a', '3')
    expect(await (await send(`/stash/${stash.id}/items/latest`)).text()).toBe('3')
  })
  it('is never confused with another item of the same version', async () => {
    const stash = await newStash()
    await send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body: '{"a":"one","b":"two"}' }))
    const read = async (headers: HeadersInit = {}) => send(`/stash/${stash.id}/items/latest`, { headers })
    const first = await read()
    const key = (await first.text()) === 'one' ? 'a' : 'b'
    await send(`/item/${stash.id}/${key}`, stash.as({ method: 'DELETE' }))
    expect((await read({ 'If-None-Match': first.headers.get('ETag') ?? '' })).status).toBe(200)
  })
})

describe('DELETE /stash/{id}', () => {
  it('deletes everything but the fact of the deletion at once, even while KV is unreachable', async () => {
    const { stash, master } = await newOperator({ name: 'n', description: 'd' })
    await master.grant({ can: ['write'] })
    await master.call('PUT', '/guards/b', { type: 'text' })
    await master.set('a', '1', '', { 'Idempotency-Key': 'once' })
    await master.set('a', '2', 'for=1h')
    await master.set('a', '3', `at=${nextWeek()}`)
    const getTablesWithRows = () =>
      runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
        const tables = sql.exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).toArray()
        const count = (name: string) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`).one().n
        return tables.filter(({ name }) => !name.startsWith('_') && count(name) > 0).map(({ name }) => name)
      })
    const full = ['answer', 'change', 'cursor', 'guard', 'held', 'item', 'log', 'migration', 'revert', 'stash', 'token']
    expect((await getTablesWithRows()).toSorted()).toEqual(full)
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 500'))
    expect((await master.call('DELETE', '')).status).toBe(200)
    expect((await getTablesWithRows()).toSorted()).toEqual(['cursor', 'migration', 'stash'])
    const row = await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('SELECT * FROM stash').one(),
    )
    expect(row).toMatchObject({ name: null, description: null, item_count: 0, bytes: 0 })
    expect((await master.set('a', '4')).status).toBe(404)
  })
  it('is followed by 404, also in KV, and leaves a record of the deletion', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    expect(await stash.read('a')).toBe('1')
    const gone = await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    expect(gone.status).toBe(200)

    for (const path of [
      `/item/${stash.id}/a`,
      `/stash/${stash.id}`,
      `/stash/${stash.id}/flags`,
      `/stash/${stash.id}/items/latest`,
    ]) {
      expect((await send(path)).status).toBe(404)
    }
    expect((await stash.put('a', '2')).status).toBe(404)
    expect((await send(`/stash/${stash.id}/items`, stash.as())).status).toBe(404)

    await runDurableObjectAlarm(getObject(stash))
    await expect.poll(() => env.SNAPSHOTS.get(stash.id, 'json')).toMatchObject({ stash: null, items: [], revision: 2 })
    await runInDurableObject(getObject(stash), async (_, { storage }) => {
      await expect
        .poll(() => storage.sql.exec('SELECT name FROM sqlite_master').toArray())
        .toEqual([{ name: '_cf_KV' }])
      expect([...storage.kv.list()]).toEqual([['deleted', expect.any(Number)]])
      expect(await storage.getAlarm()).toBeNull()
    })
    expect(await getObject(stash).vouch()).toBeNull()
    expect((await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))).status).toBe(404)
  })
  it('deletes a stash with more history than is kept for an empty one', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec('UPDATE stash SET revision = 20000')
    })
    expect((await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))).status).toBe(200)
    await expect.poll(() => env.SNAPSHOTS.get(stash.id, 'json')).toMatchObject({ stash: null, revision: 20_001 })
  })
})
