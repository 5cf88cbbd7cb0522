import { afterEach, describe, expect, it } from 'vitest'
import { LANGUAGES, startClient, type Driven, type Language, type Setup } from '../support/client/client.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

let started: Driven[] = []
afterEach(async () => {
  await Promise.all(started.map((client) => client.kill()))
  started = []
})

async function start(language: Language, stash: Stash, setup: Partial<Setup> = {}): Promise<Driven> {
  const client = await startClient(language, { url: `${url}/api`, stash: stash.id, ...setup })
  started.push(client)
  return client
}

describe.each(LANGUAGES)('the %s client', (language) => {
  it('reads each flag as what it is asked for, and its default with the reason where it is nothing of the kind', async () => {
    const stash = await newStash()
    const flags = {
      on: 'true',
      off: 'false',
      yes: 'yes',
      limit: '-0.5',
      many: '12',
      hex: '0x10',
      'hex-beyond-exact': '0x20000000000001',
      'hex-beyond-double': `0x${'f'.repeat(300)}`,
      'separated-units': '\u001f7',
      'byte-order-mark': '\ufeff12',
      word: '1_0',
      blank: ' ',
      'not-finite': 'Infinity',
      config: '{"a":[1]}',
      nothing: 'null',
      nan: 'NaN',
      half: '{"a"',
      split: '{"blue":1,"green":0}',
      none: '{"blue":0}',
      all: '100',
      some: '50',
    }
    await send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body: JSON.stringify(flags) }))
    const client = await start(language, stash)
    expect(await client.ask('ready', 10_000)).toMatchObject({ state: 'fresh', revision: 1 })
    const cases: [kind: string, key: string, fallback: unknown, value: unknown, reason: string, target?: string][] = [
      ['boolean', 'on', false, true, 'flag'],
      ['boolean', 'off', true, false, 'flag'],
      ['boolean', 'yes', true, true, 'type_mismatch'],
      ['boolean', 'absent', true, true, 'missing'],
      ['number', 'limit', 7, -0.5, 'flag'],
      ['number', 'many', 7, 12, 'flag'],
      ['number', 'hex', 7, 16, 'flag'],
      ['number', 'hex-beyond-exact', 7, 2 ** 53, 'flag'],
      ['number', 'hex-beyond-double', 7, 7, 'type_mismatch'],
      ['number', 'separated-units', 8, 8, 'type_mismatch'],
      ['number', 'byte-order-mark', 7, 12, 'flag'],
      ['number', 'word', 7, 7, 'type_mismatch'],
      ['number', 'blank', 7, 7, 'type_mismatch'],
      ['number', 'not-finite', 7, 7, 'type_mismatch'],
      ['number', 'on', 7, 7, 'type_mismatch'],
      ['string', 'yes', 'no', 'yes', 'flag'],
      ['string', 'absent', 'no', 'no', 'missing'],
      ['json', 'config', null, { a: [1] }, 'flag'],
      ['json', 'off', null, false, 'flag'],
      ['json', 'nothing', [1], [1], 'default'],
      ['json', 'nan', 0, 0, 'type_mismatch'],
      ['json', 'half', 0, 0, 'type_mismatch'],
      ['percentage', 'all', false, true, 'flag'],
      ['percentage', 'some', false, false, 'targeting_key_missing'],
      ['percentage', 'yes', true, true, 'type_mismatch', 'user-1'],
      ['split', 'split', 'red', 'blue', 'flag'],
      ['split', 'none', 'red', 'red', 'type_mismatch', 'user-1'],
      ['split', 'config', 'red', 'red', 'type_mismatch', 'user-1'],
    ]
    for (const [kind, key, fallback, value, reason, target] of cases) {
      const args = target === undefined ? [fallback] : [fallback, target]
      expect(await client.ask(kind, key, ...args), `${kind} ${key}`).toEqual({ value, reason })
    }
    expect(await client.ask('all')).toEqual(flags)
    expect(await client.ask('get', 'config')).toBe('{"a":[1]}')
  })
  it('reports a flag that does not fit once, and serves the others as before', async () => {
    const stash = await newStash()
    await stash.put('a', 'maybe')
    await stash.put('b', 'true')
    const client = await start(language, stash)
    await client.ask('ready', 10_000)
    for (let i = 0; i < 3; i++)
      expect(await client.ask('boolean', 'a', false)).toEqual({ value: false, reason: 'type_mismatch' })
    expect(await client.ask('boolean', 'b', false)).toEqual({ value: true, reason: 'flag' })
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', revision: 2 })
    expect(client.problems).toEqual([['type_mismatch', 'The flag "a" is not of type boolean: the default is used.']])
  })
  it('reports a key that the stash has never had, once, however it is asked for', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    const client = await start(language, stash)
    await client.ask('ready', 10_000)
    for (let i = 0; i < 2; i++) {
      expect(await client.ask('boolean', 'mantenance', true)).toEqual({ value: true, reason: 'missing' })
      expect(await client.ask('get', 'mantenance')).toBe(null)
      expect(await client.ask('string', 'on"call\n', '')).toEqual({ value: '', reason: 'missing' })
    }
    // No key is longer: it was made of what a user typed.
    await client.ask('get', 'x'.repeat(129))
    expect(client.problems).toEqual([
      ['missing', 'There is no flag "mantenance" in this stash. Check the name.'],
      ['missing', 'There is no flag "on\\"call\\n" in this stash. Check the name.'],
    ])
  })
  it('does not report a key that was there and was taken away', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    const client = await start(language, stash)
    // Until the stream is open, a poll may find both changes at once, and the client never had the flag.
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    await stash.put('b', '1')
    await expect.poll(() => client.ask('all')).toEqual({ a: 'true', b: '1' })
    await send(`/item/${stash.id}/b`, stash.as({ method: 'DELETE' }))
    await expect.poll(() => client.ask('all')).toEqual({ a: 'true' })
    expect(await client.ask('get', 'b')).toBe(null)
    expect(client.problems).toEqual([])
  })
  it('reports at most 1,000 missing keys, so that names made of what users type fill no memory', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    const client = await start(language, stash)
    await client.ask('ready', 10_000)
    for (let i = 0; i < 1_010; i++) await client.ask('get', `user-${i}`)
    expect(client.problems).toHaveLength(1_000)
  })
  it('tells of each change as it comes, and holds what it told', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const client = await start(language, stash)
    // Until the stream is open, several changes may come as one: what a poll has missed.
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'fresh', via: 'stream' })
    await stash.put('b', 'ü🎉')
    await send(`/item/${stash.id}/a`, stash.as({ method: 'DELETE' }))
    await stash.put('__proto__', '3')
    // 1 may have come before the watch was set up: a Python client reads in a thread of its own.
    const later = () => client.news.filter(([revision]) => revision !== 1)
    await expect.poll(() => later().length).toBe(3)
    expect(later()).toEqual([
      [2, { b: 'ü🎉' }],
      [3, { a: null }],
      [4, JSON.parse('{"__proto__":"3"}')],
    ])
    expect(await client.ask('all')).toEqual(JSON.parse('{"b":"ü🎉","__proto__":"3"}'))
    expect(await client.ask('status')).toMatchObject({ state: 'fresh', revision: 4, via: 'stream' })
  })
  it('changes flags and reads its own change', async () => {
    const stash = await newStash()
    const client = await start(language, stash, { token: stash.token })
    await client.ask('ready', 10_000)
    expect(await client.ask('set', 'a', 'x y', { reason: 'drill' })).toEqual([1, null])
    expect(await client.ask('get', 'a')).toBe('x y')
    expect(await client.ask('set', 'b', { deep: [true] })).toEqual([2, null])
    expect(await client.ask('json', 'b', null)).toEqual({ value: { deep: [true] }, reason: 'flag' })
    expect(await client.ask('patch', { a: null, c: 'true' })).toEqual([3, null])
    expect(await client.ask('all')).toEqual({ b: '{"deep":[true]}', c: 'true' })
    expect(await client.ask('delete', 'c')).toEqual([4, null])
    expect(await client.ask('all')).toEqual({ b: '{"deep":[true]}' })
    const history = await operatorOf(send, stash, stash.token).history()
    expect(history.at(-1)).toMatchObject({ kind: 'put', reason: 'drill' })
  })
  it('says why a change was refused, and that one waits', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const client = await start(language, stash, { token: stash.token })
    await expect(client.ask('set', 'a', '2', { ifMatch: 7 })).rejects.toMatchObject({
      name: 'RefusedError',
      code: 'version_conflict',
    })
    await expect(client.ask('set', 'a', '2', { ifMatch: 'absent' })).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await client.ask('set', 'a', '2', { ifMatch: 1, idempotencyKey: 'once' })).toEqual([2, null])
    expect(await client.ask('set', 'a', '2', { ifMatch: 1, idempotencyKey: 'once' })).toEqual([2, null])
    await operatorOf(send, stash, stash.token).call('PUT', '/guards/a', { type: 'text', approvals: 1 })
    const [, heldId] = await client.ask<[number, string]>('set', 'a', '3')
    const held = await operatorOf(send, stash, stash.token).held()
    expect(held.map(({ held_id }) => held_id)).toEqual([heldId])
    const reader = await start(language, stash)
    await expect(reader.ask('set', 'a', '4')).rejects.toMatchObject({ name: 'RefusedError', code: 'token_missing' })
  })
  it('keeps the last known values of a stash that is deleted, and says so', async () => {
    const stash = await newStash()
    await stash.put('a', 'true')
    const client = await start(language, stash)
    await client.ask('ready', 10_000)
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    await expect.poll(() => client.ask('status')).toMatchObject({ state: 'gone' })
    expect(await client.ask('boolean', 'a', false)).toEqual({ value: true, reason: 'flag' })
  })
  it('lets the process end once it is closed', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const client = await start(language, stash)
    await client.ask('ready', 10_000)
    await client.ask('close')
    expect(await client.exited).toBe(0)
  })
})
