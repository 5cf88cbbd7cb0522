/** Ways around the safeguards, and data that could be lost between them. Each of these once worked. */
import { describe, expect, it, vi } from 'vitest'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { newOperator, send } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import type { Operator } from '../support/operator.ts'

const MINUTE = 60_000
const LATER = '2031-01-01T00:30:00Z'

freezeTime()

const createTwoPeople = { type: 'text', approvals: 1 }
const heldId = (reply: { body: Record<string, unknown> }) => String(reply.body['held_id'])

describe('a JSON schema', () => {
  const doubling = (levels: number) => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length: levels }, (_, i) => [
        `d${i}`,
        i === levels - 1 ? {} : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
      ]),
    ),
  })
  it('that doubles with every reference is refused at once, before and after authentication', async () => {
    const { stash, master } = await newOperator()
    const guard = { type: 'json', safe_value: '1', schema: doubling(60) }
    expect(await master.call('PUT', '/guards/k', guard)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    const stranger = mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(256)))
    const answer = await send(`/stash/${stash.id}/guards/k`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${stranger}` },
      body: JSON.stringify(guard),
    })
    expect(answer.status).toBe(403)
  })
  it.each<[string, unknown]>([
    ['that refers to itself', { properties: { a: { $ref: '#' } } }],
    ['that points nowhere', { $ref: '#/$defs/nope' }],
    ['that points to a value that is not a schema', { $ref: '#/examples', examples: { pattern: '^(a+)+$' } }],
    [
      'that points into a value that is not a schema',
      { $ref: '#/examples/a', examples: { a: { pattern: '^(a+)+$' } } },
    ],
    ['that points to a map of schemas', { $ref: '#/$defs', $defs: { pattern: true } }],
    // The validator would decode it, and so check another schema than the one that was counted.
    ['that points by an escape', { $ref: '#/$defs/%61', $defs: { '%61': true, a: { type: 'string' } } }],
    ['that points by a line end', { $ref: '#/$defs/a\nb', $defs: { 'a\nb': true, ab: { type: 'string' } } }],
    ['that points by a blank at the end', { $ref: '#/$defs/a ', $defs: { 'a ': true, a: { type: 'string' } } }],
    ['that matches nothing', false],
    ['nested 5,000 deep in a constant', { const: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown }],
    ['without a type', { type: [] }],
    ['of an unknown format', { format: 'emial' }],
    ['whose flag is a text', { uniqueItems: 'yes' }],
  ])('%s is refused', async (_, schema) => {
    const { master } = await newOperator()
    expect(await master.call('PUT', '/guards/k', { type: 'json', schema })).toMatchObject({ status: 400 })
  })
  it.each<[string, object]>([
    ['definitions', { $ref: '#/$defs/a b', $defs: { 'a b': { type: 'integer' } } }],
    ['letters of any alphabet', { $ref: '#/$defs/größe', $defs: { größe: { type: 'integer' } } }],
    ['a branch', { anyOf: [{ type: 'integer' }], not: { not: { $ref: '#/anyOf/0' } } }],
    [
      'a property, its name escaped',
      { properties: { 'a/b': { type: 'integer' }, c: { $ref: '#/properties/a~1b' } }, anyOf: [{ type: 'integer' }] },
    ],
  ])('refers to %s', async (_, schema) => {
    const { master } = await newOperator()
    expect(await master.call('PUT', '/guards/k', { type: 'json', schema })).toMatchObject({ status: 200 })
    expect((await master.set('k', '7')).status).toBe(200)
    expect((await master.set('k', '"x"')).status).toBe(422)
  })
  it('refuses a value that would be expensive to check', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/k', { type: 'json', schema: { type: 'array', uniqueItems: true } })
    const many = JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ i })))
    expect(await master.set('k', many)).toMatchObject({ status: 422, body: { code: 'guard_mismatch' } })
    expect(await master.set('k', '[1, 2, 1]')).toMatchObject({ status: 422 })
    expect((await master.set('k', '[1, 2]')).status).toBe(200)
  })
})

describe('an import', () => {
  it.each(['text/html\r\nX: 1', 'text/plain, text/html', 'garbage', ' '])(
    'refuses the content type %j',
    async (type) => {
      const { master } = await newOperator()
      const file = { items: [{ key: 'a', value: 'x', content_type: type }] }
      expect(await master.call('POST', '/import', file)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    },
  )
  it('that is held concerns all keys that it names: a token that reaches them can see and cancel it, no other can', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1' })
    const file = {
      items: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
      guards: [],
    }
    const part = await master.grant({ can: ['write'], keys: ['b'] })
    const merge = await master.call('POST', `/import?at=${LATER}`, file)
    const replace = await master.call('POST', `/import?at=${LATER}&replace=1`, file)
    expect(await part.held()).toEqual([])
    expect(await part.call('DELETE', `/held/${heldId(merge)}`)).toMatchObject({ status: 404 })
    expect(await master.held()).toMatchObject([{ keys: ['a', 'b'] }, { keys: ['a', 'b', '*'] }])
    for (const held of [merge, replace]) expect((await master.call('DELETE', `/held/${heldId(held)}`)).status).toBe(200)
    await pass(stash, 30 * MINUTE)
    expect(await stash.read('b')).toBe('1')
  })
  it('that replaces names the items and guards that it deletes', async () => {
    const { master } = await newOperator()
    for (const file of [{}, { items: [] }, { guards: [] }]) {
      expect(await master.call('POST', '/import?replace=1', file)).toMatchObject({ status: 400 })
    }
  })
  it('requires every key that it names, even those without a change', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/secret', { type: 'choice', choices: ['x'] })
    const writer = await master.grant({ can: ['write'] })
    const guess = (choices: string[]) =>
      writer.call('POST', '/import', { guards: [{ key: 'secret', guard: { type: 'choice', choices } }] })
    expect((await guess(['x'])).body).toEqual((await guess(['y'])).body)
  })
  it('leaves unchanged values alone, their reverts included', async () => {
    const { stash, master } = await newOperator()
    await master.set('on-call', 'alice')
    await master.set('on-call', 'bob', 'for=10m')
    const file = (await master.call('GET', '/export')).body
    expect((await master.call('POST', '/import', file)).body).toMatchObject({ changed: [] })
    await pass(stash, 10 * MINUTE)
    expect(await stash.read('on-call')).toBe('alice')
  })
  it('is time-boxed with its end in the answer, and refused if it changes guards', async () => {
    const { master } = await newOperator()
    const items = [{ key: 'a', value: '1' }]
    const guards = [{ key: 'a', guard: { type: 'number' } }]
    expect((await master.call('POST', '/import?for=10m', { items })).body).toMatchObject({ revert_id: 'revert-1' })
    expect(await master.call('POST', '/import?for=10m', { items, guards })).toMatchObject({
      body: { parameter: 'for' },
    })
    await master.call('PUT', '/guards/b', { type: 'number' })
    expect(await master.call('POST', '/undo?for=10m', { revision: 2 })).toMatchObject({ body: { parameter: 'for' } })
  })
})

describe('a second person', () => {
  it('can approve a change that was scheduled before it required approval', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    await master.set('x', '1', `at=${LATER}`)
    await master.call('PUT', '/guards/x', createTwoPeople)
    await pass(stash, 30 * MINUTE)
    const [waiting] = await master.held()
    expect((await bob.call('POST', `/held/${waiting?.held_id}/approve`)).status).toBe(200)
    expect(await stash.read('x')).toBe('1')
  })
  it('sees the whole change, guards included, and is recorded with a reason of their own', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1', c: '3' })
    for (const key of ['a', 'b']) await master.call('PUT', `/guards/${key}`, createTwoPeople)
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    const file = {
      items: [
        { key: 'c', value: '3' },
        { key: 'a', value: '9' },
      ],
      guards: [],
    }
    const held = await master.call('POST', '/import?replace=1&reason=cleanup', file)
    const link = String((await bob.call('POST', `/held/${heldId(held)}/presign`)).body['url'])
    const page = await (await send(link.slice(link.indexOf('/update')), { headers: { Accept: 'text/html' } })).text()
    const rows = [...page.matchAll(/<h2>(Flag|Guard of) <code><bdi>(\w+)<\/bdi><\/code>/g)].map(
      ([, what, key]) => `${what} ${key}`,
    )
    expect(rows).toEqual(['Flag a', 'Flag b', 'Guard of a', 'Guard of b'])
    expect((await bob.call('POST', `/held/${heldId(held)}/approve?reason=looks+right`)).status).toBe(200)
    expect(await master.history('limit=1')).toMatchObject([
      { reason: 'cleanup', approved_by: { label: 'bob', reason: 'looks right' } },
    ])
    expect(await stash.read('b')).toBe('')
  })
  it('is not a mail scanner that opens the link, in any profile', async () => {
    const { stash, master } = await newOperator({ profile: 'wrendb' })
    await master.call('PUT', '/guards/x', createTwoPeople)
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    const held = await master.set('x', '1')
    const link = String((await bob.call('POST', `/held/${heldId(held)}/presign`)).body['url'])
    expect((await send(link.slice(link.indexOf('/update')))).status).toBe(405)
    expect(await stash.read('x')).toBe('')
  })
})

describe('a freeze', () => {
  const frozen = async (master: Operator) => master.call('PUT', '/freeze', { until: '2031-01-01T05:00:00Z' })

  it('cannot be broken by the holder of an approval link', async () => {
    const { master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['approve', 'break_glass'] })
    await master.call('PUT', '/guards/x', createTwoPeople)
    const held = await master.set('x', '1')
    const link = String((await bob.call('POST', `/held/${heldId(held)}/presign`)).body['url'])
    await frozen(master)
    const press = (headers: Record<string, string>) =>
      send(link.slice(link.indexOf('/update')), { method: 'POST', headers })
    expect((await press({ 'Break-Glass': 'stranger says so' })).status).toBe(400)
    expect((await press({})).status).toBe(423)
  })
  it('that was broken for a change does not stop its release', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    await master.call('PUT', '/guards/x', createTwoPeople)
    await frozen(master)
    const glass = { 'Break-Glass': 'the site is down' }
    const asked = await master.set('x', '1', '', glass)
    expect(asked.status).toBe(202)
    expect((await bob.call('POST', `/held/${heldId(asked)}/approve`)).status).toBe(200)
    await master.set('y', '1', `at=${LATER}`, glass)
    await pass(stash, 30 * MINUTE)
    expect(await stash.read('y')).toBe('1')
    expect(await master.history('limit=1')).toMatchObject([{ broke_glass: { by: 'master', why: 'the site is down' } }])
    const link = await send(`/item/${stash.id}/z/presign`, stash.as({ method: 'POST', body: '1', headers: glass }))
    expect(link.status).toBe(400)
  })
})

describe('expired links and tokens', () => {
  it('do not count towards limits', async () => {
    const { stash, master } = await newOperator()
    const limited = await master.grant({ can: ['write'], keys: ['lim-*'] })
    const link = () =>
      send(`/item/${stash.id}/lim-a/presign`, {
        method: 'POST',
        body: '1',
        headers: { Authorization: `Bearer ${limited.token}` },
      })
    for (let i = 0; i < 1_000; i++) await link()
    // One limited token cannot take all the room.
    expect((await link()).status).toBe(422)
    expect((await master.set('m', '1', 'for=10m')).status).toBe(200)
    vi.setSystemTime(Date.now() + 15 * MINUTE)
    expect((await link()).status).toBe(200)
  })
})

describe('a dropped held change', () => {
  it('is in the history of its keys, for tokens that reach them', async () => {
    const { stash, master } = await newOperator()
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['a-*'] })
    await limited.set('a-1', 'x', `at=${LATER}`)
    await master.call('PUT', '/guards/a-1', { type: 'number' })
    await pass(stash, 30 * MINUTE)
    const dropped = { kind: 'drop_held', dropped: { because: 'refused', refusal: 'guard_mismatch' } }
    expect(await limited.history('limit=1')).toMatchObject([dropped])
    expect(await master.history('key=a-1&limit=1')).toMatchObject([dropped])
    const other = await master.grant({ can: ['write'], keys: ['b-*'] })
    expect(await other.history()).toEqual([])
  })
})

describe('the WrenDB profile', () => {
  it('does not let anonymous callers create a key that is deleted for a time', async () => {
    const { stash, master } = await newOperator({ profile: 'wrendb' })
    await master.set('k', 'good')
    await master.call('PATCH', '/flags?for=10m', { k: null })
    const evil = await send(`/item/${stash.id}/k`, { method: 'POST', body: 'evil' })
    expect(evil.status).toBe(409)
    await pass(stash, 10 * MINUTE)
    expect(await stash.read('k')).toBe('good')
  })
  it('tells anonymous callers which values are allowed, and not the whole guard', async () => {
    const { stash, master } = await newOperator({ profile: 'wrendb' })
    await master.call('PUT', '/guards/k', { type: 'choice', choices: ['a'], approvals: 1 })
    const refused = await send(`/item/${stash.id}/k`, { method: 'POST', body: 'b' })
    expect(await refused.json()).toMatchObject({ code: 'guard_mismatch', guard: null })
  })
})

describe('a label', () => {
  it.each(['master', ' Stash ', 'ANONYMOUS', 'a\nb', 'a\u202eb', 'a\u0000'])('cannot be %j', async (label) => {
    const { master } = await newOperator()
    expect((await master.call('POST', '/tokens', { label, can: ['write'] })).status).toBe(400)
  })
})
