import { describe, expect, it } from 'vitest'
import { newOperator, send } from '../support/front-door.ts'

describe('GET /stash/{id}/export', () => {
  it('contains items and guards, and no secret', async () => {
    const { stash, master } = await newOperator({ name: 'shop', description: 'flags' })
    await master.set('b', '{"x": 1}', '', { 'Content-Type': 'application/json' })
    await master.set('__proto__', 'legal')
    await master.call('PUT', '/guards/b', { type: 'json' })
    const second = await master.grant({ can: ['write'] })
    const { body } = await master.call('GET', '/export')
    expect(body).toMatchObject({
      format: 1,
      stash_id: stash.id,
      revision: 4,
      name: 'shop',
      items: [
        { key: '__proto__', value: 'legal', content_type: 'text/plain;charset=UTF-8' },
        { key: 'b', value: '{"x": 1}', content_type: 'application/json' },
      ],
      guards: [{ key: 'b', guard: { type: 'json' } }],
    })
    for (const { token } of [master, second]) expect(JSON.stringify(body)).not.toContain(token.slice(4))
  })
  it('is refused to a token for some keys', async () => {
    const { master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['a'] })
    expect(await limited.call('GET', '/export')).toMatchObject({ status: 403, body: { code: 'not_permitted' } })
  })
})

describe('POST /stash/{id}/import', () => {
  it('gives another stash the same state, as one revision', async () => {
    const { master: from } = await newOperator()
    await from.set('a', '1', '', { 'Content-Type': 'application/json' })
    await from.set('b', 'x"y\n')
    await from.call('PUT', '/guards/a', { type: 'number' })
    const file = (await from.call('GET', '/export')).body
    const { stash, master } = await newOperator()
    expect((await master.call('POST', '/import', file)).body).toEqual({
      message: 'Imported',
      revision: 1,
      changed: ['a', 'b'],
      dry_run: false,
    })
    const copy = (await master.call('GET', '/export')).body
    expect([copy['items'], copy['guards']]).toEqual([file['items'], file['guards']])
    // Repeating it changes nothing.
    expect((await master.call('POST', '/import', file)).body).toMatchObject({ revision: 1, changed: [] })
    expect(await stash.revision()).toBe(1)
    await master.call('POST', '/undo', { revision: 1 })
    expect((await master.call('GET', '/export')).body).toMatchObject({ items: [], guards: [] })
  })
  it('leaves what the file does not name, unless it replaces', async () => {
    const { master } = await newOperator()
    await master.call('PATCH', '/flags', { kept: '1', a: '1' })
    await master.call('PUT', '/guards/kept', { type: 'number' })
    const file = { items: [{ key: 'a', value: '2' }] }
    await master.call('POST', '/import', file)
    expect((await master.call('GET', '/flags')).body['flags']).toEqual({ a: '2', kept: '1' })
    const replaced = await master.call('POST', '/import?replace=1', { ...file, guards: [] })
    expect(replaced.body).toMatchObject({ changed: ['kept'] })
    expect((await master.call('GET', '/export')).body).toMatchObject({ items: [{ key: 'a' }], guards: [] })
  })
  it('shows the changes with dry_run, and makes none', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1', same: '1' })
    const file = {
      items: [
        { key: 'a', value: '2' },
        { key: 'new', value: '1' },
        { key: 'same', value: '1' },
      ],
      guards: [{ key: 'a', guard: { type: 'number' } }],
    }
    const { body } = await master.call('POST', '/import?dry_run=1&replace=1', file)
    expect(body).toMatchObject({
      dry_run: true,
      revision: 1,
      changes: [
        { key: 'a', before: '1', after: '2' },
        { key: 'new', before: null, after: '1' },
        { key: 'b', before: '1', after: null },
      ],
      guards: [{ key: 'a', before: null, after: { type: 'number' } }],
    })
    expect(await stash.revision()).toBe(1)
  })
  it('is applied completely or not at all: one invalid value or one key out of reach refuses it', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/guards/b', { type: 'boolean' })
    const items = [
      { key: 'a', value: '1' },
      { key: 'b', value: 'maybe' },
    ]
    expect(await master.call('POST', '/import', { items })).toMatchObject({
      body: { code: 'guard_mismatch', key: 'b' },
    })
    // The imported guard counts, not the replaced one.
    const guards = [{ key: 'b', guard: { type: 'text' } }]
    const limited = await master.grant({ can: ['write', 'guard'], keys: ['b'] })
    expect(await limited.call('POST', '/import', { items, guards })).toMatchObject({ status: 403, body: { key: 'a' } })
    const writer = await master.grant({ can: ['write'] })
    expect(await writer.call('POST', '/import', { items, guards })).toMatchObject({
      status: 403,
      body: { needs: 'guard' },
    })
    expect((await master.call('POST', '/import', { items, guards })).status).toBe(200)
    expect(await stash.read('b')).toBe('maybe')
  })
  it('is refused during a freeze, and at another revision', async () => {
    const { master } = await newOperator()
    const file = { items: [{ key: 'a', value: '1' }] }
    expect(await master.call('POST', '/import', file, { 'If-Match': '"5"' })).toMatchObject({ status: 412 })
    await master.call('PUT', '/freeze', {})
    expect((await master.call('POST', '/import', file)).status).toBe(423)
    expect((await master.call('POST', '/import?dry_run=1', file)).status).toBe(423)
    expect((await master.call('POST', '/import', file, { 'Break-Glass': 'restore' })).status).toBe(200)
  })
  it('is replayed under its Idempotency-Key, and a dry run does not count as the first answer', async () => {
    const { stash, master } = await newOperator()
    const file = { items: [{ key: 'a', value: '1' }] }
    const key = { 'Idempotency-Key': 'restore' }
    await master.call('POST', '/import?dry_run=1', file, key)
    const first = await master.call('POST', '/import', file, key)
    expect(first.body).toMatchObject({ revision: 1, changed: ['a'] })
    expect((await master.call('POST', '/import', file, key)).body).toEqual(first.body)
    expect(await stash.revision()).toBe(1)
  })
  it.each<[string, unknown]>([
    [
      'a key twice',
      {
        items: [
          { key: 'a', value: '1' },
          { key: 'a', value: '2' },
        ],
      },
    ],
    ['an empty value', { items: [{ key: 'a', value: '' }] }],
    ['a value that is not a string', { items: [{ key: 'a', value: 1 }] }],
    ['an invalid key', { items: [{ key: 'a b', value: '1' }] }],
    ['an invalid guard', { guards: [{ key: 'a', guard: { type: 'x' } }] }],
    ['another format', { format: 2, items: [] }],
    ['a typo', { itms: [] }],
    ['1,001 items', { items: Array.from({ length: 1_001 }, (_, i) => ({ key: `k${i}`, value: '1' })) }],
    ['a list', []],
  ])('is refused with %s', async (_, file) => {
    const { stash, master } = await newOperator()
    expect(await master.call('POST', '/import', file)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    expect(await stash.revision()).toBe(0)
  })
  it('accepts only 0 and 1 for its options', async () => {
    const { stash, master } = await newOperator()
    for (const query of ['dry_run=yes', 'replace=true', 'dryrun=1']) {
      expect((await master.call('POST', `/import?${query}`, { items: [] })).status).toBe(400)
    }
    expect((await send(`/stash/${stash.id}/import`, { method: 'POST', body: '{}' })).status).toBe(401)
  })
})
