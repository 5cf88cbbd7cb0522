import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { boxed } from '../support/boxed.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { newOperator, objectOf, send } from '../support/front-door.ts'
import type { Operator } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'

/** The clock goes on by hand here, and no alarm rings: whatever ends, ends by the clock alone. */
freezeTime()
afterEach(clearFaults)

const SECOND = 1_000
const goOn = (ms: number) => vi.setSystemTime(Date.now() + ms)
const END = new Date(START + 8 * SECOND).toISOString()

const item = (stash: Stash, key = 'maintenance', headers: Record<string, string> = {}) =>
  send(`/item/${stash.id}/${key}`, { headers })
const flags = async (stash: Stash, query = '') => {
  const answer = await send(`/stash/${stash.id}/flags${query}`)
  return { headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}
const objectDies = () => {
  faults.object = () => Promise.reject(new Error('the object is down'))
}
const publish = async (stash: Stash, revision: number) => {
  const held = () => env.SNAPSHOTS.get<{ revision: number }>(stash.id, 'json')
  await pass(stash, 0)
  await expect.poll(async () => (await held())?.revision).toBe(revision)
}

describe('a time-boxed flag', () => {
  it('says when it ends, and what comes back', async () => {
    const { stash } = await boxed()
    const read = await item(stash)
    expect(await read.text()).toBe('true')
    expect(read.headers.get('Switchyard-Until')).toBe(END)
    expect(read.headers.get('Access-Control-Expose-Headers')).toContain('Switchyard-Until')
    const all = await flags(stash)
    expect(all.body).toMatchObject({
      flags: { maintenance: 'true' },
      reverts: { maintenance: { at: END, to: 'false' } },
    })
    expect(all.headers.get('Switchyard-Until')).toBeNull()
  })
  it('says so for the flags that were asked for, and nothing where none ends', async () => {
    const { stash, master } = await boxed()
    await master.set('gone', '1')
    await master.call('DELETE', '/flags')
    await send(`/item/${stash.id}/gone?for=1h`, stash.as({ method: 'DELETE' }))
    await master.set('plain', '1')
    expect((await flags(stash, '?keys=plain')).body).not.toHaveProperty('reverts')
    expect((await flags(stash, '?keys=gone,plain')).body).toMatchObject({
      flags: { plain: '1' },
      reverts: { gone: { to: '1' } },
    })
    expect((await flags(stash, '?keys=maintenance')).body['reverts']).toEqual({
      maintenance: { at: END, to: 'false' },
    })
    expect((await flags(await newOperator().then(({ stash: other }) => other))).body).not.toHaveProperty('reverts')
  })
  it('is kept in front for no longer than it lasts, tiers that count no ages included', async () => {
    const { stash, master } = await newOperator()
    const lifetimes = async () => (await item(stash, 'a')).headers.get('Cloudflare-CDN-Cache-Control')
    await master.set('a', '1')
    expect(await lifetimes()).toBe('public, max-age=5, stale-while-revalidate=5, stale-if-error=86400')
    await master.set('a', '2', 'for=1h')
    // An hour is 3,600 s, of which a second may pass in the isolate; half of the rest is for a second tier.
    expect(await lifetimes()).toBe('public, max-age=5, stale-while-revalidate=5, stale-if-error=1794')
    goOn(3_590 * SECOND)
    expect(await lifetimes()).toBe('public, max-age=4')
    goOn(8 * SECOND)
    expect(await lifetimes()).toBe('no-store')
    const whole = (await send(`/stash/${stash.id}/flags`)).headers.get('Cloudflare-CDN-Cache-Control')
    expect(whole).toBe('no-store')
    expect((await send(`/stash/${stash.id}`)).headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
  })
})

describe('past its end', () => {
  it('a time-box is over in a copy that the object does not confirm', async () => {
    const { stash } = await boxed()
    expect(await stash.read('maintenance')).toBe('true')
    objectDies()
    goOn(7_999)
    expect(await stash.read('maintenance')).toBe('true')
    goOn(1)
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('Switchyard-Source')).toMatch(/unvouched; as-of=\S+; reverted$/)
    expect(read.headers.get('Switchyard-Revision')).toBe('2')
    expect(read.headers.get('ETag')).toBe('"2+r"')
    expect(read.headers.get('Switchyard-Until')).toBeNull()
    const all = await flags(stash)
    expect(all.body).toEqual({ stash_id: stash.id, revision: 2, flags: { maintenance: 'false' } })
    expect(all.headers.get('ETag')).toBe('"2+r"')
    expect(all.headers.get('Switchyard-Source')).toMatch(/; reverted$/)
  })
  it('the tag of the boxed value is no longer known, and its own is', async () => {
    const { stash } = await boxed()
    await stash.read('maintenance')
    objectDies()
    goOn(8 * SECOND)
    const conditional = (tag: string) => item(stash, 'maintenance', { 'If-None-Match': tag })
    expect((await conditional('"2"')).status).toBe(200)
    expect((await conditional('"2+r"')).status).toBe(304)
    expect((await conditional('W/"1", W/"2+r"')).status).toBe(304)
    faults.object = null
    const headers = { 'If-Match': '"2+r"' }
    const write = await send(
      `/item/${stash.id}/maintenance`,
      stash.as({ method: 'PUT', body: 'new', headers: { ...headers, Authorization: `Bearer ${stash.token}` } }),
    )
    expect(write.status).toBe(412)
    expect(await write.json()).toMatchObject({ current: 3 })
  })
  it('a time-box is over in what an isolate reads from KV, with the object away', async () => {
    const { stash } = await boxed()
    await publish(stash, 2)
    goOn(9 * SECOND)
    objectDies()
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; .*; reverted$/)
  })
  it('a time-box is over where READ_MODE leaves the object out', async () => {
    const { stash } = await boxed()
    await publish(stash, 2)
    goOn(7 * SECOND)
    faults.settings = { READ_MODE: 'kv' }
    expect(await stash.read('maintenance')).toBe('true')
    goOn(SECOND)
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('ETag')).toBe('"2+r"')
  })
  it('the end is a revision as soon as the object is asked, however late its alarm is', async () => {
    const { stash, master } = await boxed()
    goOn(8 * SECOND)
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('ETag')).toBe('"3"')
    expect(read.headers.get('Switchyard-Source')).not.toContain('reverted')
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, kind: 'revert', ends: 2 }])
  })
  it.each([
    ['the list of items', async (_: Stash, master: Operator) => (await master.call('GET', '/items')).body['items']],
    ['an export', async (_: Stash, master: Operator) => (await master.call('GET', '/export')).body['items']],
  ])('%s has the value that came back', async (_, ask) => {
    const { stash, master } = await boxed()
    goOn(8 * SECOND)
    expect(JSON.stringify(await ask(stash, master))).toContain('"false"')
  })
  it('a write finds it over: it is recorded after the end', async () => {
    const { master } = await boxed()
    goOn(8 * SECOND)
    expect((await master.set('maintenance', 'again', '', { 'If-Match': '"2"' })).body).toMatchObject({ current: 3 })
    expect((await master.set('maintenance', 'again')).body).toMatchObject({ revision: 4 })
  })
  it('an end that an instance began, and died in, comes before what is written then', async () => {
    const { stash, master } = await boxed()
    goOn(8 * SECOND)
    await runInDurableObject(objectOf(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE held SET tries = 1, retry_at = ?', Date.now() + SECOND),
    )
    goOn(SECOND)
    expect((await master.set('maintenance', 'again', '', { 'If-Match': '"2"' })).body).toMatchObject({ current: 3 })
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, kind: 'revert' }])
  })
  it('a row that is damaged keeps nobody from reading', async () => {
    const { stash } = await boxed()
    await runInDurableObject(objectOf(stash), (_, { storage }) =>
      storage.sql.exec(`UPDATE held SET change = '{' WHERE kind = 'revert'`),
    )
    await evictDurableObject(objectOf(stash))
    goOn(SECOND)
    expect(await stash.read('maintenance')).toBe('true')
    expect((await flags(stash)).body).toMatchObject({ flags: { maintenance: 'true' } })
  })
  it('an end that cannot be recorded yet holds in lists and exports as well', async () => {
    const { stash, master } = await boxed()
    await master.set('taken', 'here')
    await master.call('PATCH', '/flags?for=8s', { 'only-meanwhile': '1', taken: null })
    // As where the stash is full: its release is put off.
    await runInDurableObject(objectOf(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE held SET tries = 3, retry_at = ?', Date.now() + 60 * 60 * SECOND),
    )
    goOn(8 * SECOND)
    const valuesOf = (answer: { body: unknown }): unknown =>
      (answer.body as { items: { key: string; value: string }[] }).items.map(({ key, value }) => [key, value])
    const [taken, maintenance] = [
      ['taken', 'here'],
      ['maintenance', 'false'],
    ]
    expect(valuesOf(await master.call('GET', '/items'))).toEqual([taken, maintenance])
    expect(valuesOf(await master.call('GET', '/export'))).toEqual([maintenance, taken])
    expect(await master.history('limit=1')).toMatchObject([{ kind: 'patch' }])
  })
  it('a hundred readers at once see the end, and it happens once', async () => {
    const { stash, master } = await boxed()
    await master.call(
      'PATCH',
      '/flags?for=8s',
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k-${i}`, '1'])),
    )
    goOn(8 * SECOND)
    const asked = Array.from({ length: 100 }, () =>
      runInDurableObject(objectOf(stash), async (object) => JSON.stringify(await object.snapshot())),
    )
    for (const text of await Promise.all(asked)) expect(text).not.toContain('k-')
    expect((await master.history()).filter(({ kind }) => kind === 'revert')).toHaveLength(2)
  })
  it('a removal is over: the flag is back with its media type', async () => {
    const { stash, master } = await newOperator()
    await master.set('kept', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await send(`/item/${stash.id}/kept?for=8s`, stash.as({ method: 'DELETE' }))
    const away = await item(stash, 'kept')
    expect(away.status).toBe(404)
    expect(away.headers.get('Switchyard-Until')).toBe(END)
    objectDies()
    goOn(8 * SECOND)
    const back = await item(stash, 'kept')
    expect(await back.text()).toBe('{"a":1}')
    expect(back.headers.get('Content-Type')).toBe('application/json')
    expect(back.headers.get('ETag')).toBe('"2+r"')
  })
  it('a creation is over: the flag is gone', async () => {
    const { stash, master } = await newOperator()
    await master.set('new', '1', 'for=8s')
    expect(await stash.read('new')).toBe('1')
    objectDies()
    goOn(8 * SECOND)
    const read = await item(stash, 'new')
    expect(read.status).toBe(404)
    expect(await read.text()).toBe('')
    expect(read.headers.get('Switchyard-Problem')).toBe('item_not_found')
    expect(read.headers.get('Switchyard-Source')).toMatch(/; reverted$/)
    expect((await send(`/stash/${stash.id}`)).headers.get('ETag')).toBe('"1+r"')
  })
  it('each of several has an end of its own, and a tag of its own tells them apart', async () => {
    const { stash, master } = await boxed()
    await master.set('other', '1', 'for=20s')
    await flags(stash)
    objectDies()
    goOn(8 * SECOND)
    expect((await flags(stash)).headers.get('ETag')).toBe('"3+r"')
    goOn(12 * SECOND)
    const all = await flags(stash)
    expect(all.body['flags']).toEqual({ maintenance: 'false' })
    expect(all.headers.get('ETag')).toBe('"3+r2"')
  })
  it('an extension counts where it has arrived', async () => {
    const { stash, master } = await boxed()
    await master.set('maintenance', 'true', 'for=30s')
    expect((await flags(stash)).body['reverts']).toMatchObject({ maintenance: { to: 'false' } })
    objectDies()
    goOn(8 * SECOND)
    expect(await stash.read('maintenance')).toBe('true')
    goOn(22 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
  })
  it('a clock that is set back brings nothing back', async () => {
    const { stash } = await boxed()
    await stash.read('maintenance')
    objectDies()
    goOn(8 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
    goOn(-3 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
  })
  it('OFREP evaluates what came back, and says so', async () => {
    const { stash } = await boxed()
    const evaluate = async (path: string) => {
      const answer = await send(`/stash/${stash.id}/ofrep/v1/evaluate/flags${path}`, { method: 'POST', body: '{}' })
      return (await answer.json()) as { flags?: unknown[] }
    }
    expect(await evaluate('/maintenance')).toMatchObject({ value: 'true', metadata: { version: 2, until: END } })
    objectDies()
    goOn(8 * SECOND)
    expect(await evaluate('/maintenance')).toMatchObject({ value: 'false', metadata: { version: 2, reverted: true } })
    expect((await evaluate('')).flags).toMatchObject([{ key: 'maintenance', value: 'false' }])
  })
})

describe('a write at the moment at which a time-box ends', () => {
  it('is made as of the time at which no end was due, though the clock has gone on', async () => {
    const { stash, master } = await boxed()
    const end = START + 8 * SECOND
    await runInDurableObject(objectOf(stash), async (object, { storage }) => {
      const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
      const intent = { kind: 'put' as const, key: 'other', value: '1', type: 'text/plain' }
      const clock = vi
        .spyOn(Date, 'now')
        .mockReturnValueOnce(end - 1)
        .mockReturnValue(end + 50)
      await object.apply({ credential: { kind: 'token', hash }, intent })
      clock.mockRestore()
    })
    expect((await master.history())[0]).toMatchObject({ kind: 'put', at: new Date(end - 1).toISOString() })
  })
})
