import { describe, expect, it } from 'vitest'
import { newOperator, newStash, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

const patch = (stash: Stash, body: string, headers: Record<string, string> = {}) =>
  send(`/stash/${stash.id}/flags`, stash.as({ method: 'PATCH', body, headers }))
const readFlags = async (stash: Stash, query = '') => (await send(`/stash/${stash.id}/flags${query}`)).json()

describe('PATCH /stash/{id}/flags', () => {
  it('changes several flags as one revision', async () => {
    const stash = await newStash()
    await stash.put('old', 'x')
    const changed = await patch(
      stash,
      '{"maintenance-mode":"true","traffic-target":"blue","old":null,"never-was":null}',
    )
    expect(await changed.json()).toEqual({
      message: 'Flags changed',
      revision: 2,
      changed: ['maintenance-mode', 'traffic-target', 'old'],
    })
    expect(await readFlags(stash)).toEqual({
      stash_id: stash.id,
      revision: 2,
      flags: { 'maintenance-mode': 'true', 'traffic-target': 'blue' },
    })
  })
  it('changes nothing if one part is refused', async () => {
    const stash = await newStash()
    const refused = await patch(stash, JSON.stringify({ good: '1', huge: 'x'.repeat(1024 * 1024) }))
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({ code: 'value_too_large', key: 'huge' })
    expect(await readFlags(stash)).toMatchObject({ revision: 0, flags: {} })
  })
  it('accepts a key named __proto__ like any other', async () => {
    const stash = await newStash()
    await patch(stash, '{"__proto__":"a","constructor":"b"}')
    expect(await (await send(`/stash/${stash.id}/flags`)).text()).toContain(
      '"flags":{"__proto__":"a","constructor":"b"}',
    )
    expect(await stash.read('__proto__')).toBe('a')
  })
  it('checks If-Match against the revision of the stash', async () => {
    const stash = await newStash()
    await patch(stash, '{"a":"1"}', { 'If-Match': '"0"' })
    const late = await patch(stash, '{"a":"2"}', { 'If-Match': '"0"' })
    expect(late.status).toBe(412)
    expect(await late.json()).toMatchObject({ current: 1, of: 'stash' })
  })
  it.each([
    ['a value that is not a string', '{"a":true}', 'a'],
    ['an empty value', '{"a":""}', 'a'],
    ['half a surrogate pair', '{"a":"\\ud800"}', 'a'],
    ['an invalid key', '{"a/b":"1"}', 'a/b'],
    ['a key that URLs normalise away', '{"..":"1"}', '..'],
    ['an array', '["a"]', ''],
    ['nothing', '', ''],
    ['no change', '{}', ''],
    ['broken JSON', '{"a":', ''],
  ])('refuses %s, and names the place', async (_, body, path) => {
    const stash = await newStash()
    const refused = await patch(stash, body)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ code: 'invalid_body', issues: [{ path }] })
    expect(await stash.revision()).toBe(0)
  })
})

describe('GET /stash/{id}/flags', () => {
  it('returns the requested keys without those that do not exist', async () => {
    const stash = await newStash()
    await patch(stash, '{"a":"1","b":"2","c":"3"}')
    expect(await readFlags(stash, '?keys=c,a,nope')).toMatchObject({ revision: 1, flags: { a: '1', c: '3' } })
    expect((await send(`/stash/${stash.id}/flags?keys=a%2Fb`)).status).toBe(400)
  })
  it('returns the facts for a status board with meta=1, and nothing that takes a token', async () => {
    const { stash, master } = await newOperator()
    const about = { text: 'Shows the maintenance page', owner: 'Payments', runbook: 'https://wiki.example.com/pay' }
    const guard = { type: 'boolean', safe_value: 'false', about }
    expect((await master.call('PUT', '/guards/shop.maintenance', guard)).status).toBe(200)
    await patch(stash, '{"shop.maintenance":"false","shop.plain":"x"}')
    const before = Date.now()
    const boxed = await send(
      `/item/${stash.id}/shop.maintenance?for=30m&reason=deploy`,
      stash.as({ method: 'PUT', body: 'true' }),
    )
    const { reverts_at } = (await boxed.json()) as { reverts_at: string }
    const text = await (await send(`/stash/${stash.id}/flags?meta=1`)).text()
    const { flags, ...rest } = JSON.parse(text) as { flags: Record<string, { changed_at: string }> }
    expect(rest).toEqual({
      stash_id: stash.id,
      revision: 3,
      reverts: { 'shop.maintenance': { at: reverts_at, to: 'false' } },
    })
    expect(flags).toEqual({
      'shop.maintenance': {
        value: 'true',
        version: 3,
        type: 'boolean',
        changed_at: expect.any(String),
        until: reverts_at,
        safe: false,
        about: 'Shows the maintenance page',
      },
      'shop.plain': {
        value: 'x',
        version: 2,
        type: null,
        changed_at: expect.any(String),
        until: null,
        safe: null,
        about: null,
      },
    })
    expect(Date.parse(flags['shop.maintenance']?.changed_at ?? '')).toBeGreaterThanOrEqual(before)
    for (const secret of ['Payments', 'wiki', 'deploy', 'safe_value']) expect(text).not.toContain(secret)
    expect(await readFlags(stash, '?meta=1&keys=shop.plain')).toMatchObject({ flags: { 'shop.plain': { safe: null } } })
    expect((await send(`/stash/${stash.id}/flags?meta=yes`)).status).toBe(400)
    await master.call('DELETE', '/guards/shop.maintenance')
    expect(await readFlags(stash, '?meta=1&min_revision=4')).toMatchObject({
      flags: { 'shop.maintenance': { type: null, safe: null, about: null } },
    })
  })
  it('has the revision as its ETag', async () => {
    const stash = await newStash()
    await patch(stash, '{"a":"1"}')
    const read = await send(`/stash/${stash.id}/flags`)
    expect(read.headers.get('ETag')).toBe('"1"')
    expect((await send(`/stash/${stash.id}/flags`, { headers: { 'If-None-Match': '"1"' } })).status).toBe(304)
  })
})

describe('GET /stash/{id}/flags?keys=', () => {
  it('returns the same bytes for the same set of keys in any spelling', async () => {
    const stash = await newStash()
    await patch(stash, '{"b":"2","a":"1","c":"3"}')
    const read = async (keys: string) => (await send(`/stash/${stash.id}/flags?keys=${keys}`)).text()
    const first = await read('a,b')
    expect(first).toContain('"flags":{"a":"1","b":"2"}')
    for (const keys of ['b,a', 'b,a,b,b', 'a,nope,b']) expect(await read(keys)).toBe(first)
  })
})
