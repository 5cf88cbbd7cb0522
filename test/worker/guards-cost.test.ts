/** The cost of checking guards is counted before the check, for all values and guards of a change together. */
import { describe, expect, it } from 'vitest'
import { newOperator } from '../support/front-door.ts'
import { names, repeat } from '../support/costly-guards.ts'

const json = (schema: unknown, more: object = {}): object => ({ type: 'json', schema, ...more })

describe('PUT /stash/{id}/guards/{key}', () => {
  it('refuses a safe value that is too expensive to check, without checking it', async () => {
    const { stash, master } = await newOperator()
    const guard = json({ items: { required: names(2_000) } }, { safe_value: JSON.stringify(repeat(300, {})) })
    expect(await master.call('PUT', '/guards/k', guard)).toMatchObject({
      status: 422,
      body: { code: 'change_too_costly', key: 'k' },
    })
    expect(await stash.revision()).toBe(0)
  })
})

describe('a write to a key with a schema', () => {
  it.each<[string, object, unknown]>([
    ['required names, for each of many objects', { items: { required: names(2_000) } }, repeat(2_000, {})],
    ['an enum, compared with each of many values', { items: { enum: names(1_500) } }, repeat(16_000, 'x')],
    ['a const, compared with each of many values', { items: { const: names(1_500) } }, repeat(5_000, ['x'])],
    ['dependent names', { items: { dependentRequired: { a: names(2_000) } } }, repeat(5_000, { a: 1 })],
    ['many branches', { items: { anyOf: names(400).map((name) => ({ const: name })) } }, repeat(9_000, 'x')],
    [
      'uniqueness of texts that begin alike',
      { uniqueItems: true },
      names(1_300).map((name) => `${'x'.repeat(40)}${name}`),
    ],
    ['uniqueness of many', { uniqueItems: true }, Array.from({ length: 10_000 }, (_, i) => i)],
    ['one text measured again and again', { allOf: repeat(400, { maxLength: 70_000 }) }, 'x'.repeat(60_000)],
    [
      'unevaluated properties',
      { allOf: repeat(4, { unevaluatedProperties: { type: 'number' } }) },
      Object.fromEntries(names(5_000).map((name) => [name, 1])),
    ],
  ])('is refused without a check: %s', async (_, schema, value) => {
    const { stash, master } = await newOperator()
    expect((await master.call('PUT', '/guards/k', json(schema))).status).toBe(200)
    const refused = await master.set('k', JSON.stringify(value))
    expect(refused).toMatchObject({ status: 422, body: { code: 'guard_mismatch', key: 'k' } })
    expect(JSON.stringify(refused.body['issues'])).toContain('too large for what its schema asks')
    expect(await stash.revision()).toBe(1)
  })
  it('has one budget for all keys of a change, which the refusal names', async () => {
    const { stash, master } = await newOperator()
    const keys = names(20)
    for (const key of keys) await master.call('PUT', `/guards/${key}`, json({ items: { type: 'number' } }))
    const value = JSON.stringify(repeat(1_000, 1))
    const patch = (some: string[]) =>
      master.call('PATCH', '/flags', Object.fromEntries(some.map((key) => [key, value])))
    expect(await patch(keys)).toMatchObject({ status: 422, body: { code: 'change_too_costly' } })
    expect(await stash.revision()).toBe(20)
    expect((await patch(keys.slice(0, 5))).status).toBe(200)
  })
  it('reports the first violation only, and not every missing name', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/k', json({ enum: names(1_500) }))
    const { body } = await master.set('k', '"x"')
    expect(body.code).toBe('guard_mismatch')
    expect(JSON.stringify(body['issues']).length).toBeLessThan(2_000)
  })
})

describe('POST /stash/{id}/import', () => {
  it('accepts a stash of a hundred keys with a schema each as one change', async () => {
    const { master } = await newOperator()
    const properties = Object.fromEntries(names(10).map((name) => [name, { type: 'string', maxLength: 100 }]))
    const guard = json({ type: 'object', required: names(3), properties, additionalProperties: false })
    const value = JSON.stringify(Object.fromEntries(names(10).map((name) => [name, 'x'])))
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
    const file = { items: keys.map((key) => ({ key, value })), guards: keys.map((key) => ({ key, guard })) }
    expect(await master.call('POST', '/import', file)).toMatchObject({ status: 200 })
  })
  it('accepts a stash of any number of keys with a schema each in parts, and then as a whole', async () => {
    const { stash, master } = await newOperator()
    const hosts = { type: 'array', items: { type: 'string', format: 'hostname' } }
    const properties = { hosts, ...Object.fromEntries(names(4).map((name) => [name, { type: 'string' }])) }
    const guard = json({ type: 'object', required: names(4), properties, additionalProperties: false })
    const value = JSON.stringify({
      hosts: Array.from({ length: 10 }, (_, i) => `host-${i}.example.com`),
      ...Object.fromEntries(names(4).map((name) => [name, 'x'])),
    })
    const file = (from: number, to: number) => {
      const keys = Array.from({ length: to - from }, (_, i) => `key-${from + i}`)
      return { items: keys.map((key) => ({ key, value })), guards: keys.map((key) => ({ key, guard })) }
    }
    await master.set('stranger', '1')
    expect(await master.call('POST', '/import?replace=1', file(0, 300))).toMatchObject({
      status: 422,
      body: { code: 'change_too_costly', detail: expect.stringContaining('replace=1') },
    })
    for (const from of [0, 100, 200])
      expect((await master.call('POST', '/import', file(from, from + 100))).status).toBe(200)
    expect(await master.call('POST', '/import?replace=1', file(0, 300))).toMatchObject({
      status: 200,
      body: { changed: ['stranger'] },
    })
    expect(await stash.read('key-299')).toBe(value)
  })
  it('names the invalid guard by its place in the file', async () => {
    const { master } = await newOperator()
    const guards = [
      { key: 'a', guard: { type: 'boolean' } },
      { key: 'b', guard: { type: 'boolean', safe_value: 'off' } },
    ]
    expect(await master.call('POST', '/import', { guards })).toMatchObject({
      status: 400,
      body: { code: 'invalid_body', issues: [{ path: 'guards.1.guard.safe_value' }] },
    })
  })
  it('accepts at most a megabyte of guards in total', async () => {
    const { stash, master } = await newOperator()
    const guard = json({ description: 'x'.repeat(16_000) })
    const some = (from: number, count: number) =>
      master.call('POST', '/import', {
        guards: Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, guard })),
      })
    expect((await some(0, 65)).status).toBe(200)
    expect(await some(65, 1)).toMatchObject({
      status: 422,
      body: { code: 'guards_too_large', limit_bytes: 1024 * 1024 },
    })
    expect(await stash.revision()).toBe(1)
  })
})
