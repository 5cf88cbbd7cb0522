import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../src/stash/tables/schema.ts'
import { revertTo004 } from '../support/former-tables.ts'
import { newOperator, getObject } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import type { Operator } from '../support/operator.ts'

freezeTime()

type Listed = { token_id: string; label: string; holder: string; [fact: string]: unknown }
const getTokens = async (one: Operator) => (await one.call('GET', '/tokens')).body['tokens'] as Listed[]
const find = async (one: Operator, label: string) => (await getTokens(one)).find((token) => token.label === label)!

describe('a time-box', () => {
  it('keeps its setter while it is pending and after it has ended', async () => {
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
  it('of another token is not listed when a token is revoked', async () => {
    const { master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await master.set('a', '1', 'for=1h')
    await bob.set('b', '1', 'at=2031-01-02T00:00:00Z')
    const { body } = await master.call('DELETE', `/tokens/${(await find(master, 'bob')).token_id}`)
    expect(body['leaves']).toEqual([])
  })
  it('from before setters were stored has its setter from history', async () => {
    const { stash, master } = await newOperator()
    const bob = await master.grant({ label: 'bob', can: ['write'] })
    await bob.set('a', '1', 'for=1h')
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const { sql } = storage
      revertTo004(sql)
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

describe('the share of one token', () => {
  it('is nine tenths of the items for a token for some keys, and all of them for others', async () => {
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
  it('is a hundred tokens per holder, itself included', async () => {
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
