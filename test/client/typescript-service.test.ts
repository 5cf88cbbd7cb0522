/** The TypeScript client with the option `service`: short names for its caller, whole keys on the wire and in the store. */
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { STASH } from '../support/client/bad-server.ts'
import {
  besideTimeBox,
  GONE_BACK,
  IN_BOX,
  inAnHour,
  inMs,
  PAST,
  read,
  server,
  start,
  store,
} from '../support/client/time-box.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

besideTimeBox()

const SERVICE = { service: 'checkout' }
const WHOLE = { 'checkout.boxed': 'true', 'checkout.limit': '5', 'search.limit': '9', checkout: 'no', limit: '1' }

const startAt = (stash: Stash, token?: string) =>
  start('TypeScript', {
    url: `${url}/api`,
    stash: stash.id,
    ...SERVICE,
    timing: {},
    ...(token !== undefined && { token }),
  })

describe('the TypeScript client of a service', () => {
  it('fetches and watches the keys of the service, and keeps no others even if the answers have them', async () => {
    server.flags = { ...WHOLE }
    const client = await start('TypeScript', SERVICE)
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    expect(await client.ask('all')).toEqual({ boxed: 'true', limit: '5' })
    expect(await client.ask('get', 'checkout.limit')).toBe(null)
    server.set({ 'checkout.limit': '6', 'search.limit': '10' })
    await expect.poll(() => client.ask('all')).toEqual({ boxed: 'true', limit: '6' })
    expect(client.news.at(-1)).toEqual([8, { limit: '6' }])
    server.cut()
    await expect.poll(() => server.asked.some(({ path }) => path.includes('after=8'))).toBe(true)
    const queries = server.asked.map(({ path }) => new URL(path, server.url).searchParams.get('keys'))
    expect(new Set(queries)).toEqual(new Set(['checkout.*']))
  })
  it('is told of its own changes by their short names, and of no gap where others changed', async () => {
    const stash = await newStash()
    await stash.put('checkout.maintenance-mode', 'false')
    const client = await startAt(stash)
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    await stash.put('search.limit', '1')
    await stash.put('search.limit', '2')
    await stash.put('checkout.maintenance-mode', 'true')
    await expect.poll(() => client.news.at(-1)).toEqual([4, { 'maintenance-mode': 'true' }])
    expect(await client.ask('boolean', 'maintenance-mode', false)).toEqual({ value: true, reason: 'flag' })
    expect(client.news.flatMap(([, changes]) => Object.keys(changes))).not.toContain('limit')
    expect(client.problems).toEqual([])
  })
  it('writes to the whole keys, with a token that reaches no others', async () => {
    const stash = await newStash()
    const { token } = await operatorOf(send, stash, stash.token).grant({ can: ['write'], keys: ['checkout.*'] })
    const client = await startAt(stash, token)
    await client.ask('ready', 20_000)
    const [revision = 0] = await client.ask<number[]>('set', 'a', 'one')
    expect(await stash.read('checkout.a')).toBe('one')
    expect(await client.ask('get', 'a')).toBe('one')
    await client.ask('patch', { a: null, 'checkout.b': 'two' })
    expect(await client.ask('all')).toEqual({ 'checkout.b': 'two' })
    expect(await stash.read('checkout.checkout.b')).toBe('two')
    expect(await client.ask('delete', 'checkout.b')).toEqual([revision + 2, null])
    expect(await client.ask('all')).toEqual({})
  })
  it('chooses by the whole key, as OpenFeature does', async () => {
    const stash = await newStash()
    const operator = operatorOf(send, stash, stash.token)
    await operator.set('checkout.share', '50')
    await operator.set('checkout.color', '{"blue":1,"green":1,"red":1}')
    await operator.call('PUT', '/guards/checkout.share', { type: 'percentage' })
    await operator.call('PUT', '/guards/checkout.color', { type: 'split' })
    const client = await startAt(stash)
    await client.ask('ready', 20_000)
    const chosen = { share: new Set<unknown>(), color: new Set<unknown>() }
    for (let i = 0; i < 12; i++) {
      const context = { targetingKey: `user-${i}` }
      for (const [kind, key] of [['percentage', 'share'] as const, ['split', 'color'] as const]) {
        const { body } = await operator.call('POST', `/ofrep/v1/evaluate/flags/checkout.${key}`, { context })
        expect(await client.ask(kind, key, null, context.targetingKey)).toEqual({
          value: body['value'],
          reason: 'flag',
        })
        chosen[key].add(body['value'])
      }
    }
    expect([chosen.share.size, chosen.color.size]).toEqual([2, 3])
  })
  it('reports a name that it does not have', async () => {
    const client = await start('TypeScript', SERVICE)
    await client.ask('ready', 20_000)
    await client.ask('get', 'mantenance')
    expect(client.problems).toEqual([['missing', 'There is no flag "mantenance" in this stash. Check the name.']])
  })
  it('ends time-boxes by the clock, also those of its store', async () => {
    server.flags = { ...WHOLE }
    server.reverts = { 'checkout.boxed': inAnHour('false'), boxed: inAnHour('other') }
    const client = await start('TypeScript', { ...SERVICE, store })
    await expect.poll(() => read(client)).toEqual(IN_BOX)
    server.set({ 'checkout.limit': '6' }, { 'checkout.limit': { at: inMs(1_500), to: '5' } })
    await expect.poll(() => client.news.at(-1)).toEqual([8, { limit: '5' }])
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    await client.kill()
    await server.stop()
    const later = await start('TypeScript', { ...SERVICE, store, travelMs: PAST })
    expect(await read(later)).toEqual(GONE_BACK)
    expect(await later.ask('status')).toMatchObject({ state: 'behind', reverted: 2 })
  })
})

describe('the store of the TypeScript client of a service', () => {
  const kept = { stash_id: STASH, revision: 7, flags: WHOLE, reverts: { 'checkout.boxed': inAnHour('false') } }
  const openWith = async (text: object, setup: object) => {
    await writeFile(store, JSON.stringify(text))
    server.misbehave(() => {})
    return start('TypeScript', { store, ...setup })
  }

  it('says which service it is of, and has whole keys', async () => {
    server.flags = { ...WHOLE }
    const client = await start('TypeScript', { ...SERVICE, store })
    await client.ask('ready', 20_000)
    await client.ask('close')
    await client.exited
    expect(JSON.parse(await readFile(store, 'utf8'))).toMatchObject({
      stash_id: STASH,
      service: 'checkout',
      flags: { 'checkout.boxed': 'true', 'checkout.limit': '5' },
    })
    const again = await openWith(JSON.parse(await readFile(store, 'utf8')) as object, SERVICE)
    expect(await again.ask('all')).toEqual({ boxed: 'true', limit: '5' })
    expect(again.problems).toEqual([])
  })
  it('may be that of the whole stash, which is narrowed', async () => {
    const client = await openWith(kept, SERVICE)
    expect(await client.ask('all')).toEqual({ boxed: 'true', limit: '5' })
    await client.ask('travel', PAST)
    expect(await read(client)).toEqual(GONE_BACK)
    expect(client.problems).toEqual([])
  })
  it.each<[string, object, object]>([
    ['another service, for a service', { ...kept, service: 'search' }, SERVICE],
    ['a service, for all', { ...kept, service: 'search' }, {}],
    ['nonsense, for all', { ...kept, service: ['search'] }, {}],
  ])('is not used if it is of %s', async (_, text, setup) => {
    const client = await openWith(text, setup)
    expect(await client.ask('all')).toEqual({})
    expect(await client.ask('status')).toMatchObject({ state: 'empty' })
    expect(client.problems).toEqual([['store', 'The flags are those of another service.']])
  })
})
