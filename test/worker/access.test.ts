import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { faults, clearFaults } from '../support/faults.ts'
import { newOperator, newStash, send } from '../support/front-door.ts'
import { nextWeek } from '../support/operator.ts'
import { randomAddress } from '../support/stash.ts'

const strangeToken = () => mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(256)))
const write = (id: string, headers: Record<string, string>) =>
  send(`/item/${id}/k`, { method: 'PUT', body: 'x', headers })

describe('a write', () => {
  it('requires a token of this stash', async () => {
    const [stash, other] = [await newStash(), await newStash()]
    const missing = await write(stash.id, {})
    expect(missing.status).toBe(401)
    expect(missing.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
    for (const authorization of [
      `Bearer ${other.token}`,
      `Bearer ${strangeToken()}`,
      'Bearer junk',
      `bearer ${stash.token.slice(0, -1)}${stash.token.endsWith('x') ? 'y' : 'x'}`,
    ]) {
      const refused = await write(stash.id, { Authorization: authorization, 'CF-Connecting-IP': randomAddress() })
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ code: 'invalid_token', status: 403 })
    }
    for (const authorization of ['Basic abc', 'Bearer', '', `Bearer ${stash.token} more`]) {
      expect((await write(stash.id, { Authorization: authorization })).status).toBe(401)
    }
    expect(await stash.revision()).toBe(0)
    expect((await write(stash.id, { Authorization: `bEaReR  ${stash.token}` })).status).toBe(200)
  })
  it('is refused with a token that was sent unencrypted, as far as the Worker can tell', async () => {
    const stash = await newStash()
    const put = (url: string, headers: Record<string, string>) =>
      exports.default.fetch(
        new Request(`${url}/api/item/${stash.id}/k`, { ...stash.as({ headers }), method: 'PUT', body: 'x' }),
      )
    const refused = await put('http://flags.test', { 'CF-Ray': '1-AMS', 'X-Forwarded-Proto': 'http' })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'https_required' })
    expect((await put('http://flags.test', { 'CF-Ray': '1-AMS' })).status).toBe(403)
    const missing = new Request(`http://flags.test/api/item/${stash.id}/k`, {
      method: 'PUT',
      headers: { 'CF-Ray': '1' },
    })
    expect((await exports.default.fetch(missing)).status).toBe(401)
    expect(await stash.revision()).toBe(0)
    for (const [url, headers] of [
      ['https://flags.test', { 'CF-Ray': '1-AMS' }],
      // A tunnel, a proxy on this machine that ends TLS, and this machine itself.
      ['http://flags.test', { 'CF-Ray': '1-AMS', 'X-Forwarded-Proto': 'https' }],
      ['http://flags.test', {}],
      ['http://localhost:8787', { 'CF-Ray': '1-AMS' }],
    ] as [string, Record<string, string>][])
      expect((await put(url, headers)).status, url).toBe(200)
  })
  it('does not call the object if the token is malformed', async () => {
    const stash = await newStash()
    let calls = 0
    faults.object = (_, call) => {
      calls++
      return call()
    }
    await write(stash.id, { Authorization: 'Bearer junk' })
    expect(calls).toBe(0)
    await write(stash.id, { Authorization: `Bearer ${strangeToken()}` })
    expect(calls).toBe(1)
    clearFaults()
  })
  it('is answered 429 after a hundred wrong tokens in a minute, while a valid token works from the same address', async () => {
    const stash = await newStash()
    const address = { 'CF-Connecting-IP': randomAddress() }
    const guess = () => write(stash.id, { ...address, Authorization: `Bearer ${strangeToken()}` })
    let guesses = 1
    // A new minute may begin during the test and reset the counter, so at most twice the limit is let through.
    while ((await guess()).status === 403 && guesses <= 200) guesses++
    expect(guesses).toBeGreaterThan(100)
    expect(guesses).toBeLessThanOrEqual(200)
    const limited = await write(stash.id, { ...address, Authorization: 'Bearer junk' })
    expect(limited.headers.get('Retry-After')).toBe('60')
    expect((await write(stash.id, { ...address, Authorization: `Bearer ${stash.token}` })).status).toBe(200)
  })
})

describe('If-Match on a resource without a version of its own', () => {
  it('refers to the revision of the stash', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const held = await master.set('a', '2', `at=${nextWeek()}`)
    const stale = { 'If-Match': '"0"' }
    const answers = [
      await master.call('POST', '/tokens', { label: 'x', can: ['write'] }, stale),
      await master.call('POST', '/tokens/rotate', {}, stale),
      await master.call('PUT', '/freeze', {}, stale),
      await master.call('DELETE', `/held/${String(held.body['held_id'])}`, undefined, stale),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(412)
      expect(body).toMatchObject({ code: 'version_conflict', of: 'stash', current: 1 })
    }
    expect(await stash.revision()).toBe(1)
    expect((await master.call('PUT', '/freeze', {}, { 'If-Match': '"1"' })).status).toBe(200)
    // A caller without the permission must not learn the revision.
    const writer = await master.grant({ can: ['write'] })
    expect((await writer.call('DELETE', '/freeze', undefined, stale)).body.code).toBe('not_permitted')
  })
})
