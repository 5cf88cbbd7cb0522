import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { migrate } from '../../src/stash/schema.ts'
import { newOperator, objectOf, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'

freezeTime()

const DAY = 24 * 60 * 60_000

type Listed = { token_id: string; label: string; holder: string; [fact: string]: unknown }
const tokensOf = async (one: Operator) => (await one.call('GET', '/tokens')).body['tokens'] as Listed[]
const find = async (one: Operator, label: string) => (await tokensOf(one)).find((token) => token.label === label)!
const operatorIn = (stash: { id: string }, body: Record<string, unknown>) =>
  operatorOf(send, stash, String(body['token']))

/** A stash whose `traffic` takes two people. */
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

describe('a second person', () => {
  it('is nobody whom the master token makes after it has asked', async () => {
    const { stash, master, asks, approves } = await guarded()
    const there = await master.grant({ label: 'there', can: ['write', 'approve'] })
    const id = await asks(master)
    const late = await master.grant({ label: 'late', can: ['write', 'approve'] })
    expect(await approves(late, id)).toBe('granted_after_request')
    expect(await late.call('POST', `/held/${id}/presign`)).toMatchObject({ body: { code: 'granted_after_request' } })
    expect(await stash.read('traffic')).toBe('')
    expect(await approves(there, id)).toBe('done')
    // Of somebody else's request it may be the second person.
    expect(await approves(late, await asks(there))).toBe('done')
  })
  it('is no token that the asker made, nor one of the same maker', async () => {
    const { master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const child = await lead.grant({ label: 'child', can: ['write', 'approve', 'tokens'] })
    const grandchild = await child.grant({ label: 'grandchild', can: ['write', 'approve'] })
    const other = await master.grant({ label: 'other', can: ['approve'] })
    for (const [asker, approver] of [
      [lead, child],
      [child, lead],
      [child, grandchild],
      [lead, grandchild],
    ] as const)
      expect(await approves(approver, await asks(asker))).toBe('own_request')
    expect(await approves(other, await asks(grandchild))).toBe('done')
    const holders = await tokensOf(master)
    const holderOf = (label: string) => holders.find((token) => token.label === label)?.holder
    const leadId = holders.find(({ label }) => label === 'lead')?.token_id
    expect([holderOf('lead'), holderOf('child'), holderOf('grandchild')]).toEqual([leadId, leadId, leadId])
    expect(holderOf('other')).not.toBe(leadId)
  })
  it('stays the same person when the token that joins them is revoked', async () => {
    const { master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const one = await lead.grant({ label: 'one', can: ['write', 'approve'] })
    const two = await lead.grant({ label: 'two', can: ['write', 'approve'] })
    await master.call('DELETE', `/tokens/${(await find(master, 'lead')).token_id}`)
    expect(await approves(two, await asks(one))).toBe('own_request')
  })
  it('is decided on release: an approval link of a token made since does nothing', async () => {
    const { stash, master, asks } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    const id = await asks(master)
    const made = await bob.call('POST', `/held/${id}/presign`)
    const { body } = await master.call('POST', `/tokens/${(await find(master, 'bob')).token_id}/rotate`, {
      overlap: '1h',
    })
    expect(body['token']).toMatch(/^swy_/)
    await master.call('DELETE', `/held/${id}`)
    const url = String(made.body['url'])
    expect((await send(url.slice(url.indexOf('/update')), { method: 'POST' })).status).toBe(410)
    expect(await stash.read('traffic')).toBe('')
  })
  it('is told apart for tokens from before holders were kept', async () => {
    const { stash, master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const child = await lead.grant({ label: 'child', can: ['write', 'approve'] })
    const other = await master.grant({ label: 'other', can: ['write', 'approve'] })
    const before = await tokensOf(master)
    await runInDurableObject(objectOf(stash), (_, { storage }) => {
      const { sql } = storage
      for (const column of ['holder', 'granted', 'ends_as', 'ended_at'])
        sql.exec(`ALTER TABLE token DROP COLUMN ${column}`)
      sql.exec('DROP INDEX held_by_setter')
      for (const column of ['asked', 'set_by', 'set_by_label']) sql.exec(`ALTER TABLE held DROP COLUMN ${column}`)
      sql.exec(`DELETE FROM migration WHERE id = '005_people'`)
      storage.transactionSync(() => migrate(sql))
    })
    expect(await tokensOf(master)).toEqual(before)
    expect(await approves(child, await asks(lead))).toBe('own_request')
    expect(await approves(other, await asks(master))).toBe('done')
  })
  it('is told apart, too, where a version of the code that knew none has granted', async () => {
    const { stash, master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const child = await lead.grant({ label: 'child', can: ['write', 'approve'] })
    await runInDurableObject(objectOf(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE token SET holder = NULL, granted = NULL'),
    )
    expect(await approves(child, await asks(lead))).toBe('own_request')
    expect((await find(master, 'child')).holder).toBe((await find(master, 'lead')).token_id)
  })
})

describe('a label', () => {
  it.each([
    ['bob', 'bob'],
    ['bob', 'BOB'],
    ['bob', ' bob '],
    ['bob', 'ｂｏｂ'],
    ['Straße', 'STRASSE'],
    ['on call', 'on  call'],
  ])('that a live token has is refused: %j, then %j', async (first, second) => {
    const { master } = await newOperator()
    await master.grant({ label: first, can: ['write'] })
    const refused = await master.call('POST', '/tokens', { label: second, can: ['write'] })
    expect(refused).toMatchObject({ status: 409, body: { code: 'label_taken' } })
    await master.call('DELETE', `/tokens/${(await find(master, first)).token_id}`)
    expect((await master.call('POST', '/tokens', { label: second, can: ['write'] })).status).toBe(200)
  })
  it.each([
    'master',
    'Master ',
    'ＭＡＳＴＥＲ',
    'mаster',
    'måster',
    'rnaster',
    'm.a.s.t.e.r',
    'stash',
    'ѕtash',
    'anonymous',
    'Anonym0us',
    'admin',
    'Adm1n',
    'аdmin',
    'admın',
    'αdmin',
    'bob\u3164',
    'bo\u034fb',
    'bob\ufe0f',
    'b\u200dob',
    'bob\u2800',
    '\u202ebob',
    'bob\u0000',
    '\u2800',
    '   ',
    'bоb',
    'παypal',
  ])('%j is refused', async (label) => {
    const { master } = await newOperator()
    const { status, body } = await master.call('POST', '/tokens', { label, can: ['write'] })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_body' })
    expect(body['detail']).toMatch(/label/)
  })
  it.each([
    'bob',
    'deploys #42',
    'Zoë',
    'Боб',
    'Γιώργος',
    '田中さん',
    '김철수',
    'مريم',
    'masters',
    'admin of shop',
    'CI (main)',
  ])('%j is taken', async (label) => {
    const { master } = await newOperator()
    expect(await master.call('POST', '/tokens', { label, can: ['write'] })).toMatchObject({
      status: 200,
      body: { label },
    })
  })
  it('is kept as it reads: full-width letters become letters', async () => {
    const { master } = await newOperator()
    const spec = { label: 'ｄｅｐｌｏｙｓ', can: ['write'] }
    expect((await master.call('POST', '/tokens', spec)).body).toMatchObject({ label: 'deploys' })
  })
  it('of an older token that imitates a name is told apart, in history and in lists', async () => {
    const { stash, master } = await newOperator()
    const fake = await master.grant({ label: 'fake', can: ['write', 'tokens'] })
    const { token_id: id } = await find(master, 'fake')
    await runInDurableObject(objectOf(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE token SET label = ? WHERE id = ?', 'mаster', id),
    )
    await fake.set('a', '1')
    expect((await master.history('limit=1'))[0]?.who).toBe(`mаster (token ${id})`)
    expect((await tokensOf(fake)).map(({ label }) => label)).toEqual([`mаster (token ${id})`])
    await master.set('a', '2')
    expect((await master.history('limit=1'))[0]?.who).toBe('master')
  })
})

describe('POST /stash/{id}/tokens/{token_id}/rotate', () => {
  const rotate = async (one: Operator, id: string, body?: unknown) => one.call('POST', `/tokens/${id}/rotate`, body)

  it('replaces a token under its label; schedules pass on, links do not', async () => {
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
  it('is for itself, and for what could grant it', async () => {
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
    // It may be in other hands.
    expect(await rotate(mine, mineId)).toMatchObject({ status: 409, body: { code: 'token_replaced' } })
    expect((await rotate(operatorIn(stash, body), String(body['token_id']))).status).toBe(200)
    expect((await rotate(other, otherId)).status).toBe(200)
  })
  it('ends what the token had itself replaced no later', async () => {
    const { stash, master } = await newOperator()
    const first = await master.grant({ label: 'bob', can: ['write'] })
    const { body } = await rotate(first, (await find(master, 'bob')).token_id, { overlap: '30d' })
    expect((await first.set('a', '1')).status).toBe(200)
    expect((await rotate(operatorIn(stash, body), String(body['token_id']))).status).toBe(200)
    expect((await first.set('a', '1')).status).toBe(403)
  })
  it('makes nobody a second person: by the master since the request, or by a token of somebody else', async () => {
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
  it('by itself keeps it the person that was there', async () => {
    const { stash, master, asks, approves } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['approve'] })
    const asked = await asks(master)
    const next = operatorIn(stash, (await rotate(bob, (await find(master, 'bob')).token_id)).body)
    expect(await approves(next, asked)).toBe('done')
  })
})

describe('a rotation of the master token', () => {
  it('ends older master tokens no later than the one it replaces', async () => {
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
  it('is told why and since when, for a month', async () => {
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
    expect(await tokensOf(master)).toHaveLength(1)
    // A clock that goes backwards brings neither back.
    vi.setSystemTime(START)
    expect((await brief.set('a', '1')).body.code).toBe('token_expired')
    vi.setSystemTime(START + 30 * DAY)
    expect((await gone.set('a', '1')).body.code).toBe('invalid_token')
    vi.setSystemTime(START + 31 * DAY)
    expect((await brief.set('a', '1')).body.code).toBe('invalid_token')
  })
  it('is no guess: it is not counted as a failed login', async () => {
    const { master } = await newOperator()
    const gone = await master.grant({ label: 'gone', can: ['write'] })
    await master.call('DELETE', `/tokens/${(await find(master, 'gone')).token_id}`)
    const from = { 'CF-Connecting-IP': '2001:db8:77:88::1' }
    for (let i = 0; i < 110; i++)
      expect((await gone.call('GET', '/items', undefined, from)).body.code).toBe('token_revoked')
  })
  it('is forgotten after a month, and sooner where there are more than a thousand', async () => {
    const { stash, master } = await newOperator()
    await runInDurableObject(objectOf(stash), (_, { storage }) => {
      for (let i = 0; i < 1_200; i++)
        storage.sql.exec(
          `INSERT INTO token (id, hash, label, master, created_at, expires_at, ended_at) VALUES (?, '', '', 0, 0, ?2, ?2)`,
          `ended ${i}`,
          START - i,
        )
    })
    const left = () =>
      runInDurableObject(
        objectOf(stash),
        (_, { storage }) => storage.sql.exec('SELECT count(*) AS n FROM token').one()['n'],
      )
    await master.set('a', '1')
    await runDurableObjectAlarm(objectOf(stash))
    expect(await left()).toBe(1_001)
    vi.setSystemTime(START + 31 * DAY)
    await master.set('a', '2')
    await runDurableObjectAlarm(objectOf(stash))
    expect(await left()).toBe(1)
  })
})

describe('a time-box', () => {
  it('is remembered as whose it is, while it waits and when it has ended', async () => {
    const { stash, master } = await newOperator()
    const mallory = await master.grant({ label: 'mallory', can: ['write'], keys: ['on-call'] })
    await mallory.set('on-call', 'mallory')
    await mallory.set('on-call', 'alice', 'for=1h')
    const { token_id: id } = await find(master, 'mallory')
    const revoked = await master.call('DELETE', `/tokens/${id}`)
    const [held] = await master.held()
    expect(held).toMatchObject({ made_by: 'stash', set_by: { token_id: id, label: 'mallory' } })
    expect(revoked.body['leaves']).toEqual([
      { held_id: held?.held_id, key: 'on-call', at: '2031-01-01T01:00:00.000Z', goes_back_to: 'mallory' },
    ])
    const frozen = await master.call('PUT', '/freeze', {})
    expect(frozen.body['reverts']).toEqual(revoked.body['leaves'])
    await pass(stash, 60 * 60_000)
    expect(await master.history('limit=1')).toMatchObject([
      { kind: 'revert', who: 'stash', set_by: { token_id: id, label: 'mallory' } },
    ])
  })
  it('of others is none of what a revoked token leaves', async () => {
    const { master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await master.set('a', '1', 'for=1h')
    await bob.set('b', '1', 'at=2031-01-02T00:00:00Z')
    const { body } = await master.call('DELETE', `/tokens/${(await find(master, 'bob')).token_id}`)
    expect(body['leaves']).toEqual([])
  })
  it('from before that was kept has its setter from history', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await bob.set('a', '1', 'for=1h')
    await runInDurableObject(objectOf(stash), (_, { storage }) => {
      const { sql } = storage
      for (const column of ['holder', 'granted', 'ends_as', 'ended_at'])
        sql.exec(`ALTER TABLE token DROP COLUMN ${column}`)
      sql.exec('DROP INDEX held_by_setter')
      for (const column of ['asked', 'set_by', 'set_by_label']) sql.exec(`ALTER TABLE held DROP COLUMN ${column}`)
      sql.exec(`DELETE FROM migration WHERE id = '005_people'`)
      storage.transactionSync(() => migrate(sql))
    })
    expect(await master.held()).toMatchObject([{ set_by: { label: 'bob' } }])
  })
  it('is listed up to a bound, and the answer says that there are more', async () => {
    const { master } = await newOperator()
    for (let i = 0; i < 2; i++) {
      const patch = Object.fromEntries(Array.from({ length: 60 }, (_, k) => [`k${i}-${k}`, '1']))
      await master.call('PATCH', '/flags?for=1h', patch)
    }
    const { body } = await master.call('PUT', '/freeze', {})
    expect(body['reverts']).toHaveLength(100)
    expect(body['reverts_truncated']).toBe(true)
  })
})

describe('what one token may use up', () => {
  it('is nine tenths of the items for a token for some keys, and all for the others', async () => {
    const { master } = await newOperator()
    const limited = await master.grant({ label: 'limited', can: ['write', 'guard'], keys: ['x*'] })
    const keys = (from: number, to: number) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`x${from + i}`, '1']))
    expect((await limited.call('PATCH', '/flags', keys(0, 900))).status).toBe(200)
    expect(await limited.call('PATCH', '/flags', keys(900, 901))).toMatchObject({
      status: 422,
      body: { code: 'too_many_items', limit: 900, share: true },
    })
    expect((await limited.set('x0', '2')).status).toBe(200)
    expect((await master.set('maintenance-mode', 'true')).status).toBe(200)
  })
  it('is nine tenths of the bytes', async () => {
    const { master } = await newOperator()
    const limited = await master.grant({ label: 'limited', can: ['write'], keys: ['x*'] })
    const value = 'v'.repeat(60_000)
    const many = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`x${i}`, value]))
    expect((await limited.call('PATCH', '/flags', many)).status).toBe(200)
    expect(await limited.set('x15', value)).toMatchObject({
      status: 422,
      body: { code: 'stash_too_large', limit_bytes: 943_718, share: true },
    })
    expect((await master.set('big', value)).status).toBe(200)
  })
  it('is a hundred tokens of one holder, its own among them', async () => {
    const { master } = await newOperator()
    const lead = await master.grant({ label: 'lead', can: ['write', 'tokens'] })
    for (let i = 0; i < 98; i++) await lead.grant({ label: `made ${i}`, can: ['write'] })
    const last = await lead.grant({ label: 'last', can: ['write', 'tokens'] })
    const refused = { status: 422, body: { code: 'too_many_tokens', limit: 100, share: true } }
    expect(await lead.call('POST', '/tokens', { label: 'one more', can: ['write'] })).toMatchObject(refused)
    expect(await last.call('POST', '/tokens', { label: 'one more', can: ['write'] })).toMatchObject(refused)
    expect((await master.call('POST', '/tokens', { label: 'one more', can: ['write'] })).status).toBe(200)
  })
})
