import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { newOperator, getObject } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'

const MINUTE = 60_000

freezeTime()

describe('?for', () => {
  it('restores the value at the end, as a revision of its own', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance', 'false')
    const on = await master.set('maintenance', 'true', 'for=30m&reason=deploy')
    expect(on.body).toMatchObject({ revision: 2, reverts_at: '2031-01-01T00:30:00.000Z', revert_id: 'revert-2' })
    await pass(stash, 29 * MINUTE)
    expect(await stash.read('maintenance')).toBe('true')
    await pass(stash, MINUTE)
    expect(await stash.read('maintenance')).toBe('false')
    expect(await master.history()).toMatchObject([
      { revision: 3, kind: 'revert', who: 'stash', ends: 2, reason: 'the 30m of revision 2 are over: deploy' },
      { revision: 2, kind: 'put', who: 'master', reason: 'deploy', reverts_at: '2031-01-01T00:30:00.000Z' },
      { revision: 1 },
    ])
    expect(await master.held()).toEqual([])
  })
  it('sets the alarm to the end', async () => {
    const { stash, master } = await newOperator()
    await runDurableObjectAlarm(getObject(stash))
    await master.set('a', '1', 'for=30m')
    // KV is due first.
    await pass(stash, 2_000)
    expect(await runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())).toBe(START + 30 * MINUTE)
  })
  it('deletes a key that did not exist before, and restores one that was deleted', async () => {
    const { stash, master } = await newOperator()
    await master.set('kept', 'old', '', { 'Content-Type': 'application/json' })
    await master.set('new', '1', 'for=1m')
    expect((await master.call('PATCH', '/flags?for=1m', { kept: null })).body).toMatchObject({ revert_id: 'revert-3' })
    await pass(stash, MINUTE)
    const { body } = await master.call('GET', '/items')
    expect(body['items']).toMatchObject([{ key: 'kept', value: 'old', content_type: 'application/json' }])
  })
  it('reverts several keys of one patch together', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1' })
    await master.call('PATCH', '/flags?for=1h', { a: '2', b: '2', c: '2' })
    await pass(stash, 60 * MINUTE)
    const { body } = await master.call('GET', '/flags')
    expect(body).toMatchObject({ revision: 3, flags: { a: '1', b: '1' } })
  })
  it('is cancelled by another change, only for the key of that change', async () => {
    const { stash, master } = await newOperator()
    await master.call('PATCH', '/flags', { a: '1', b: '1' })
    await master.call('PATCH', '/flags?for=1h', { a: '2', b: '2' })
    await master.set('a', '3')
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, shortened: ['revert-2'] }])
    expect(await master.held()).toMatchObject([{ held_id: 'revert-2', keys: ['b'] }])
    await pass(stash, 60 * MINUTE)
    expect((await master.call('GET', '/flags')).body).toMatchObject({ revision: 4, flags: { a: '3', b: '1' } })
  })
  it('is extended without a change of the value that it restores', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance', 'false')
    await master.set('maintenance', 'true', 'for=30m')
    vi.setSystemTime(START + 20 * MINUTE)
    await master.set('maintenance', 'true', 'for=30m')
    await pass(stash, 10 * MINUTE)
    expect(await stash.read('maintenance')).toBe('true')
    await pass(stash, 20 * MINUTE)
    expect(await stash.read('maintenance')).toBe('false')
  })
  it('is cancelled by DELETE of its held change, and the value stays', async () => {
    const { stash, master } = await newOperator()
    const { body } = await master.set('a', '1', 'for=30m')
    expect((await master.call('DELETE', `/held/${String(body['revert_id'])}?reason=stays`)).status).toBe(200)
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('1')
    expect(await master.history('limit=1')).toMatchObject([
      { kind: 'drop_held', who: 'master', reason: 'stays', dropped: { held_id: 'revert-1', because: 'cancelled' } },
    ])
  })
  it('ends during a freeze, which history records', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'for=30m')
    await master.call('PUT', '/freeze', { reason: 'launch' })
    await pass(stash, 30 * MINUTE)
    expect(await stash.read('a')).toBe('1')
    expect(await master.history('limit=1')).toMatchObject([{ kind: 'revert', who: 'stash', ends: 2 }])
  })
  it('is retried each minute while the stash has no room, and stays listed', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', 'x'.repeat(100))
    await master.call('PATCH', '/flags?for=30m', { a: null })
    // As if the stash had been filled three times over. Pending reverts have a limit, but stored data may exceed it.
    const setBytes = (bytes: number) =>
      runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('UPDATE stash SET bytes = ?', bytes))
    await setBytes(3 * 1024 * 1024)
    await pass(stash, 30 * MINUTE)
    await pass(stash, MINUTE)
    expect(await master.held()).toMatchObject([{ held_id: 'revert-2', keys: ['a'] }])
    expect(await stash.revision()).toBe(2)
    await setBytes(0)
    await pass(stash, MINUTE - 1)
    expect(await stash.revision()).toBe(2)
    await pass(stash, 1)
    expect(await stash.read('a')).toBe('x'.repeat(100))
    expect(await master.held()).toEqual([])
  })
  it('ends once, even if the alarm runs twice, late, and after an eviction', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'for=1m')
    await evictDurableObject(getObject(stash))
    await pass(stash, 5 * MINUTE)
    await pass(stash, 0)
    await evictDurableObject(getObject(stash))
    await pass(stash, MINUTE)
    expect(await stash.revision()).toBe(3)
    expect(await stash.read('a')).toBe('1')
  })
  it('waits while the clock runs backwards', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', 'for=1m')
    await pass(stash, -10 * MINUTE)
    expect(await stash.read('a')).toBe('1')
    await pass(stash, 12 * MINUTE)
    expect(await stash.read('a')).toBe('')
  })
  it.each(['0s', '1.5h', '-1m', 'forever', '30', '367d', '999999999d', ''])('refuses %j', async (text) => {
    const { stash, master } = await newOperator()
    const answer = await master.set('a', '1', `for=${text}`)
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_query', parameter: 'for' } })
    expect(await stash.revision()).toBe(0)
  })
})

describe('?at', () => {
  it('holds the change until its time, and applies it as its requester', async () => {
    const { stash, master } = await newOperator()
    const held = await master.set('a', '1', 'at=2031-01-01T01:00:00Z&reason=night')
    expect(held).toMatchObject({ status: 202, body: { waits_for: 'time', due_at: '2031-01-01T01:00:00.000Z' } })
    expect(await stash.read('a')).toBe('')
    expect(await master.held()).toMatchObject([{ kind: 'schedule', change: { kind: 'put', key: 'a', value: '1' } }])
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('1')
    expect(await master.history()).toMatchObject([
      { revision: 1, kind: 'put', who: 'master', reason: 'night', held_id: held.body['held_id'] },
    ])
  })
  it('starts the time-box of ?for at its time', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', 'at=2031-01-01T01:00:00Z&for=30m')
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('1')
    await pass(stash, 30 * MINUTE)
    expect(await stash.read('a')).toBe('')
  })
  it('is decided again at its time: an unmet condition stops it, which history records', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'at=2031-01-01T01:00:00Z', { 'If-Match': '"1"' })
    await master.set('a', '3')
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('3')
    expect(await master.history('limit=1')).toMatchObject([
      {
        kind: 'drop_held',
        who: 'stash',
        dropped: { kind: 'schedule', because: 'refused', refusal: 'version_conflict' },
      },
    ])
  })
  it("ends with the requester's token", async () => {
    const { stash, master } = await newOperator()
    const second = await master.grant({ can: ['write'] })
    await second.set('a', '1', 'at=2031-01-01T01:00:00Z')
    const { body } = await master.call('GET', '/tokens')
    const [, { token_id: id }] = body['tokens'] as [object, { token_id: string }]
    await master.call('DELETE', `/tokens/${id}`)
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('')
    expect(await master.history('limit=1')).toMatchObject([
      { dropped: { because: 'refused', refusal: 'requester_gone' } },
    ])
  })
  it("continues under the master token that replaces the requester's", async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', 'at=2031-01-01T01:00:00Z')
    expect((await master.call('POST', '/tokens/rotate')).status).toBe(200)
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('1')
  })
  it('is cancelled by DELETE', async () => {
    const { stash, master } = await newOperator()
    const { body } = await master.set('a', '1', 'at=2031-01-01T01:00:00Z')
    expect((await master.call('DELETE', `/held/${String(body['held_id'])}`)).status).toBe(200)
    await pass(stash, 60 * MINUTE)
    expect(await stash.read('a')).toBe('')
  })
  it.each([
    ['in the past', '2030-12-31T23:59:59Z', 422, 'time_past'],
    ['now', '2031-01-01T00:00:00Z', 422, 'time_past'],
    ['past the calendar', '9999-12-31T23:59:59Z', 422, 'time_too_far'],
    ['without a zone', '2031-01-01T01:00:00', 400, 'invalid_query'],
    ['on 30 February', '2031-02-30T01:00:00Z', 400, 'invalid_query'],
    ['tomorrow', 'tomorrow', 400, 'invalid_query'],
  ])('is refused %s', async (_, at, status, code) => {
    const { stash, master } = await newOperator()
    expect(await master.set('a', '1', `at=${at}`)).toMatchObject({ status, body: { code } })
    expect(await stash.revision()).toBe(0)
  })
  it('is held once for repeats with the same Idempotency-Key', async () => {
    const { master } = await newOperator()
    const key = { 'Idempotency-Key': 'once' }
    const first = await master.set('a', '1', 'at=2031-01-01T01:00:00Z', key)
    const again = await master.set('a', '1', 'at=2031-01-01T01:00:00Z', key)
    expect(again.body).toEqual(first.body)
    expect(await master.held()).toHaveLength(1)
  })
})

describe('an alarm that cannot release a change', () => {
  it('retries it later, and releases the others', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', 'at=2031-01-01T01:00:00Z')
    await master.set('b', '1', 'at=2031-01-01T01:00:01Z')
    const whole = await runInDurableObject(getObject(stash), (_, { storage }) => {
      const { change } = storage.sql.exec<{ change: string }>(`SELECT change FROM held WHERE keys = '["a"]'`).one()
      storage.sql.exec(`UPDATE held SET change = '{' WHERE keys = '["a"]'`)
      return change
    })
    await pass(stash, 61 * MINUTE)
    expect(await stash.read('b')).toBe('1')
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec(`UPDATE held SET change = ? WHERE keys = '["a"]'`, whole)
    })
    await pass(stash, 2 * MINUTE)
    expect(await stash.read('a')).toBe('1')
  })
})
