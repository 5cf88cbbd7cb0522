import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { runDurableObjectAlarm } from 'cloudflare:test'
import { newOperator, getObject, send } from '../support/front-door.ts'

/** `checkout` reaches `checkout.*`. Revision 2 has changed one of its keys and one that it does not reach. */
async function shared() {
  const { stash, master } = await newOperator()
  const checkout = await master.grant({ label: 'checkout', can: ['write'], keys: ['checkout.*'] })
  await master.call('PATCH', '/flags?reason=migrated+from+consul', { 'checkout.a': '1', 'auth.a': '1' })
  await master.set('auth.a', '2', 'reason=auth+failover')
  await checkout.set('checkout.a', '2', 'reason=mine')
  return { stash, master, checkout }
}

describe('GET /stash/{id}/history with a token for some keys', () => {
  it('reveals nothing about other keys, not even that a revision of its own changed one', async () => {
    const { checkout } = await shared()
    const page = await checkout.call('GET', '/history?key=auth.a')
    expect(page.body).toMatchObject({ entries: [], next: null })
  })
  it('shows the reason only of revisions that change no other key', async () => {
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
  it('hides the reason of a Break-Glass in the same cases', async () => {
    const { checkout, master } = await shared()
    await master.call('PUT', '/freeze', {})
    await master.call('PATCH', '/flags', { 'checkout.a': '3', 'auth.a': '3' }, { 'Break-Glass': 'auth burns' })
    const [entry] = await checkout.history('limit=1')
    expect(entry).toMatchObject({ broke_glass: { by: 'master' } })
    expect(JSON.stringify(entry)).not.toContain('burns')
  })
  it('pages through each visible entry once, however many others lie between', async () => {
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
  it('requires a token for every key, because it reads the whole history', async () => {
    const { checkout, master } = await shared()
    expect(await checkout.call('GET', '/history/verify')).toMatchObject({
      status: 403,
      body: { code: 'not_permitted', key: '*' },
    })
    expect((await master.call('GET', '/history/verify')).body['valid']).toBe(true)
  })
})

describe('POST /stash/{id}/undo', () => {
  it('does not name a key that the token does not reach', async () => {
    const { checkout } = await shared()
    const refused = await checkout.call('POST', '/undo', { revision: 2 })
    expect(refused).toMatchObject({ status: 403, body: { code: 'not_permitted', key: '*' } })
    expect(JSON.stringify(refused.body)).not.toContain('auth')
  })
})

describe('the reason of a freeze', () => {
  it('requires a token: it is neither in public reads nor in KV', async () => {
    const { stash, master } = await newOperator()
    const any = await master.grant({ label: 'any', can: ['write'], keys: ['a'] })
    await master.call('PUT', '/freeze', { reason: 'a breach' })
    const read = await send(`/stash/${stash.id}?min_revision=2`)
    const facts = await read.text()
    expect(JSON.parse(facts)).toMatchObject({ frozen: true, freeze_reason: null })
    expect(facts).not.toContain('breach')
    await runDurableObjectAlarm(getObject(stash))
    const published = async () => (await env.SNAPSHOTS.get(stash.id)) ?? ''
    await expect.poll(published).toContain('"freeze":')
    expect(await published()).not.toContain('breach')
    expect((await any.call('GET', '/held')).body['freeze']).toEqual({ until: null, reason: 'a breach', by: 'master' })
    expect((await any.set('a', '1')).body['reason']).toBe('a breach')
    await master.call('DELETE', '/freeze')
    expect((await any.call('GET', '/held')).body['freeze']).toBeNull()
  })
})
