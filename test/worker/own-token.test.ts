/** What a token is told about itself, and what it is told once it has ended. */
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'

freezeTime()
afterEach(clearFaults)

const HOUR = 60 * 60_000
const ABILITIES = ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens']
const own = (one: Operator) => one.call('GET', '/token')

describe('GET /stash/{id}/token', () => {
  it('tells a master token about itself', async () => {
    const { stash, master } = await newOperator()
    const { status, headers, body } = await own(master)
    const id = body['token_id']
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        token_id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        label: 'master',
        master: true,
        can: ABILITIES,
        keys: ['*'],
        created_at: '2031-01-01T00:00:00.000Z',
        expires_at: null,
        made_by: null,
        holder: id,
      },
    })
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(JSON.stringify(body)).not.toContain(stash.token.slice(4))
  })
  it('tells a limited token, which may list no tokens, its abilities, keys and end, as the list shows them', async () => {
    const { master } = await newOperator()
    const made_by = (await own(master)).body['token_id']
    const limited = await master.grant({ label: 'pipeline', can: ['write'], keys: ['a-*', 'b'], expires_in: '1h' })
    const { body } = await own(limited)
    expect(body).toMatchObject({
      label: 'pipeline',
      master: false,
      can: ['write'],
      keys: ['a-*', 'b'],
      expires_at: '2031-01-01T01:00:00.000Z',
      made_by,
      holder: body['token_id'],
    })
    expect((await limited.call('GET', '/tokens')).status).toBe(403)
    const { tokens } = (await master.call('GET', '/tokens')).body as { tokens: Record<string, unknown>[] }
    const { last_used_at: _, ...listed } = tokens.at(-1) ?? {}
    expect(listed).toEqual(body)
  })
  it('names the granter and the holder of a token that another token granted', async () => {
    const { master } = await newOperator()
    const granter = await master.grant({ can: ['write', 'tokens'] })
    const { token_id } = (await own(granter)).body
    expect((await own(await granter.grant({ can: ['write'] }))).body).toMatchObject({
      made_by: token_id,
      holder: token_id,
    })
  })
  it('tells a replaced master token when its overlap ends, and its successor who made it', async () => {
    const { stash, master } = await newOperator()
    const { token_id } = (await own(master)).body
    const { body } = await master.call('POST', '/tokens/rotate', { overlap: '1h' })
    expect((await own(master)).body).toMatchObject({ token_id, master: true, expires_at: '2031-01-01T01:00:00.000Z' })
    const successor = operatorOf(send, stash, String(body['token']))
    expect((await own(successor)).body).toMatchObject({ master: true, expires_at: null, made_by: token_id })
    await pass(stash, HOUR)
    expect(await own(master)).toMatchObject({ status: 403, body: { code: 'token_revoked' } })
    expect((await own(successor)).status).toBe(200)
  })
  it('is refused to a token that has expired or was revoked, with the time of its end', async () => {
    const { stash, master } = await newOperator()
    const expiring = await master.grant({ can: ['write'], expires_in: '1h' })
    const revoked = await master.grant({ can: ['write'] })
    await master.call('DELETE', `/tokens/${String((await own(revoked)).body['token_id'])}`)
    const since = Date.now()
    await pass(stash, HOUR)
    expect(await own(expiring)).toMatchObject({ status: 403, body: { code: 'token_expired' } })
    const refused = await own(revoked)
    expect(refused).toMatchObject({ status: 403, body: { code: 'token_revoked' } })
    expect(refused.body['at']).toBe(new Date(since).toISOString())
  })
  it('is refused without a token, with one of another stash, and to the admin, who is no token', async () => {
    const { stash } = await newOperator()
    expect((await send(`/stash/${stash.id}/token`)).status).toBe(401)
    const stranger = operatorOf(send, stash, (await newStash()).token)
    expect(await own(stranger)).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
    const ADMIN_TOKEN = 'the-admin-token-of-this-deployment'
    faults.settings = { ADMIN_TOKEN }
    expect(await own(operatorOf(send, stash, ADMIN_TOKEN))).toMatchObject({ status: 403 })
  })
  it('is 503 while the object runs the version before, which does not know the question', async () => {
    const { master } = await newOperator()
    faults.object = async (method, call) => (method === 'ask' ? undefined : call())
    expect(await own(master)).toMatchObject({ status: 503, body: { code: 'unreachable' } })
  })
})
