/** Patterns in `?keys=`: in a bulk read, and in a watch over each transport, from the object and from a hub. */
import { evictDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject, newOperator, send } from '../support/front-door.ts'
import { watchSocket, watchStream, type Watcher } from '../support/watcher.ts'

const open: Watcher[] = []
afterEach(() => {
  clearFaults()
  for (const watcher of open.splice(0)) watcher.stop()
})

const FLAGS = { 'checkout.a': '1', 'checkout.b': '2', checkout: '3', 'search.a': '4' }

describe('GET /stash/{id}/flags?keys=', () => {
  const read = async (id: string, keys: string) => {
    const response = await send(`/stash/${id}/flags?keys=${keys}`)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  it('answers with the keys that a pattern matches, each once', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', FLAGS)
    const get = async (keys: string) => (await read(stash.id, keys)).body['flags']
    expect(await get('checkout.*')).toEqual({ 'checkout.a': '1', 'checkout.b': '2' })
    expect(await get('checkout.*,check*,checkout.a,none')).toEqual({
      checkout: '3',
      'checkout.a': '1',
      'checkout.b': '2',
    })
    expect(await get('*.a')).toEqual({ 'checkout.a': '1', 'search.a': '4' })
    expect(await get('*'.repeat(128))).toEqual(FLAGS)
    expect(await get('none.*')).toEqual({})
  })
  it('answers with the reverts of the keys that a pattern matches, also of those that are deleted', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', FLAGS)
    await master.call('PATCH', '/flags?for=1h', { 'checkout.a': null, 'search.a': '5' })
    const { body } = await read(stash.id, 'checkout.*')
    expect(body).toMatchObject({ flags: { 'checkout.b': '2' }, reverts: { 'checkout.a': { to: '1' } } })
    expect(Object.keys(body['reverts'] as object)).toEqual(['checkout.a'])
  })
  it('refuses more than 20 patterns', async () => {
    const { stash } = await newOperator()
    expect(await read(stash.id, `${'a*,'.repeat(20)}b*`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_query', parameter: 'keys', expected: expect.stringContaining('20') },
    })
    expect((await read(stash.id, `${'a*,'.repeat(19)}b*`)).status).toBe(200)
  })
})

describe.each([
  ['Server-Sent Events', watchStream, 'the object', 0],
  ['a WebSocket', watchSocket, 'the object', 0],
  ['Server-Sent Events', watchStream, 'a hub', 1],
  ['a WebSocket', watchSocket, 'a hub', 1],
] as const)('GET /stash/{id}/watch?keys= over %s', (_, watch, from, taken) => {
  const start = async (query: string) => {
    faults.watchersPerObject = 1
    const { stash, master } = await newOperator()
    const path = `/stash/${stash.id}/watch`
    for (let i = 0; i < taken; i++) open.push(await watchSocket(send, path))
    await master.call('PATCH', '/flags', FLAGS)
    const watcher = await watch(send, `${path}${query}`)
    open.push(watcher)
    return { stash, master, watcher }
  }
  it(`tells of matching keys from ${from}: created, deleted and time-boxed ones`, async () => {
    const { master, watcher } = await start('?keys=checkout.*')
    await watcher.until(1)
    await master.set('search.new', '1')
    await master.set('checkout.new', '1')
    await master.call('PATCH', '/flags', { 'checkout.a': null, 'search.a': null })
    await master.set('search.new', '2', 'for=1h')
    await master.set('checkout.b', '9', 'for=1h')
    expect(await watcher.until(4)).toEqual([
      { type: 'snapshot', revision: 1, flags: { 'checkout.a': '1', 'checkout.b': '2' } },
      { type: 'change', revision: 3, changes: { 'checkout.new': '1' } },
      { type: 'change', revision: 4, changes: { 'checkout.a': null } },
      {
        type: 'change',
        revision: 6,
        changes: { 'checkout.b': '9' },
        reverts: { 'checkout.b': { at: expect.any(String), to: '2' } },
      },
    ])
  })
  it(`resumes with the missed changes of matching keys from ${from}`, async () => {
    const { master, watcher } = await start('?keys=checkout.*&after=0')
    await master.set('checkout.c', '3')
    expect(await watcher.until(2)).toEqual([
      { type: 'change', revision: 1, changes: { 'checkout.a': '1', 'checkout.b': '2' } },
      { type: 'change', revision: 2, changes: { 'checkout.c': '3' } },
    ])
  })
})

describe('a watch of patterns', () => {
  it('keeps the longest filter while the object hibernates', async () => {
    const { stash, master } = await newOperator()
    const long = (n: number, end: string) => `${String(n).padStart(3, '0')}${'x'.repeat(125 - end.length)}${end}`
    const keys = Array.from({ length: 100 }, (_, n) => long(n, n < 20 ? '*' : '.')).join(',')
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch?keys=${keys}&after=0`)
    open.push(watcher)
    await evictDurableObject(getObject(stash))
    const key = `${long(7, '*').slice(0, -1)}7`
    await master.set(key, '1')
    expect(await watcher.until(1)).toEqual([{ type: 'change', revision: 1, changes: { [key]: '1' } }])
  })
  it('is answered as a long poll with the changes of matching keys', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', FLAGS)
    await master.set('checkout.a', '8')
    const poll = async (query: string) => (await send(`/stash/${stash.id}/watch?wait=1s&${query}`)).json()
    expect(await poll('keys=*.a')).toEqual({
      type: 'snapshot',
      revision: 2,
      flags: { 'checkout.a': '8', 'search.a': '4' },
    })
    expect(await poll('keys=checkout.*&after=1')).toEqual({
      type: 'change',
      revision: 2,
      changes: { 'checkout.a': '8' },
    })
    expect(await poll('keys=none.*')).toEqual({ type: 'snapshot', revision: 2, flags: {} })
  })
  it('is refused with more than 20 patterns', async () => {
    const { stash } = await newOperator()
    const response = await send(`/stash/${stash.id}/watch?keys=${'a*,'.repeat(20)}b*`)
    expect([response.status, await response.json()]).toMatchObject([400, { parameter: 'keys' }])
  })
})
