/** Freezes of some keys. What they have in common with the freeze of the whole stash is in `freeze.test.ts`. */
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, send } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import { operatorOf } from '../support/operator.ts'
import { createSharedStash, freezeKeys, readFacts } from '../support/shared-stash.ts'

const HOUR = 60 * 60_000
const ONE_O_CLOCK = '2031-01-01T01:00:00.000Z'
const TWO_O_CLOCK = '2031-01-01T02:00:00.000Z'
const ADMIN = 'an-admin-token-of-enough-characters'

freezeTime()
afterEach(clearFaults)

const statuses = async (...answers: Promise<{ status: number }>[]) =>
  (await Promise.all(answers)).map(({ status }) => status)

describe('PUT /stash/{id}/freeze with keys', () => {
  it('stops changes of these keys, and no others', async () => {
    const { stash, master } = await createSharedStash()
    await master.call('PATCH', '/flags', { 'shop.a': '1', b: '1' })
    const answer = await freezeKeys(master, ['shop.**', 'x', 'shop.*'], { until: ONE_O_CLOCK, reason: 'launch' })
    expect(answer.body).toEqual({
      message: 'Frozen: changes of these keys are refused',
      revision: 3,
      keys: ['shop.*', 'x'],
      until: ONE_O_CLOCK,
      reason: 'launch',
      reverts: [],
    })
    const writes = [
      await master.set('shop.a', '2'),
      await master.set('x', '2', 'for=1h'),
      await master.call('PATCH', '/flags', { b: '2', 'shop.a': '2' }),
      await master.call('POST', '/undo', { revision: 2 }),
      await master.call('POST', '/import', { items: [{ key: 'shop.a', value: '2' }] }),
      await master.call('POST', '/import?replace=1', { items: [], guards: [] }),
      await master.call('PUT', '/guards/shop.a', { type: 'text' }),
      await master.set('shop.a', '2', 'at=2031-01-01T00:30:00Z'),
      await master.call('DELETE', ''),
    ]
    for (const { status, body } of writes) {
      expect(status).toBe(423)
      expect(body).toMatchObject({ code: 'frozen', keys: ['shop.*', 'x'], until: ONE_O_CLOCK, by: 'master' })
      expect(body['detail']).toContain(`master froze the keys shop.*, x until ${ONE_O_CLOCK}: launch`)
    }
    expect(await stash.revision()).toBe(3)
    expect(await statuses(master.set('b', '2'), master.call('PUT', '/guards/b', { type: 'text' }))).toEqual([200, 200])
    expect((await master.set('shop.a', '2', 'at=2031-01-01T01:00:00Z')).status).toBe(202)
    expect((await master.set('shop.a', '2', '', { 'Break-Glass': 'fire' })).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([{ broke_glass: { by: 'master', why: 'fire' } }])
  })
  it('replaces the freeze with the same set of patterns, with its end', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['a.*', 'b'], { until: ONE_O_CLOCK, reason: 'first' })
    await freezeKeys(master, ['b', 'a.*'], { until: TWO_O_CLOCK, reason: 'second' })
    expect((await master.call('GET', '/held')).body['freezes']).toEqual([
      { keys: ['a.*', 'b'], until: TWO_O_CLOCK, reason: 'second', by: 'master' },
    ])
    await pass(stash, HOUR)
    expect(await master.set('b', '1')).toMatchObject({ status: 423, body: { reason: 'second' } })
    await pass(stash, HOUR)
    expect((await master.set('b', '1')).status).toBe(200)
    expect((await master.history()).map(({ kind }) => kind)).toEqual([
      'put',
      'unfreeze',
      'freeze',
      'freeze',
      'add_token',
    ])
  })
  it('stands beside freezes of other sets, and each that covers the key counts until its own end', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['shop.*'], { until: ONE_O_CLOCK })
    await freezeKeys(master, ['*.a'], { until: TWO_O_CLOCK })
    await master.call('PUT', '/freeze', { until: '2031-01-01T00:30:00Z' })
    const stops = async (key: string) => {
      const { status, body } = await master.set(key, '1')
      return status === 423 ? body['keys'] : status
    }
    expect(await stops('other')).toBeNull()
    await pass(stash, HOUR / 2)
    expect([await stops('shop.a'), await stops('shop.b'), await stops('other')]).toEqual([['*.a'], ['shop.*'], 200])
    await pass(stash, HOUR / 2)
    expect([await stops('shop.a'), await stops('shop.b')]).toEqual([['*.a'], 200])
    await pass(stash, HOUR)
    expect(await stops('shop.a')).toBe(200)
  })
  it('is the freeze of the whole stash where a pattern matches every key', async () => {
    const { stash, master } = await createSharedStash()
    expect((await freezeKeys(master, ['a', '**'])).body).toMatchObject({ keys: null })
    expect((await readFacts(stash)).body).toMatchObject({ frozen: true, freezes: [{ keys: null, until: null }] })
    expect((await master.call('DELETE', '/freeze')).status).toBe(200)
  })
  it('allows twenty, and one more after one of them has ended', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['0'], { until: ONE_O_CLOCK })
    for (let i = 1; i < 20; i++) await freezeKeys(master, [String(i)])
    expect(await freezeKeys(master, ['20'])).toMatchObject({
      status: 422,
      body: { code: 'too_many_freezes', limit: 20 },
    })
    expect(await statuses(freezeKeys(master, ['7']), master.call('PUT', '/freeze', {}))).toEqual([200, 200])
    await pass(stash, HOUR)
    expect((await freezeKeys(master, ['20'])).status).toBe(200)
    expect((await readFacts(stash)).body['freezes']).toHaveLength(21)
  })
  it('takes a token that can freeze and whose patterns cover each of them', async () => {
    const { master, shop } = await createSharedStash()
    const writer = await master.grant({ can: ['write'], keys: ['shop.*'] })
    expect(await freezeKeys(writer, ['shop.*'])).toMatchObject({ status: 403, body: { needs: 'freeze' } })
    expect(await freezeKeys(shop, ['shop.a', 'auth.*'])).toMatchObject({
      status: 403,
      body: { code: 'not_permitted', needs: 'freeze', key: 'auth.*' },
    })
    expect(await freezeKeys(shop, ['*.a'])).toMatchObject({ status: 403, body: { key: '*.a' } })
    expect(await shop.call('PUT', '/freeze', {})).toMatchObject({ status: 403, body: { key: '*' } })
    expect(await statuses(freezeKeys(shop, ['shop.*']), freezeKeys(shop, ['shop.a']))).toEqual([200, 200])
  })
  it('takes the admin token', async () => {
    const { stash, master } = await createSharedStash()
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const admin = operatorOf(send, stash, ADMIN)
    expect((await freezeKeys(admin, ['a.*'])).status).toBe(200)
    expect(await master.set('a.b', '1')).toMatchObject({ status: 423, body: { by: 'admin' } })
    expect((await admin.call('DELETE', '/freeze?keys=a.*')).status).toBe(200)
  })
  it('lists the time-boxes of its keys, which end all the same', async () => {
    const { stash, master } = await createSharedStash()
    await master.set('shop.a', '1')
    await master.set('shop.a', '2', 'for=30m')
    await master.set('b', '2', 'for=30m')
    const { body } = await freezeKeys(master, ['shop.*'])
    expect(body['reverts']).toMatchObject([{ key: 'shop.a', goes_back_to: '1' }])
    await pass(stash, HOUR)
    expect([await stash.read('shop.a'), await master.set('shop.a', '3')]).toMatchObject(['1', { status: 423 }])
  })
  it('drops a schedule that comes due in it, and stops the approval of a request', async () => {
    const { stash, master } = await createSharedStash()
    const second = await master.grant({ can: ['approve'] })
    await master.call('PUT', '/guards/shop.b', { type: 'text', approvals: 1 })
    const asked = String((await master.set('shop.b', '1')).body['held_id'])
    await master.set('shop.a', '1', 'at=2031-01-01T00:30:00Z')
    await master.set('b', '1', 'at=2031-01-01T00:30:00Z')
    await freezeKeys(master, ['shop.*'], { until: ONE_O_CLOCK })
    expect(await second.call('POST', `/held/${asked}/approve`)).toMatchObject({ status: 423 })
    await pass(stash, HOUR / 2)
    expect(await stash.read('b')).toBe('1')
    expect(await master.history('key=shop.a')).toMatchObject([{ dropped: { because: 'refused', refusal: 'frozen' } }])
    await pass(stash, HOUR / 2)
    expect((await second.call('POST', `/held/${asked}/approve`)).status).toBe(200)
  })
  it('stops a creation without a token, which is told neither who froze the keys nor why', async () => {
    const { stash, master } = await createSharedStash({ profile: 'wrendb' })
    await freezeKeys(master, ['a*'], { reason: 'a breach', until: ONE_O_CLOCK })
    const create = async (key: string) => {
      const answer = await send(`/item/${stash.id}/${key}`, { method: 'POST', body: '1' })
      return [answer.status, await answer.text()] as const
    }
    const [status, text] = await create('a1')
    expect([status, JSON.parse(text)]).toMatchObject([
      423,
      { by: null, reason: null, keys: ['a*'], until: ONE_O_CLOCK },
    ])
    expect(text).not.toContain('breach')
    expect((await create('b1'))[0]).toBe(200)
    await master.call('PUT', '/freeze', { reason: 'a breach' })
    const [, whole] = await create('b2')
    expect(JSON.parse(whole)).toMatchObject({ code: 'frozen', by: null, reason: null, keys: null })
  })
  it.each([
    ['no patterns', { keys: [] }, 400],
    ['101 patterns', { keys: Array.from({ length: 101 }, (_, i) => `a${i}`) }, 400],
    ['a character that no key has', { keys: ['a b'] }, 400],
    ['a pattern that is no text', { keys: [1] }, 400],
    ['an end in the past', { keys: ['a'], until: '2030-12-31T00:00:00Z' }, 422],
  ])('is refused with %s', async (_, body, status) => {
    const { stash, master } = await newOperator()
    expect((await master.call('PUT', '/freeze', body)).status).toBe(status)
    expect(await stash.revision()).toBe(0)
  })
  it('takes the longest patterns and the longest reason', async () => {
    const { master } = await newOperator()
    const keys = Array.from({ length: 100 }, (_, i) => `${'k'.repeat(124)}.${100 + i}`)
    expect((await freezeKeys(master, keys, { reason: '"'.repeat(500) })).status).toBe(200)
    expect((await master.call('DELETE', `/freeze?keys=${keys.toReversed().join()}`)).status).toBe(200)
  })
})

describe('DELETE /stash/{id}/freeze', () => {
  it('ends the freeze with these patterns, and answers which still stand', async () => {
    const { master } = await createSharedStash()
    await freezeKeys(master, ['a', 'b'], { until: ONE_O_CLOCK })
    await freezeKeys(master, ['a'])
    await master.call('PUT', '/freeze', {})
    expect(await master.call('DELETE', '/freeze?keys=b')).toMatchObject({ status: 404, body: { code: 'not_frozen' } })
    const keyed = { keys: ['a', 'b'], until: ONE_O_CLOCK }
    expect((await master.call('DELETE', '/freeze?keys=a')).body).toEqual({
      message: 'The freeze is over',
      revision: 5,
      still: [{ keys: null, until: null }, keyed],
    })
    expect((await master.call('DELETE', '/freeze')).body['still']).toEqual([keyed])
    expect((await master.set('c', '1')).status).toBe(200)
    expect(await master.call('DELETE', '/freeze')).toMatchObject({ status: 404, body: { code: 'not_frozen' } })
    expect((await master.call('DELETE', '/freeze?keys=b,a,b')).body['still']).toEqual([])
    expect((await master.set('a', '1')).status).toBe(200)
  })
  it('drops its held end, so that a later freeze of the keys is not ended by it', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['a'], { until: ONE_O_CLOCK })
    await master.call('DELETE', '/freeze?keys=a')
    await freezeKeys(master, ['a'])
    await pass(stash, HOUR)
    expect((await master.set('a', '1')).status).toBe(423)
  })
  it('takes a token whose patterns cover it', async () => {
    const { master, shop } = await createSharedStash()
    await freezeKeys(master, ['shop.a', 'x'])
    await freezeKeys(master, ['shop.a'])
    expect(await shop.call('DELETE', '/freeze?keys=shop.a,x')).toMatchObject({ status: 403, body: { key: 'x' } })
    expect(await shop.call('DELETE', '/freeze')).toMatchObject({ status: 403, body: { key: '*' } })
    expect((await shop.call('DELETE', '/freeze?keys=shop.a')).body).toMatchObject({
      still: [{ keys: ['shop.a', 'x'] }],
    })
  })
  it.each(['keys=', 'keys=a,,b', 'keys=a%20b'])('refuses ?%s', async (query) => {
    const { master } = await newOperator()
    expect(await master.call('DELETE', `/freeze?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_query', parameter: 'keys' },
    })
  })
})
