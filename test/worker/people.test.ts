import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { migrate } from '../../src/stash/tables/schema.ts'
import { revertTo004 } from '../support/former-tables.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import { freezeTime } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'

freezeTime()

type Listed = { token_id: string; label: string; holder: string; [fact: string]: unknown }
const getTokens = async (one: Operator) => (await one.call('GET', '/tokens')).body['tokens'] as Listed[]
const find = async (one: Operator, label: string) => (await getTokens(one)).find((token) => token.label === label)!

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

describe('a second person', () => {
  it('is not a token that the master token has granted since its request', async () => {
    const { stash, master, asks, approves } = await guarded()
    const there = await master.grant({ label: 'there', can: ['write', 'approve'] })
    const id = await asks(master)
    const late = await master.grant({ label: 'late', can: ['write', 'approve'] })
    expect(await approves(late, id)).toBe('granted_after_request')
    expect(await late.call('POST', `/held/${id}/presign`)).toMatchObject({ body: { code: 'granted_after_request' } })
    expect(await stash.read('traffic')).toBe('')
    expect(await approves(there, id)).toBe('done')
    // It may be the second person for another requester.
    expect(await approves(late, await asks(there))).toBe('done')
  })
  it('is not a token of the same line, while both tokens of a rotation are valid', async () => {
    const { stash, master, asks, approves } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve'] })
    const rotated = async (path: string, one: Operator) => {
      const { body } = await one.call('POST', path, { overlap: '1h' })
      return operatorOf(send, stash, String(body['token']))
    }
    const bobNext = await rotated(`/tokens/${(await find(master, 'bob')).token_id}/rotate`, bob)
    const next = await rotated('/tokens/rotate', master)
    for (const [asker, approver] of [
      [next, master],
      [master, next],
      [bobNext, bob],
      [bob, bobNext],
    ] as const)
      expect(await approves(approver, await asks(asker))).toBe('own_request')
    expect(await stash.read('traffic')).toBe('')
    // Either of the two cancels the other's request, which is not a decline.
    await master.call('DELETE', `/held/${await asks(next)}`)
    expect(await next.history('limit=1')).toMatchObject([{ dropped: { because: 'cancelled', made_by: 'master' } }])
  })
  it('is not a token that the requester granted, nor one with the same granter', async () => {
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
    const holders = await getTokens(master)
    const getHolder = (label: string) => holders.find((token) => token.label === label)?.holder
    const leadId = holders.find(({ label }) => label === 'lead')?.token_id
    expect([getHolder('lead'), getHolder('child'), getHolder('grandchild')]).toEqual([leadId, leadId, leadId])
    expect(getHolder('other')).not.toBe(leadId)
  })
  it('is the same person after the token between them is revoked', async () => {
    const { master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const one = await lead.grant({ label: 'one', can: ['write', 'approve'] })
    const two = await lead.grant({ label: 'two', can: ['write', 'approve'] })
    await master.call('DELETE', `/tokens/${(await find(master, 'lead')).token_id}`)
    expect(await approves(two, await asks(one))).toBe('own_request')
  })
  it('is checked on release: an approval link of a token that was granted since has no effect', async () => {
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
  it('is determined for tokens from before holders were stored', async () => {
    const { stash, master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const child = await lead.grant({ label: 'child', can: ['write', 'approve'] })
    const other = await master.grant({ label: 'other', can: ['write', 'approve'] })
    const before = await getTokens(master)
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const { sql } = storage
      revertTo004(sql)
      storage.transactionSync(() => migrate(sql))
    })
    expect(await getTokens(master)).toEqual(before)
    expect(await approves(child, await asks(lead))).toBe('own_request')
    expect(await approves(other, await asks(master))).toBe('done')
  })
  it('may have rotated its own token since, also with a request from before grant revisions were stored', async () => {
    const { stash, master, asks, approves } = await guarded()
    const bob = await master.grant({ label: 'bob', can: ['write', 'approve', 'tokens'] })
    const id = await asks(master)
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec('UPDATE token SET granted = NULL')
      storage.sql.exec('UPDATE held SET asked = NULL')
    })
    vi.setSystemTime(Date.now() + 1_000)
    const { token_id: own } = await find(master, 'bob')
    const rotated = await bob.call('POST', `/tokens/${own}/rotate`, {})
    expect(await approves(operatorOf(send, stash, String(rotated.body['token'])), id)).toBe('done')
  })
  it('is determined as well for tokens that an older version of the code has granted', async () => {
    const { stash, master, asks, approves } = await guarded()
    const lead = await master.grant({ label: 'lead', can: ['write', 'approve', 'tokens'] })
    const child = await lead.grant({ label: 'child', can: ['write', 'approve'] })
    await runInDurableObject(getObject(stash), (_, { storage }) =>
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
  ])('of a live token is refused to another token: %j, then %j', async (first, second) => {
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
    'adm丨n',
    'bob田',
    'Даша 田中',
    'bоb 田中',
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
    '田中 QA',
    'デプロイ bot 東京',
    '김민수 CI',
    'مريم',
    'masters',
    'admin of shop',
    'CI (main)',
  ])('%j is accepted', async (label) => {
    const { master } = await newOperator()
    expect(await master.call('POST', '/tokens', { label, can: ['write'] })).toMatchObject({
      status: 200,
      body: { label },
    })
  })
  it('is normalised as it is displayed: full-width letters become ASCII letters', async () => {
    const { master } = await newOperator()
    const spec = { label: 'ｄｅｐｌｏｙｓ', can: ['write'] }
    expect((await master.call('POST', '/tokens', spec)).body).toMatchObject({ label: 'deploys' })
  })
  it('of an older token that imitates another name is marked in history and in lists', async () => {
    const { stash, master } = await newOperator()
    const fake = await master.grant({ label: 'fake', can: ['write', 'tokens'] })
    const { token_id: id } = await find(master, 'fake')
    await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE token SET label = ? WHERE id = ?', 'mаster', id),
    )
    await fake.set('a', '1')
    expect((await master.history('limit=1'))[0]?.who).toBe(`mаster (token ${id})`)
    expect((await getTokens(fake)).map(({ label }) => label)).toEqual([`mаster (token ${id})`])
    await master.set('a', '2')
    expect((await master.history('limit=1'))[0]?.who).toBe('master')
  })
})
