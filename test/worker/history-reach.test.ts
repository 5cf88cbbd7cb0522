import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { runDurableObjectAlarm } from 'cloudflare:test'
import { newOperator, objectOf, send } from '../support/front-door.ts'

/** `checkout` sees `checkout.*`; revision 2 has changed one of its keys and one that is not. */
async function shared() {
  const { stash, master } = await newOperator()
  const checkout = await master.grant({ label: 'checkout', can: ['write'], keys: ['checkout.*'] })
  await master.call('PATCH', '/flags?reason=migrated+from+consul', { 'checkout.a': '1', 'auth.a': '1' })
  await master.set('auth.a', '2', 'reason=auth+failover')
  await checkout.set('checkout.a', '2', 'reason=mine')
  return { stash, master, checkout }
}

describe('GET /stash/{id}/history with a token for some keys', () => {
  it('tells nothing of a key that is none of its own, not even that a revision of its own changed it', async () => {
    const { checkout } = await shared()
    const page = await checkout.call('GET', '/history?key=auth.a')
    expect(page.body).toMatchObject({ entries: [], next: null })
  })
  it('tells why only where every change is of its keys', async () => {
    const { checkout, master } = await shared()
    expect(await checkout.history()).toMatchObject([
      { revision: 4, reason: 'mine' },
      { revision: 2, reason: null, changes: [{ key: 'checkout.a' }] },
    ])
    expect((await checkout.history('key=checkout.a')).map(({ reason }) => reason)).toEqual(['mine', null])
    expect((await master.history('key=checkout.a')).map(({ reason }) => reason)).toEqual([
      'mine',
      'migrated from consul',
    ])
  })
  it('hides with it why the glass was broken', async () => {
    const { checkout, master } = await shared()
    await master.call('PUT', '/freeze', {})
    await master.call('PATCH', '/flags', { 'checkout.a': '3', 'auth.a': '3' }, { 'Break-Glass': 'auth burns' })
    const [entry] = await checkout.history('limit=1')
    expect(entry).toMatchObject({ broke_glass: { by: 'master' } })
    expect(JSON.stringify(entry)).not.toContain('burns')
  })
  it('comes page by page, each entry once, however many others lie between', async () => {
    const { checkout, master } = await shared()
    for (let i = 0; i < 30; i++) await master.set(i % 5 === 0 ? 'checkout.b' : 'auth.b', String(i))
    const seen: number[] = []
    let before = ''
    for (let pages = 0; pages < 20; pages++) {
      const { body } = await checkout.call('GET', `/history?limit=2${before}`)
      seen.push(...(body['entries'] as { revision: number }[]).map(({ revision }) => revision))
      if (body['next'] === null) break
      before = `&before=${String(body['next'])}`
    }
    expect(seen).toEqual([30, 25, 20, 15, 10, 5, 4, 2])
  })
})

describe('GET /stash/{id}/history/verify', () => {
  it('takes a token for every key: it reads all of history', async () => {
    const { checkout, master } = await shared()
    expect(await checkout.call('GET', '/history/verify')).toMatchObject({
      status: 403,
      body: { code: 'not_permitted', key: '*' },
    })
    expect((await master.call('GET', '/history/verify')).body['valid']).toBe(true)
  })
})

describe('POST /stash/{id}/undo', () => {
  it('names no key that is beyond the token', async () => {
    const { checkout } = await shared()
    const refused = await checkout.call('POST', '/undo', { revision: 2 })
    expect(refused).toMatchObject({ status: 403, body: { code: 'not_permitted', key: '*' } })
    expect(JSON.stringify(refused.body)).not.toContain('auth')
  })
})

describe('the reason of a freeze', () => {
  it('takes a token: it is neither public nor in KV', async () => {
    const { stash, master } = await newOperator()
    const any = await master.grant({ label: 'any', can: ['write'], keys: ['a'] })
    await master.call('PUT', '/freeze', { reason: 'a breach' })
    const read = await send(`/stash/${stash.id}?min_revision=2`)
    const facts = await read.text()
    expect(JSON.parse(facts)).toMatchObject({ frozen: true, freeze_reason: null })
    expect(facts).not.toContain('breach')
    await runDurableObjectAlarm(objectOf(stash))
    const published = async () => (await env.SNAPSHOTS.get(stash.id)) ?? ''
    await expect.poll(published).toContain('"freeze":')
    expect(await published()).not.toContain('breach')
    expect((await any.call('GET', '/held')).body['freeze']).toEqual({ until: null, reason: 'a breach', by: 'master' })
    expect((await any.set('a', '1')).body['reason']).toBe('a breach')
    await master.call('DELETE', '/freeze')
    expect((await any.call('GET', '/held')).body['freeze']).toBeNull()
  })
})
