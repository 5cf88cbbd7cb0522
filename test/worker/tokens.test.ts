import { runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newOperator, getObject, send } from '../support/front-door.ts'
import type { Operator } from '../support/operator.ts'

afterEach(() => {
  vi.useRealTimers()
})

const HOUR = 60 * 60_000

type Listed = { token_id: string; label: string; [fact: string]: unknown }
const getTokens = async (one: Operator) => (await one.call('GET', '/tokens')).body['tokens'] as Listed[]
const getId = async (one: Operator, label: string) =>
  (await getTokens(one)).find((token) => token.label === label)?.token_id

describe('POST /stash/{id}/tokens', () => {
  it('creates a token that is shown once and has the requested abilities', async () => {
    const { stash, master } = await newOperator()
    const spec = { label: 'deploys', can: ['write'], keys: ['maintenance-*'], expires_in: '7d' }
    const { body } = await master.call('POST', '/tokens', spec)
    expect(body).toMatchObject({ label: 'deploys', can: ['write'], keys: ['maintenance-*'], revision: 1 })
    expect(body['token']).toMatch(/^swy_[0-9A-Za-z]{38}$/)
    const [, listed] = await getTokens(master)
    expect(listed).toMatchObject({ token_id: body['token_id'], label: 'deploys', last_used_at: null, master: false })
    expect(JSON.stringify(listed)).not.toContain(String(body['token']))
    const stored = await runInDurableObject(getObject(stash), (_, { storage }) =>
      JSON.stringify(storage.sql.exec('SELECT * FROM token').toArray()),
    )
    expect(stored).not.toContain(String(body['token']).slice(4))
  })
  it('limits it to its keys, by patterns', async () => {
    const { master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['maintenance-*', 'a*b', 'exact'] })
    const may = async (key: string) => (await limited.set(key, '1')).status
    for (const key of ['maintenance-', 'maintenance-shop', 'ab', 'a-x-b', 'exact'])
      expect(await may(key), key).toBe(200)
    for (const key of ['maintenance', 'x-maintenance-', 'abc', 'exact-not', 'b']) expect(await may(key), key).toBe(403)
    const mixed = await limited.call('PATCH', '/flags', { exact: '2', other: '2' })
    expect(mixed).toMatchObject({ status: 403, body: { code: 'not_permitted', needs: 'write', key: 'other' } })
  })
  it.each<[object, string]>([
    [{ can: ['write', 'approve'] }, 'an ability'],
    [{ can: ['write'], keys: ['*'] }, 'all keys'],
    [{ can: ['write'], keys: ['ma*'] }, 'a wider pattern'],
    [{ can: ['write'], keys: ['*ain-*'] }, 'a pattern across'],
    [{ can: ['write'], keys: ['main-a', 'other'] }, 'one key more'],
    [{ can: ['write'], keys: ['*', 'main-*'] }, 'one pattern before its own'],
    [{ can: ['write'], keys: ['main-*'], expires_in: '2d' }, 'a longer life'],
  ])('never grants more than the granter has: %j is %s too much', async (spec) => {
    const { master } = await newOperator()
    const granter = await master.grant({ can: ['write', 'tokens'], keys: ['main-*'], expires_in: '1d' })
    const refused = await granter.call('POST', '/tokens', { label: 'x', keys: ['main-*'], ...spec })
    expect(refused).toMatchObject({ status: 403, body: { code: 'grants_too_much' } })
    for (const keys of [['main-*'], ['main-**'], ['main-a*b'], ['main-x']]) {
      expect(
        (await granter.call('POST', '/tokens', { label: `for ${keys[0]}`, can: ['write'], keys, expires_in: '1h' }))
          .status,
      ).toBe(200)
    }
  })
  it('gives a token without an end the end of its granter', async () => {
    const { master } = await newOperator()
    const granter = await master.grant({ label: 'granter', can: ['write', 'tokens'], expires_in: '1d' })
    await granter.grant({ label: 'child', can: ['write'] })
    const [, first, second] = await getTokens(master)
    expect(second).toMatchObject({ label: 'child', expires_at: first?.['expires_at'], made_by: first?.token_id })
  })
  it.each<[string, unknown]>([
    ['no label', { can: ['write'] }],
    ['an empty label', { label: '', can: ['write'] }],
    ['no ability', { label: 'x', can: [] }],
    ['an unknown ability', { label: 'x', can: ['everything'] }],
    ['the ability that only the master has', { label: 'x', can: ['delete_stash'] }],
    ['no keys', { label: 'x', can: ['write'], keys: [] }],
    ['an empty pattern', { label: 'x', can: ['write'], keys: [''] }],
    ['a pattern of 1,000 characters', { label: 'x', can: ['write'], keys: ['a'.repeat(1_000)] }],
    ['a pattern that is a path', { label: 'x', can: ['write'], keys: ['a/b'] }],
    ['no duration', { label: 'x', can: ['write'], expires_in: 'soon' }],
    ['a typo', { label: 'x', can: ['write'], key: ['a'] }],
    ['text', 'x'],
  ])('is refused with %s', async (_, spec) => {
    const { master } = await newOperator()
    expect(await master.call('POST', '/tokens', spec)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
  })
  it('matches the most expensive pattern against the longest key quickly', async () => {
    const { master } = await newOperator()
    const slow = await master.grant({ can: ['write'], keys: [`${'*a'.repeat(63)}b`] })
    expect((await slow.set('a'.repeat(128), '1')).status).toBe(403)
    expect((await (await master.grant({ can: ['write'], keys: ['**'] })).set('a', '1')).status).toBe(200)
  })
  it('creates a token that is valid until it expires, to the millisecond', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const { master } = await newOperator()
    const brief = await master.grant({ can: ['write'], expires_in: '1h' })
    vi.setSystemTime(Date.now() + HOUR - 1)
    expect((await brief.set('a', '1')).status).toBe(200)
    vi.setSystemTime(Date.now() + 1)
    expect(await brief.set('a', '2')).toMatchObject({ status: 403, body: { code: 'token_expired' } })
    expect(await getTokens(master)).toHaveLength(1)
  })
})

describe('a token', () => {
  it('is authenticated by its whole hash, not only by the part that is its id', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ can: ['write'] })
    expect((await bob.set('a', '1')).status).toBe(200)
    // No other token with the same first 16 digits can be found, so this one has another rest of its hash.
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec(`UPDATE token SET hash = substr(hash, 1, 63) || iif(substr(hash, 64) = '0', '1', '0')`)
    })
    for (const one of [bob, master]) {
      expect(await one.set('a', '2')).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
      expect(await one.call('GET', '/items')).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
    }
    expect(await stash.read('a')).toBe('1')
  })
})

describe('GET /stash/{id}/tokens', () => {
  it('shows when a token was last used, to within ten minutes and without a write per use', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const { stash, master } = await newOperator()
    const second = await master.grant({ label: 'used', can: ['write'] })
    const used = async () => (await getTokens(master)).find(({ label }) => label === 'used')?.['last_used_at']
    await second.set('a', '1')
    expect(await used()).toBe('2031-01-01T00:00:00.000Z')
    vi.setSystemTime(Date.now() + 9 * 60_000)
    const written = () =>
      runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('SELECT total_changes() AS n').one())
    const before = await written()
    await second.call('GET', '/items')
    expect(await written()).toEqual(before)
    vi.setSystemTime(Date.now() + 60_000)
    await second.call('GET', '/items')
    expect(await used()).toBe('2031-01-01T00:10:00.000Z')
  })
  it('shows a limited token only tokens that reach no further than itself', async () => {
    const { master } = await newOperator()
    const lead = await master.grant({ label: 'lead', can: ['write', 'tokens'], keys: ['shop-*'] })
    await lead.grant({ label: 'mine', can: ['write'], keys: ['shop-a'] })
    await master.grant({ label: 'other', can: ['write'], keys: ['bank-*'] })
    expect((await getTokens(lead)).map(({ label }) => label)).toEqual(['lead', 'mine'])
    const writer = await master.grant({ can: ['write'] })
    expect(await writer.call('GET', '/tokens')).toMatchObject({ status: 403, body: { needs: 'tokens' } })
  })
})

describe('DELETE /stash/{id}/tokens/{token_id}', () => {
  it('ends a token with the next transaction', async () => {
    const { master } = await newOperator()
    const leaked = await master.grant({ label: 'leaked', can: ['write'] })
    const id = await getId(master, 'leaked')
    // Concurrently: requests before the revocation are applied, those after it are not.
    const [revoked, ...writes] = await Promise.all([
      master.call('DELETE', `/tokens/${id}`),
      ...Array.from({ length: 10 }, (_, i) => leaked.set(`k-${i}`, '1')),
    ])
    const { revision } = revoked!.body as { revision?: number }
    const tooLate = ({ status, body }: (typeof writes)[number]) =>
      status === 200 ? Number(body['revision']) > (revision ?? 0) : body.code !== 'token_revoked'
    expect(writes.filter(tooLate)).toEqual([])
    expect((await leaked.set('late', '1')).status).toBe(403)
    expect(await master.call('DELETE', `/tokens/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    })
  })
  it('requires a token that reaches as far, but any token may end itself', async () => {
    const { stash, master } = await newOperator()
    const lead = await master.grant({ label: 'lead', can: ['write', 'tokens'], keys: ['shop-*'] })
    await master.grant({ label: 'other', can: ['write'], keys: ['bank-*'] })
    const self = await master.grant({ label: 'self', can: ['write'] })
    const [masterId, otherId, selfId] = [
      await getId(master, 'master'),
      await getId(master, 'other'),
      await getId(master, 'self'),
    ]
    expect(await lead.call('DELETE', `/tokens/${otherId}`)).toMatchObject({
      status: 403,
      body: { code: 'grants_too_much' },
    })
    expect(await lead.call('DELETE', `/tokens/${masterId}`)).toMatchObject({
      status: 409,
      body: { code: 'master_token' },
    })
    expect(await master.call('DELETE', `/tokens/${masterId}`)).toMatchObject({
      status: 409,
      body: { code: 'master_token' },
    })
    expect(await self.call('DELETE', `/tokens/${otherId}`)).toMatchObject({ status: 403, body: { needs: 'tokens' } })
    expect((await self.call('DELETE', `/tokens/${selfId}`)).status).toBe(200)
    expect((await self.set('a', '1')).status).toBe(403)
    expect(await stash.read('a')).toBe('')
  })
})

describe('POST /stash/{id}/tokens/rotate', () => {
  const rotate = async (one: Operator, body?: unknown) => one.call('POST', '/tokens/rotate', body)

  it('creates a new master token; the old one ends at once, or after the overlap', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const { stash, master } = await newOperator()
    const { body } = await rotate(master, { overlap: '1h' })
    expect(body).toMatchObject({ old_token_until: '2031-01-01T01:00:00.000Z', master_token: body['token'] })
    const asNew = { headers: { Authorization: `Bearer ${String(body['token'])}` } }
    const write = () => send(`/item/${stash.id}/a`, { method: 'PUT', body: '1', ...asNew })
    expect((await write()).status).toBe(200)
    expect((await master.set('a', '2')).status).toBe(200)
    // The old token may not choose another successor, because its holder may not be the one who rotated it.
    expect(await rotate(master)).toMatchObject({ status: 403, body: { code: 'not_permitted' } })
    vi.setSystemTime(Date.now() + HOUR)
    expect((await master.set('a', '3')).status).toBe(403)
    expect((await write()).status).toBe(200)
    const again = await send(`/stash/${stash.id}/tokens/rotate`, { method: 'POST', ...asNew })
    expect(again.status).toBe(200)
    expect((await write()).status).toBe(403)
  })
  it('requires the master token', async () => {
    const { master } = await newOperator()
    const second = await master.grant({ can: ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens'] })
    expect(await rotate(second)).toMatchObject({ status: 403 })
    expect(await second.call('DELETE', '')).toMatchObject({ status: 403, body: { code: 'not_permitted' } })
  })
})
