import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newOperator, getObject, send } from '../support/front-door.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('GET /stash/{id}/history', () => {
  it('lists who changed which value when and why, newest first', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const { master } = await newOperator()
    await master.set('a', '1', 'reason=first')
    await master.call('PATCH', '/flags', { a: '2', b: '1' }, { Reason: 'both' })
    await master.call('PATCH', '/flags', { b: null })
    const at = '2031-01-01T00:00:00.000Z'
    expect(await master.history()).toEqual([
      entry({ revision: 3, kind: 'patch', at, changes: [{ key: 'b', before: '1', after: null }] }),
      entry({
        revision: 2,
        kind: 'patch',
        at,
        reason: 'both',
        changes: [
          { key: 'a', before: '1', after: '2' },
          { key: 'b', before: null, after: '1' },
        ],
      }),
      entry({ revision: 1, kind: 'put', at, reason: 'first', changes: [{ key: 'a', before: null, after: '1' }] }),
    ])
    const [{ token_id: id }] = (await master.call('GET', '/tokens')).body['tokens'] as [{ token_id: string }]
    expect((await master.history()).map(({ token_id }) => token_id)).toEqual([id, id, id])
  })
  it('includes guards, tokens and freezes, and no secret', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/guards/a', { type: 'boolean' })
    const second = await master.grant({ label: 'second', can: ['write'] })
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await master.call('DELETE', '/freeze')
    const entries = await master.history()
    expect(entries).toMatchObject([
      { kind: 'unfreeze' },
      { kind: 'freeze', freeze: { until: null, reason: 'launch', by: 'master' } },
      { kind: 'add_token', token: { label: 'second', can: ['write'], keys: ['*'], expires_at: null } },
      { kind: 'set_guard', guards: [{ key: 'a', before: null, after: { type: 'boolean' } }] },
    ])
    for (const secret of [stash.token, second.token]) expect(JSON.stringify(entries)).not.toContain(secret.slice(4))
  })
  it('returns pages, optionally of one key', async () => {
    const { master } = await newOperator()
    for (let i = 0; i < 12; i++) await master.set(i % 3 === 0 ? 'a' : 'b', String(i))
    const revisions = async (query: string) => (await master.history(query)).map(({ revision }) => revision)
    expect(await revisions('limit=5')).toEqual([12, 11, 10, 9, 8])
    const { body } = await master.call('GET', '/history?limit=5')
    expect(body).toMatchObject({ next: 8, first: 1 })
    expect(await revisions('limit=5&before=8')).toEqual([7, 6, 5, 4, 3])
    expect((await master.call('GET', '/history?limit=5&before=3')).body).toMatchObject({ next: null })
    expect(await revisions('key=a')).toEqual([10, 7, 4, 1])
    expect(await revisions('key=a&limit=2&before=10')).toEqual([7, 4])
    expect(await revisions('key=none')).toEqual([])
  })
  it('limits the size of a page of the largest values, and skips none of them', async () => {
    const { master } = await newOperator()
    const value = 'x'.repeat(64 * 1024)
    for (let i = 0; i < 80; i++) await master.set('a', `${value.slice(3)}${100 + i}`)
    const seen: number[] = []
    let before = ''
    do {
      const { body } = await master.call('GET', `/history?limit=200${before}`)
      seen.push(...(body['entries'] as { revision: number }[]).map(({ revision }) => revision))
      before = body['next'] === null ? '' : `&before=${String(body['next'])}`
    } while (before !== '')
    expect(seen).toEqual(Array.from({ length: 80 }, (_, i) => 80 - i))
  })
  it.each(['limit=0', 'limit=201', 'limit=x', 'before=0', 'before=-1', 'before=1e3', 'key=a%2Fb', 'from=1'])(
    'is refused with ?%s',
    async (query) => {
      const { master } = await newOperator()
      expect((await master.call('GET', `/history?${query}`)).status).toBe(400)
    },
  )
  it('requires a token', async () => {
    const { stash } = await newOperator()
    expect((await send(`/stash/${stash.id}/history`)).status).toBe(401)
  })
})

const entry = (given: object) => ({
  who: 'master',
  token_id: expect.stringMatching(/^[0-9a-f]{16}$/),
  reason: null,
  hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  ...given,
})

describe('POST /stash/{id}/undo', () => {
  it('reverses a revision as a whole, with its media types', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '{}', '', { 'Content-Type': 'application/json' })
    await master.set('b', '1')
    await master.call('PATCH', '/flags', { a: null, b: '2', c: '3' })
    const undone = await master.call('POST', '/undo', { revision: 3, reason: 'wrong stash' })
    expect(undone.body).toMatchObject({ message: 'Undone', revision: 4, changed: ['a', 'b', 'c'] })
    expect((await master.call('GET', '/flags')).body['flags']).toEqual({ a: '{}', b: '1' })
    expect((await send(`/item/${stash.id}/a`)).headers.get('Content-Type')).toBe('application/json')
    expect(await master.history('limit=1')).toMatchObject([{ kind: 'undo', undoes: 3, reason: 'wrong stash' }])
  })
  it('can be undone itself', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2')
    await master.call('POST', '/undo', { revision: 2 })
    await master.call('POST', '/undo', { revision: 3 })
    expect(await stash.read('a')).toBe('2')
  })
  it('is refused if later changes conflict, and names them', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1' })
    await master.set('a', '2')
    expect(await master.call('POST', '/undo', { revision: 1 })).toMatchObject({
      status: 409,
      body: { code: 'later_changes', revision: 1, by: [{ key: 'a', revision: 2 }] },
    })
    // A later write of the same value is a change as well.
    await master.set('a', '1')
    expect((await master.call('POST', '/undo', { revision: 1 })).status).toBe(409)
    expect(await stash.revision()).toBe(3)
  })
  it('reverses guards, and refuses tokens and freezes', async () => {
    const { master } = await newOperator()
    await master.call('PUT', '/guards/a', { type: 'boolean' })
    await master.call('PUT', '/guards/a', { type: 'email' })
    expect((await master.call('POST', '/undo', { revision: 2 })).status).toBe(200)
    expect((await master.call('GET', '/guards/a')).body).toMatchObject({ type: 'boolean', version: 3 })
    await master.grant({ can: ['write'] })
    expect(await master.call('POST', '/undo', { revision: 4 })).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_undo' },
    })
  })
  it('applies every safeguard', async () => {
    const { master } = await newOperator()
    await master.set('a', 'yes')
    await master.set('a', 'true')
    await master.call('PUT', '/guards/a', { type: 'boolean' })
    expect(await master.call('POST', '/undo', { revision: 2 })).toMatchObject({ body: { code: 'guard_mismatch' } })
    const limited = await master.grant({ can: ['write'], keys: ['b'] })
    expect(await limited.call('POST', '/undo', { revision: 2 })).toMatchObject({ status: 403, body: { key: '*' } })
    expect(await limited.call('POST', '/undo', { revision: 99 })).toMatchObject({ status: 404 })
    const approver = await master.grant({ can: ['approve'] })
    expect(await approver.call('POST', '/undo', { revision: 99 })).toMatchObject({ status: 403 })
    const stale = await master.call('POST', '/undo', { revision: 2 }, { 'If-Match': '"2"' })
    expect(stale).toMatchObject({ status: 412, body: { of: 'stash' } })
  })
  it('ends a time-box', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'for=1h')
    await master.call('POST', '/undo', { revision: 2 })
    expect(await stash.read('a')).toBe('1')
    expect(await master.held()).toEqual([])
  })
  it.each([{}, { revision: 0 }, { revision: '1' }, { revision: 1.5 }, { revision: 1, why: 'x' }, [], null])(
    'is refused with %j',
    async (body) => {
      const { master } = await newOperator()
      expect((await master.call('POST', '/undo', body)).status).toBe(400)
    },
  )
})

describe('GET /stash/{id}/history/verify', () => {
  it('confirms an unchanged history', async () => {
    const { stash, master } = await newOperator()
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true, first: 1, head: 0 })
    for (let i = 0; i < 20; i++) await master.set(`k-${i % 7}`, String(i))
    expect((await master.call('GET', '/history/verify')).body).toEqual({
      stash_id: stash.id,
      valid: true,
      first: 1,
      head: 20,
      failure: null,
      message: 'Entries 1 to 20 are unchanged since they were written.',
    })
  })
  it.each([
    ['a reason', `UPDATE log SET reason = 'other' WHERE revision = 2`, { revision: 2, what: 'entry' }],
    ['a name', `UPDATE log SET actor = 'mallory' WHERE revision = 2`, { revision: 2, what: 'entry' }],
    ['an old value', `UPDATE change SET before_value = '0' WHERE revision = 2`, { revision: 2, what: 'entry' }],
    ['a removed entry', 'DELETE FROM log WHERE revision = 2', { revision: 2, what: 'entry' }],
    ['removed last entries', 'DELETE FROM log WHERE revision > 2', { revision: 3, what: 'entry' }],
    ['an item', `UPDATE item SET value = 'x' WHERE key = 'a'`, { revision: 3, what: 'item', key: 'a' }],
    ['a removed item', `DELETE FROM item WHERE key = 'a'`, { revision: 4, what: 'head' }],
    ['a guard', `UPDATE guard SET guard = '{"type":"text"}'`, { revision: 4, what: 'guard', key: 'a' }],
  ])('reports tampering with the database: %s', async (_, statement, failure) => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    await master.call('PUT', '/guards/a', { type: 'number' })
    await runInDurableObject(getObject(stash), (_object, { storage }) => void storage.sql.exec(statement))
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: false, failure })
  })
})

describe('retention', () => {
  const DAY = 24 * 60 * 60_000

  it('prunes entries older than 90 days beyond the newest 10,000, and the rest still verifies', async () => {
    const start = Date.UTC(2031, 0, 1)
    vi.useFakeTimers({ now: start, toFake: ['Date'] })
    const { stash, master } = await newOperator()
    const object = getObject(stash)
    const writes = (count: number) =>
      runInDurableObject(object, async (instance, { storage }) => {
        const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
        const credential = { kind: 'token' as const, hash }
        for (let i = 0; i < count; i++) {
          instance.apply({
            credential,
            intent: { kind: 'put', key: `k-${i % 50}`, value: String(i), type: 'text/plain' },
          })
        }
      })
    const history = async () => (await master.call('GET', '/history/verify')).body
    await writes(10_300)
    await runDurableObjectAlarm(object)
    expect(await history()).toMatchObject({ valid: true, first: 1, head: 10_300 })

    vi.setSystemTime(start + 89 * DAY)
    await master.set('late', '1')
    await runDurableObjectAlarm(object)
    expect(await history()).toMatchObject({ valid: true, first: 1 })
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeLessThan(start + 91 * DAY)

    vi.setSystemTime(start + 90 * DAY)
    await runDurableObjectAlarm(object)
    expect(await history()).toMatchObject({ valid: true, first: 302, head: 10_301 })
    expect(await master.call('POST', '/undo', { revision: 1 })).toMatchObject({ status: 404 })
    const statement = `UPDATE log SET reason = 'x' WHERE revision = 302`
    await runInDurableObject(object, (_, { storage }) => void storage.sql.exec(statement))
    expect(await history()).toMatchObject({ valid: false, failure: { revision: 302 } })
  })
})
