import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'

const HOUR = 60 * 60_000

freezeTime()

const ONE_O_CLOCK = '2031-01-01T01:00:00.000Z'

describe('PUT /stash/{id}/freeze', () => {
  it('refuses every change until it ends, with its author, reason and end', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const answer = await master.call('PUT', '/freeze', { until: ONE_O_CLOCK, reason: 'launch' })
    expect(answer.body).toEqual({
      message: 'Frozen: changes are refused',
      revision: 2,
      keys: null,
      until: ONE_O_CLOCK,
      reason: 'launch',
      reverts: [],
    })
    const writes = [
      await master.set('a', '2'),
      await master.set('a', '2', 'for=1h'),
      await master.call('PATCH', '/flags', { a: '2' }),
      await master.call('POST', '/undo', { revision: 1 }),
      await master.call('POST', '/import', { items: [{ key: 'a', value: '2' }] }),
      await master.call('PUT', '/guards/a', { type: 'text' }),
      await master.set('a', '2', 'at=2031-01-01T00:30:00Z'),
      await master.call('DELETE', ''),
    ]
    for (const { status, body } of writes) {
      expect(status).toBe(423)
      expect(body).toMatchObject({
        code: 'frozen',
        until: ONE_O_CLOCK,
        reason: 'launch',
        by: 'master',
        may_break_glass: true,
      })
    }
    expect(await stash.read('a')).toBe('1')
    expect(await stash.revision()).toBe(2)
    // A change for after the freeze may be scheduled during it.
    expect((await master.set('a', '2', 'at=2031-01-01T01:00:00Z')).status).toBe(202)
  })
  it('has ended by the clock in a copy that the object does not confirm, which has a different ETag', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    const facts = (headers = {}) => send(`/stash/${stash.id}`, { headers })
    const frozen = await facts()
    expect(await frozen.json()).toMatchObject({ frozen: true })
    faults.object = () => Promise.reject(new Error('the object is down'))
    vi.setSystemTime(Date.now() + HOUR)
    const thawed = await facts({ 'If-None-Match': frozen.headers.get('ETag') ?? '' })
    expect(thawed.status).toBe(200)
    expect(await thawed.json()).toMatchObject({ frozen: false, frozen_until: null })
    expect(thawed.headers.get('ETag')).toBe('"1+r"')
    clearFaults()
  })
  it('ends by itself, as a revision that readers see', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    const facts = async (etag = '') =>
      send(`/stash/${stash.id}?min_revision=${await stash.revision()}`, { headers: { 'If-None-Match': etag } })
    const frozen = await facts()
    expect(await frozen.json()).toMatchObject({ frozen: true, frozen_until: ONE_O_CLOCK, freeze_reason: null })
    vi.setSystemTime(Date.now() + HOUR)
    // Even if the alarm is late, the freeze is over before any other change.
    expect((await master.set('a', '1')).status).toBe(200)
    await runDurableObjectAlarm(getObject(stash))
    const thawed = await facts(frozen.headers.get('ETag') ?? '')
    expect(thawed.status).toBe(200)
    expect(await thawed.json()).toMatchObject({ frozen: false, frozen_until: null })
    expect(await master.history('limit=2')).toMatchObject([
      { kind: 'put' },
      { kind: 'unfreeze', who: 'stash', reason: 'its time is over', freeze: { until: ONE_O_CLOCK, by: 'master' } },
    ])
  })
  it('lasts until it is ended if it names no time', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze')
    vi.setSystemTime(Date.now() + 300 * 24 * HOUR)
    await runDurableObjectAlarm(getObject(stash))
    expect((await master.set('a', '1')).status).toBe(423)
    expect((await master.call('DELETE', '/freeze')).status).toBe(200)
    expect((await master.set('a', '1')).status).toBe(200)
    expect(await master.call('DELETE', '/freeze')).toMatchObject({ status: 404, body: { code: 'not_frozen' } })
  })
  it('replaces a timed freeze, whose end then has no effect', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    await master.call('PUT', '/freeze', { reason: 'incident' })
    await pass(stash, 2 * HOUR)
    expect(await master.set('a', '1')).toMatchObject({ status: 423, body: { until: null, reason: 'incident' } })
    expect(await master.history('limit=1')).toMatchObject([{ revision: 2, kind: 'freeze' }])
  })
  it('ends at its own time, whether the freeze before it would have ended sooner or later', async () => {
    for (const [first, second] of [
      ['2031-01-01T00:30:00Z', ONE_O_CLOCK],
      ['2031-01-01T02:00:00Z', ONE_O_CLOCK],
    ]) {
      vi.setSystemTime(START)
      const { stash, master } = await newOperator()
      await master.call('PUT', '/freeze', { until: first })
      await master.call('PUT', '/freeze', { until: second })
      await pass(stash, HOUR - 1)
      expect((await master.set('a', '1')).status).toBe(423)
      await pass(stash, 1)
      expect((await master.set('a', '1')).status).toBe(200)
      expect(await master.history('limit=2')).toMatchObject([{ kind: 'put' }, { revision: 3, kind: 'unfreeze' }])
    }
  })
  it('does not end again at its time after DELETE', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    await master.call('DELETE', '/freeze')
    await master.call('PUT', '/freeze', {})
    await pass(stash, HOUR)
    expect((await master.set('a', '1')).status).toBe(423)
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, kind: 'freeze' }])
  })
  it('allows changes that increase safety: revoking tokens and cancelling held changes', async () => {
    const { master } = await newOperator()
    const second = await master.grant({ can: ['write'] })
    const held = await second.set('a', '1', 'at=2031-01-02T00:00:00Z')
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    expect((await master.call('DELETE', `/held/${String(held.body['held_id'])}`)).status).toBe(200)
    const [, { token_id: id }] = (await master.call('GET', '/tokens')).body['tokens'] as [object, { token_id: string }]
    expect((await master.call('DELETE', `/tokens/${id}`)).status).toBe(200)
  })
  it('does not allow a time-boxed change to become permanent', async () => {
    const { master } = await newOperator()
    const { body } = await master.set('a', '1', 'for=2h')
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    expect((await master.call('DELETE', `/held/${String(body['revert_id'])}`)).status).toBe(423)
  })
  it('stops a change that was scheduled before, which history records', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1', 'at=2031-01-01T00:30:00Z')
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    vi.setSystemTime(Date.now() + HOUR / 2)
    await runDurableObjectAlarm(getObject(stash))
    expect(await master.history('limit=1')).toMatchObject([{ dropped: { because: 'refused', refusal: 'frozen' } }])
  })
  it('requires a token that can freeze and reaches every key', async () => {
    const { master } = await newOperator()
    const writer = await master.grant({ can: ['write'] })
    const part = await master.grant({ can: ['write', 'freeze'], keys: ['shop-*'] })
    for (const one of [writer, part]) {
      expect(await one.call('PUT', '/freeze', {})).toMatchObject({ status: 403, body: { needs: 'freeze' } })
    }
    const whole = await master.grant({ can: ['freeze'], keys: ['shop-*', '*'] })
    expect((await whole.call('PUT', '/freeze', {})).status).toBe(200)
  })
  it.each([
    ['an end in the past', { until: '2030-12-31T00:00:00Z' }, 422],
    ['an end in another century', { until: '2131-01-01T00:00:00Z' }, 422],
    ['an end that is not a time', { until: 'monday' }, 400],
    ['a number as its end', { until: 5 }, 400],
    ['a misspelled field', { untl: ONE_O_CLOCK }, 400],
  ])('is refused with %s', async (_, body, status) => {
    const { stash, master } = await newOperator()
    expect((await master.call('PUT', '/freeze', body)).status).toBe(status)
    expect(await stash.revision()).toBe(0)
  })
})

describe('Break-Glass', () => {
  it('permits a change during a freeze with a token that has the ability, and is recorded', async () => {
    const { stash, master } = await newOperator()
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    expect((await master.set('a', '1', 'reason=fix', { 'Break-Glass': 'the site is down' })).status).toBe(200)
    expect(await stash.read('a')).toBe('1')
    expect(await master.history('limit=1')).toMatchObject([
      { who: 'master', reason: 'fix', broke_glass: { by: 'master', why: 'the site is down' } },
    ])
    expect((await master.set('a', '2')).status).toBe(423)
  })
  it('has no effect with a token without the ability, or one that does not reach the key', async () => {
    const { master } = await newOperator()
    const writer = await master.grant({ can: ['write'] })
    const part = await master.grant({ can: ['write', 'break_glass'], keys: ['shop-*'] })
    await master.call('PUT', '/freeze', { until: ONE_O_CLOCK })
    const header = { 'Break-Glass': 'please' }
    expect(await writer.set('a', '1', '', header)).toMatchObject({ status: 423, body: { may_break_glass: false } })
    expect((await part.set('shop-a', '1', '', header)).status).toBe(200)
    expect((await part.set('a', '1', '', header)).status).toBe(403)
  })
  it('requires a reason', async () => {
    const { master } = await newOperator()
    for (const header of ['', 'x'.repeat(501)]) {
      const answer = await master.set('a', '1', '', { 'Break-Glass': header })
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_header', header: 'Break-Glass' } })
    }
  })
})
