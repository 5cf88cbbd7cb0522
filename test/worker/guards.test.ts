import { describe, expect, it } from 'vitest'
import { newOperator } from '../support/front-door.ts'
import { nextWeek } from '../support/operator.ts'

describe('PUT /stash/{id}/guards/{key}', () => {
  it.each<[object, string[], string[]]>([
    [{ type: 'boolean' }, ['true', 'false'], ['True', '1', ' true', 'true\n', 'yes']],
    [
      { type: 'percentage' },
      ['0', '100', '12.5', '0.125', '100.000'],
      ['-1', '101', '1.0001', '05', '1e1', '100.001', '%'],
    ],
    [{ type: 'percentage', max: 50 }, ['50'], ['50.001']],
    [
      { type: 'number', min: -1, max: 1e3 },
      ['-1', '1e3', '0.5'],
      ['1001', 'NaN', 'Infinity', '0x10', '1_000', '01', '.5'],
    ],
    [{ type: 'number', integer: true }, ['7', '-7', '1e2'], ['7.5', '1e400', '9007199254740993']],
    [{ type: 'choice', choices: ['blue', 'green'] }, ['blue', 'green'], ['Blue', 'red', 'blue,green']],
    [{ type: 'text', min_length: 2, max_length: 3 }, ['ab', '🎉🎉🎉'], ['a', 'abcd']],
    [{ type: 'email' }, ['alice@example.com'], ['alice', 'alice@', 'a@b', 'Alice <alice@example.com>', 'a@b.c, d@e.f']],
    [
      { type: 'url' },
      ['https://example.com/x?y#z', 'http://127.0.0.1:80'],
      ['example.com', 'javascript:alert(1)', 'https://', ' https://a.b', 'https://a b'],
    ],
    [{ type: 'json' }, ['{"a": 1}', 'null', '"x"'], ['{a: 1}', "{'a': 1}", '{"a": 1,}']],
    [
      { type: 'json', schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer', minimum: 1 } } } },
      ['{"n": 1}', '{"n": 2, "more": true}'],
      ['{}', '{"n": 0}', '{"n": "1"}', '[]'],
    ],
    [
      { type: 'split' },
      ['{"blue": 90, "green": 10}', '{"a": 0.5, "b": 0}'],
      ['{}', '{"a": 0}', '{"a": -1, "b": 2}', '[1]', '{"a": "1"}', '{"a": null}', '90'],
    ],
    [{ type: 'split', choices: ['blue', 'green'] }, ['{"blue": 1}'], ['{"red": 1}']],
  ])(
    'with %j accepts matching values, and refuses others with the guard and the violations',
    async (guard, matching, violating) => {
      const { master } = await newOperator()
      expect((await master.call('PUT', '/guards/k', guard)).status).toBe(200)
      for (const value of matching) expect((await master.set('k', value)).status, value).toBe(200)
      for (const value of violating) {
        const refused = await master.set('k', value)
        expect(refused, value).toMatchObject({ status: 422, body: { code: 'guard_mismatch', key: 'k', guard } })
        expect(refused.body['issues'], value).not.toEqual([])
      }
    },
  )
  it.each<[string, unknown]>([
    ['no type', {}],
    ['an unknown type', { type: 'colour' }],
    ['a limit of another type', { type: 'boolean', min: 1 }],
    ['a typo', { type: 'boolean', aprovals: 1 }],
    ['two approvals', { type: 'boolean', approvals: 2 }],
    ['no choices', { type: 'choice', choices: [] }],
    ['limits that exclude every value', { type: 'number', min: 2, max: 1 }],
    ['a safe value of another type', { type: 'boolean', safe_value: 'off' }],
    ['max_for without a safe value', { type: 'boolean', max_for: '1h' }],
    ['max_for that is not a duration', { type: 'boolean', safe_value: 'false', max_for: 'an hour' }],
    ['a list', []],
    ['null', null],
    ['a schema with a typo', { type: 'json', schema: { requierd: ['a'] } }],
    ['a schema of no type', { type: 'json', schema: { type: 'objekt' } }],
    ['a schema with a regular expression', { type: 'json', schema: { properties: { a: { pattern: '(a+)+$' } } } }],
    ['a schema from elsewhere', { type: 'json', schema: { $ref: 'https://example.com/schema' } }],
    ['a schema of 20 KB', { type: 'json', schema: { description: 'x'.repeat(20_000) } }],
  ])('is refused with %s', async (_, guard) => {
    const { stash, master } = await newOperator()
    expect(await master.call('PUT', '/guards/k', guard)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    expect(await stash.revision()).toBe(0)
  })
  it('is refused if the present value violates it, with the violation', async () => {
    const { master } = await newOperator()
    await master.set('k', 'yes')
    expect(await master.call('PUT', '/guards/k', { type: 'boolean' })).toMatchObject({
      status: 409,
      body: { code: 'guard_unmet', key: 'k', held_id: null },
    })
  })
  it('is refused if the value that a time-box restores violates it', async () => {
    const { master } = await newOperator()
    await master.set('k', 'yes')
    await master.set('k', 'true', 'for=1h')
    expect(await master.call('PUT', '/guards/k', { type: 'boolean' })).toMatchObject({
      status: 409,
      body: { code: 'guard_unmet', held_id: 'revert-2' },
    })
  })
  it('checks a condition on the version of the guard', async () => {
    const { master } = await newOperator()
    const first = await master.call('PUT', '/guards/k', { type: 'boolean' }, { 'If-None-Match': '*' })
    expect(first.body).toEqual({ key: 'k', message: 'Guard set', revision: 1, version: 1 })
    const stale = await master.call('PUT', '/guards/k', { type: 'email' }, { 'If-Match': '"7"' })
    expect(stale).toMatchObject({ status: 412, body: { current: 1, of: 'guard' } })
    expect((await master.call('GET', '/guards/k')).headers.get('ETag')).toBe('"1"')
  })
})

describe('GET and DELETE /stash/{id}/guards/{key}', () => {
  it('return the guard as it was set, and remove it', async () => {
    const { master } = await newOperator()
    const guard = { type: 'choice', choices: ['a', 'b'], safe_value: 'a', approvals: 0, reason_required: false }
    await master.call('PUT', '/guards/k', guard)
    expect((await master.call('GET', '/guards/k')).body).toEqual({ key: 'k', version: 1, ...guard })
    expect((await master.call('GET', '/guards')).body).toMatchObject({
      revision: 1,
      guards: [{ key: 'k', type: 'choice' }],
    })
    expect((await master.call('DELETE', '/guards/k')).status).toBe(200)
    for (const method of ['GET', 'DELETE']) {
      expect(await master.call(method, '/guards/k')).toMatchObject({ status: 404, body: { code: 'guard_not_found' } })
    }
    expect((await master.set('k', 'anything')).status).toBe(200)
  })
})

describe('a guarded key', () => {
  it('accepts no value that violates its guard, by any route', async () => {
    const { stash, master } = await newOperator()
    await master.set('k', 'false')
    await master.call('PUT', '/guards/k', { type: 'boolean' })
    const responses = [
      await master.set('k', 'on'),
      await master.call('PATCH', '/flags', { a: '1', k: 'on' }),
      await master.call('POST', '/import', { items: [{ key: 'k', value: 'on' }] }),
      await master.set('k', 'on', 'for=1h'),
      await master.set('k', 'on', `at=${nextWeek()}`),
    ]
    for (const response of responses) expect(response).toMatchObject({ status: 422, body: { code: 'guard_mismatch' } })
    expect(await stash.read('k')).toBe('false')
    expect(await stash.revision()).toBe(2)
  })
  it('requires a reason if its guard does', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/k', { type: 'text', reason_required: true })
    expect(await master.set('k', '1')).toMatchObject({ status: 422, body: { code: 'reason_required', key: 'k' } })
    expect(await master.set('k', '1', 'reason=%20')).toMatchObject({ status: 422 })
    expect((await master.set('k', '1', 'reason=drill')).status).toBe(200)
    expect((await master.set('k', '2', '', { Reason: 'drill' })).status).toBe(200)
  })
  it('leaves its safe value only with a time-box if its guard requires that, and returns to it at any time', async () => {
    const { stash, master } = await newOperator()
    await master.set('k', 'false')
    await master.call('PUT', '/guards/k', { type: 'boolean', safe_value: 'false', max_for: '1h' })
    for (const query of ['', 'for=2h']) {
      expect(await master.set('k', 'true', query)).toMatchObject({
        status: 422,
        body: { code: 'time_box_required', key: 'k', max_for: '1h', safe_value: 'false' },
      })
    }
    const { body } = await master.set('k', 'true', 'for=1h')
    // Cancelling the revert would make the unsafe value permanent.
    expect(await master.call('DELETE', `/held/${String(body['revert_id'])}`)).toMatchObject({
      status: 422,
      body: { code: 'time_box_required' },
    })
    expect(await master.call('PATCH', '/flags', { k: null })).toMatchObject({ status: 422 })
    expect((await master.set('k', 'false')).status).toBe(200)
    expect(await stash.read('k')).toBe('false')
    expect(await master.held()).toEqual([])
  })
})
