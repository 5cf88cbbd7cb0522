import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { newOperator, getObject, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'

freezeTime()

const DAY = 24 * 60 * 60_000

type Listed = { token_id: string; label: string; holder: string; [fact: string]: unknown }
const getTokens = async (one: Operator) => (await one.call('GET', '/tokens')).body['tokens'] as Listed[]
const find = async (one: Operator, label: string) => (await getTokens(one)).find((token) => token.label === label)!
const operatorIn = (stash: { id: string }, body: Record<string, unknown>) =>
  operatorOf(send, stash, String(body['token']))

/** A stash whose key `traffic` requires two people. */
async function guarded() {
  const { stash, master } = await newOperator()
  await master.call('PUT', '/guards/traffic', { type: 'text', approvals: 1 })
  const asks = async (one: Operator) => String((await one.set('traffic', 'green')).body['held_id'])
  const approves = async (one: Operator, id: string) => {
    const { status, body } = await one.call('POST', `/held/${id}/approve`)
    return status === 200 ? 'done' : body.code
  }
  return { stash, master, asks, approves }
}

describe('POST /stash/{id}/tokens/{token_id}/rotate', () => {
  const rotate = async (one: Operator, id: string, body?: unknown) => one.call('POST', `/tokens/${id}/rotate`, body)

  it('replaces a token under the same label, and transfers schedules, but not links', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write'], keys: ['a*'], expires_in: '7d' })
    const old = await find(master, 'bob')
    await bob.set('a1', '1', 'at=2031-01-01T02:00:00Z')
    const headers = { Authorization: `Bearer ${bob.token}` }
    const made = (await (
      await send(`/item/${stash.id}/a2/presign`, { method: 'POST', body: '1', headers })
    ).json()) as { url: string }
    const { status, body } = await rotate(bob, old.token_id, { overlap: '1h' })
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        label: 'bob',
        can: ['write'],
        keys: ['a*'],
        expires_at: old['expires_at'],
        old_token_until: '2031-01-01T01:00:00.000Z',
      },
    })
    const next = operatorIn(stash, body)
    expect([(await bob.set('a', '1')).status, (await next.set('a', '2')).status]).toEqual([200, 200])
    await pass(stash, 60 * 60_000)
    expect(await bob.set('a', '3')).toMatchObject({
      status: 403,
      body: { code: 'token_revoked', at: '2031-01-01T01:00:00.000Z' },
    })
    expect((await next.set('a', '3')).status).toBe(200)
    expect((await send(made.url.slice(made.url.indexOf('/update')), { method: 'POST' })).status).toBe(410)
    await pass(stash, 60 * 60_000)
    expect(await stash.read('a1')).toBe('1')
    expect(await master.history('limit=5')).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'rotate_token', who: 'bob', replaces: old.token_id })]),
    )
  })
  it('is permitted to the token itself, and to tokens that could grant it', async () => {
    const { stash, master } = await newOperator()
    const lead = await master.grant({ label: 'lead', can: ['write', 'tokens'], keys: ['a*'] })
    const mine = await lead.grant({ label: 'mine', can: ['write'], keys: ['a1'] })
    const other = await master.grant({ label: 'other', can: ['write'], keys: ['b*'] })
    const [mineId, otherId, masterId] = [
      (await find(master, 'mine')).token_id,
      (await find(master, 'other')).token_id,
      (await find(master, 'master')).token_id,
    ]
    expect(await rotate(lead, otherId)).toMatchObject({ status: 403, body: { code: 'grants_too_much' } })
    expect(await rotate(mine, otherId)).toMatchObject({ status: 403, body: { needs: 'tokens' } })
    expect(await rotate(master, masterId)).toMatchObject({ status: 409, body: { code: 'master_token' } })
    expect(await rotate(master, 'no-such')).toMatchObject({ status: 404, body: { code: 'token_not_found' } })
    const { body } = await rotate(lead, mineId, { overlap: '1d' })
    // The token may have been given to another person.
    expect(await rotate(mine, mineId)).toMatchObject({ status: 409, body: { code: 'token_replaced' } })
    expect((await rotate(operatorIn(stash, body), String(body['token_id']))).status).toBe(200)
    expect((await rotate(other, otherId)).status).toBe(200)
  })
  it('does not extend the token that the rotated token has itself replaced', async () => {
    const { stash, master } = await newOperator()
    const first = await master.grant({ label: 'bob', can: ['write'] })
    const { body } = await rotate(first, (await find(master, 'bob')).token_id, { overlap: '30d' })
    expect((await first.set('a', '1')).status).toBe(200)
    expect((await rotate(operatorIn(stash, body), String(body['token_id']))).status).toBe(200)
    expect((await first.set('a', '1')).status).toBe(403)
  })
  it("creates no second person: not by the master token since the request, nor by another person's token", async () => {
    const { stash, master, asks, approves } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const asked = await asks(master)
    const taken = operatorIn(stash, (await rotate(master, (await find(master, 'bob')).token_id)).body)
    expect(await approves(taken, asked)).toBe('granted_after_request')
    const again = operatorIn(stash, (await rotate(lead, (await find(master, 'bob')).token_id)).body)
    expect(await approves(again, await asks(lead))).toBe('own_request')
    expect((await bob.set('a', '1')).status).toBe(403)
  })
  it('keeps the person if the token rotates itself', async () => {
    const { stash, master, asks, approves } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    const asked = await asks(master)
    const next = operatorIn(stash, (await rotate(bob, (await find(master, 'bob')).token_id)).body)
    expect(await approves(next, asked)).toBe('done')
  })
})

describe('a rotation of the master token', () => {
  it('ends older master tokens no later than the replaced one', async () => {
    const { stash, master } = await newOperator()
    const second = operatorIn(stash, (await master.call('POST', '/tokens/rotate', { overlap: '30d' })).body)
    expect((await master.set('a', '1')).status).toBe(200)
    const third = operatorIn(stash, (await second.call('POST', '/tokens/rotate', { overlap: '1h' })).body)
    expect((await find(third, 'master'))['expires_at']).toBe('2031-01-01T01:00:00.000Z')
    expect((await third.call('POST', '/tokens/rotate')).status).toBe(200)
    for (const one of [master, second, third]) expect((await one.set('a', '2')).status).toBe(403)
    expect(await stash.read('a')).toBe('1')
  })
})

describe('a token that has ended', () => {
  it('is refused with the reason and the time of its end for a month', async () => {
    const { stash, master } = await newOperator()
    const brief = await master.grant({ label: 'brief', can: ['write'], expires_in: '1h' })
    const gone = await master.grant({ label: 'gone', can: ['write'] })
    await master.call('DELETE', `/tokens/${(await find(master, 'gone')).token_id}`)
    expect(await gone.call('GET', '/items')).toMatchObject({
      status: 403,
      body: { code: 'token_revoked', at: '2031-01-01T00:00:00.000Z' },
    })
    await pass(stash, 2 * 60 * 60_000)
    expect(await brief.set('a', '1')).toMatchObject({
      status: 403,
      body: { code: 'token_expired', at: '2031-01-01T01:00:00.000Z' },
    })
    expect(await getTokens(master)).toHaveLength(1)
    // A clock that runs backwards does not make either valid again.
    vi.setSystemTime(START)
    expect((await brief.set('a', '1')).body.code).toBe('token_expired')
    vi.setSystemTime(START + 30 * DAY)
    expect((await gone.set('a', '1')).body.code).toBe('invalid_token')
    vi.setSystemTime(START + 31 * DAY)
    expect((await brief.set('a', '1')).body.code).toBe('invalid_token')
  })
  it('does not count as a failed login', async () => {
    const { master } = await newOperator()
    const gone = await master.grant({ label: 'gone', can: ['write'] })
    await master.call('DELETE', `/tokens/${(await find(master, 'gone')).token_id}`)
    const from = { 'CF-Connecting-IP': '2001:db8:77:88::1' }
    for (let i = 0; i < 110; i++)
      expect((await gone.call('GET', '/items', undefined, from)).body.code).toBe('token_revoked')
  })
  it('is forgotten after a month, and earlier if there are more than a thousand', async () => {
    const { stash, master } = await newOperator()
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      for (let i = 0; i < 1_200; i++)
        storage.sql.exec(
          `INSERT INTO token (id, hash, label, master, created_at, expires_at, ended_at) VALUES (?, '', '', 0, 0, ?2, ?2)`,
          `ended ${i}`,
          START - i,
        )
    })
    const left = () =>
      runInDurableObject(
        getObject(stash),
        (_, { storage }) => storage.sql.exec('SELECT count(*) AS n FROM token').one()['n'],
      )
    await master.set('a', '1')
    await runDurableObjectAlarm(getObject(stash))
    expect(await left()).toBe(1_001)
    vi.setSystemTime(START + 31 * DAY)
    await master.set('a', '2')
    await runDurableObjectAlarm(getObject(stash))
    expect(await left()).toBe(1)
  })
})
