import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, send } from '../support/front-door.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { randomAddress } from '../support/stash.ts'

afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

const ADMIN = 'a long secret of twenty-four'.replaceAll(' ', '-')

const create = async (bearer?: string, address = randomAddress()) => {
  const headers = { 'CF-Connecting-IP': address, ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }) }
  const answer = await send('/stash', { method: 'POST', headers })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

/** A stash of another person, and the operator of the deployment. */
async function deployment(spec?: object) {
  const { stash, master } = await newOperator(spec)
  faults.settings = { ADMIN_TOKEN: ADMIN }
  return { stash, master, admin: operatorOf(send, stash, ADMIN) }
}

/** The operator with the token that a response contained. */
const createHolder = (stash: { id: string }, body: Record<string, unknown>): Operator =>
  operatorOf(send, stash, String(body['token']))

describe('POST /stash', () => {
  it('requires the admin token if one is set, even if creation is open', async () => {
    faults.settings = { ADMIN_TOKEN: ADMIN, OPEN_CREATION: 'yes' }
    expect(await create()).toMatchObject({ status: 401, body: { code: 'token_missing' } })
    expect(await create(`${ADMIN}x`)).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
    expect(await create(ADMIN)).toMatchObject({ status: 200 })
  })
  it('is closed if no admin token is set, and says how to open it', async () => {
    faults.settings = { OPEN_CREATION: 'no' }
    const { status, body } = await create()
    expect({ status, code: body['code'] }).toEqual({ status: 403, code: 'creation_closed' })
    expect(body['detail']).toContain('ADMIN_TOKEN')
    expect(body['detail']).toContain('OPEN_CREATION = "yes"')
  })
  it.each(['x'.repeat(23), `swy_${'0'.repeat(40)}`, `${'x'.repeat(20)} ${'y'.repeat(20)}`])(
    'ignores %j as an admin token, and logs that once',
    async (weak) => {
      faults.settings = { ADMIN_TOKEN: weak, OPEN_CREATION: '' }
      const log = vi.spyOn(console, 'log').mockImplementation(() => {})
      expect(await create(weak)).toMatchObject({ status: 403, body: { code: 'creation_closed' } })
      expect(await create(weak)).toMatchObject({ status: 403, body: { code: 'creation_closed' } })
      const lines = log.mock.calls.flat().filter((line) => String(line).includes('ADMIN_TOKEN is ignored'))
      expect(lines.length).toBeLessThanOrEqual(1)
      expect(JSON.stringify(log.mock.calls)).not.toContain(weak)
    },
  )
  it('accepts an admin token with a trailing line end, which a file or a shell adds', async () => {
    faults.settings = { ADMIN_TOKEN: `${ADMIN}\n` }
    expect((await create(ADMIN)).status).toBe(200)
    expect((await create(`${ADMIN}x`)).status).toBe(403)
  })
  it('reports who may create stashes', async () => {
    const creation = async () => ((await (await send('/healthz')).json()) as { creation: string }).creation
    expect(await creation()).toBe('open')
    faults.settings = { OPEN_CREATION: '' }
    expect(await creation()).toBe('closed')
    faults.settings = { ADMIN_TOKEN: ADMIN }
    expect(await creation()).toBe('admin_token')
  })
  it('refuses the right admin token like a wrong one past the limit, and does not block other addresses', async () => {
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const address = randomAddress()
    for (let i = 0; i < 100; i++) await create(`${ADMIN}-${i}`, address)
    const [wrong, right] = [await create(`${ADMIN}-x`, address), await create(ADMIN, address)]
    expect([wrong.status, right.status]).toEqual([429, 429])
    expect(right.headers.get('Retry-After')).toBe('60')
    expect((await create(ADMIN)).status).toBe(200)
  })
  it("never compares a token with the prefix of a stash's tokens", async () => {
    faults.settings = { ADMIN_TOKEN: ADMIN }
    const address = randomAddress()
    for (let i = 0; i < 120; i++) await create(`swy_${i}`, address)
    expect((await create(ADMIN, address)).status).toBe(200)
  })
})

describe('the admin token', () => {
  it('deletes a stash, even during a freeze of its own operators', async () => {
    const { stash, master, admin } = await deployment()
    await master.set('a', '1')
    await master.call('PUT', '/freeze', {})
    expect(await admin.call('DELETE', '')).toMatchObject({ status: 423, body: { may_break_glass: true } })
    expect((await admin.call('DELETE', '', undefined, { 'Break-Glass': 'a phishing page' })).status).toBe(200)
    expect((await send(`/stash/${stash.id}`)).status).toBe(404)
  })
  it('freezes and unfreezes a stash, and history names the admin', async () => {
    const { stash, master, admin } = await deployment()
    const frozen = await admin.call('PUT', '/freeze', { until: '2099-01-01T00:00:00Z', reason: 'abuse' })
    expect(frozen).toMatchObject({ status: 422, body: { code: 'time_too_far' } })
    expect((await admin.call('PUT', '/freeze', { reason: 'abuse' })).status).toBe(200)
    expect(await master.set('a', '1')).toMatchObject({ status: 423, body: { by: 'admin', reason: 'abuse' } })
    expect((await admin.call('DELETE', '/freeze?reason=sorry')).status).toBe(200)
    expect((await master.set('a', '1')).status).toBe(200)
    expect(await master.history()).toMatchObject([
      { kind: 'put', who: 'master' },
      { kind: 'unfreeze', who: 'admin', token_id: null, reason: 'sorry' },
      { kind: 'freeze', who: 'admin', token_id: null, reason: 'abuse', freeze: { by: 'admin' } },
    ])
    expect(await stash.read('a')).toBe('1')
  })
  it('gets the errors in its body', async () => {
    const { admin } = await deployment()
    expect(await admin.call('PUT', '/freeze', { untli: 'x' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_body' },
    })
  })
  it('can do nothing else in a stash', async () => {
    const { stash, master, admin } = await deployment()
    await master.set('a', '1')
    const tries: [string, string, unknown?][] = [
      ['GET', '/items'],
      ['GET', '/tokens'],
      ['GET', '/held'],
      ['GET', '/history'],
      ['GET', '/history/verify'],
      ['GET', '/export'],
      ['GET', '/guards'],
      ['PATCH', '/flags', { a: '2' }],
      ['POST', '/undo', { revision: 1 }],
      ['POST', '/import', { items: [] }],
      ['POST', '/tokens', { label: 'mine', can: ['write'] }],
      ['POST', '/tokens/rotate'],
      ['PUT', '/guards/a', { type: 'text' }],
      ['DELETE', '/guards/a'],
      ['DELETE', '/held/x'],
      ['POST', '/held/x/approve'],
    ]
    for (const [method, path, body] of tries) {
      expect(await admin.call(method, path, body), `${method} ${path}`).toMatchObject({
        status: 403,
        body: { code: 'invalid_token' },
      })
    }
    expect((await admin.set('a', '2')).status).toBe(403)
    expect(await stash.read('a')).toBe('1')
    expect(await stash.revision()).toBe(1)
  })
  it('authenticates no one if the deployment has none', async () => {
    const { admin } = await deployment()
    faults.settings = {}
    expect(await admin.call('DELETE', '')).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
    expect(await admin.call('POST', '/tokens/recover')).toMatchObject({ status: 403, body: { code: 'invalid_token' } })
  })
  it('is compared only below the limit for requests to a stash as well', async () => {
    const { stash } = await deployment()
    const from = { 'CF-Connecting-IP': randomAddress() }
    const freeze = async (bearer: string) =>
      (await operatorOf(send, stash, bearer).call('PUT', '/freeze', {}, from)).status
    for (let i = 0; i < 100; i++) await freeze(`${ADMIN}-${i}`)
    expect([await freeze(`${ADMIN}-x`), await freeze(ADMIN)]).toEqual([429, 429])
    expect(
      (await operatorOf(send, stash, ADMIN).call('PUT', '/freeze', {}, { 'CF-Connecting-IP': randomAddress() })).status,
    ).toBe(200)
  })
})

describe('POST /stash/{id}/tokens/recover', () => {
  it('creates a master token, ends the older ones, and lists the other valid tokens', async () => {
    const { stash, master, admin } = await deployment()
    const { body: rotated } = await master.call('POST', '/tokens/rotate', { overlap: '30d' })
    const second = await createHolder(stash, rotated).grant({ label: 'deploys', can: ['write'], keys: ['a*'] })
    const { status, body } = await admin.call('POST', '/tokens/recover?reason=lost')
    expect({ status, leaves: body['leaves'] }).toMatchObject({
      status: 200,
      leaves: [{ label: 'deploys', can: ['write'], keys: ['a*'] }],
    })
    expect((await master.set('a', '1')).status).toBe(403)
    expect((await createHolder(stash, rotated).set('a', '1')).status).toBe(403)
    expect((await second.set('a', '1')).status).toBe(200)
    const recovered = createHolder(stash, body)
    expect((await recovered.call('POST', '/tokens/rotate')).status).toBe(200)
    expect((await second.history())[0]).toMatchObject({ who: 'deploys' })
  })
  it('is recorded in history with the admin as its author', async () => {
    const { stash, admin } = await deployment()
    const { body } = await admin.call('POST', '/tokens/recover?reason=lost')
    expect(await createHolder(stash, body).history()).toMatchObject([
      { kind: 'recover', who: 'admin', token_id: null, reason: 'lost', token: { token_id: body['token_id'] } },
    ])
  })
  it('ends every token with all=1, and their links', async () => {
    const { stash, master, admin } = await deployment()
    const second = await master.grant({ label: 'deploys', can: ['write'] })
    const headers = { Authorization: `Bearer ${second.token}` }
    const made = await send(`/item/${stash.id}/a/presign`, { method: 'POST', body: '1', headers })
    const { url } = (await made.json()) as { url: string }
    const { body } = await admin.call('POST', '/tokens/recover?all=1')
    expect(body['leaves']).toEqual([])
    expect((await second.set('a', '1')).status).toBe(403)
    expect((await send(url.slice(url.indexOf('/update')), { method: 'POST' })).status).toBe(410)
    const listed = await createHolder(stash, body).call('GET', '/tokens')
    expect(listed.body['tokens']).toMatchObject([{ master: true, token_id: body['token_id'] }])
    expect(await admin.call('POST', '/tokens/recover?all=2')).toMatchObject({ status: 400 })
  })
  it('transfers the schedules of the lost master token, and keeps its holder', async () => {
    const { stash, master, admin } = await deployment()
    await master.call('PUT', '/guards/traffic', { type: 'text', approvals: 1 })
    const asked = await master.set('traffic', 'green')
    const { body } = await admin.call('POST', '/tokens/recover')
    const recovered = createHolder(stash, body)
    expect(await recovered.held()).toMatchObject([{ held_id: asked.body['held_id'], made_by: 'master' }])
    expect(await recovered.call('POST', `/held/${String(asked.body['held_id'])}/approve`)).toMatchObject({
      status: 403,
      body: { code: 'own_request' },
    })
  })
  it('cannot be called with a token of the stash', async () => {
    const { master } = await deployment()
    expect(await master.call('POST', '/tokens/recover')).toMatchObject({
      status: 403,
      body: { code: 'not_permitted', needs: 'admin' },
    })
  })
})
