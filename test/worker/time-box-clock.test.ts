import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTimeBoxedFlag } from '../support/boxed.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import type { Operator } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'

/** The test advances the clock, and no alarm runs: all ends are by the clock alone. */
freezeTime()
afterEach(clearFaults)

const SECOND = 1_000
const advance = (ms: number) => vi.setSystemTime(Date.now() + ms)
const END = new Date(START + 8 * SECOND).toISOString()

const item = (stash: Stash, key = 'maintenance', headers: Record<string, string> = {}) =>
  send(`/item/${stash.id}/${key}`, { headers })
const flags = async (stash: Stash, query = '') => {
  const answer = await send(`/stash/${stash.id}/flags${query}`)
  return { headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}
const objectDies = () => void (faults.object = () => Promise.reject(new Error('the object is down')))
const publish = async (stash: Stash, revision: number) => {
  const held = () => env.SNAPSHOTS.get<{ revision: number }>(stash.id, 'json')
  await pass(stash, 0)
  await expect.poll(async () => (await held())?.revision).toBe(revision)
}

describe('a time-boxed flag', () => {
  it('shows when it ends, and the value that it will have then', async () => {
    const { stash } = await createTimeBoxedFlag()
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
  it('shows the ends of the requested flags only, and nothing without any', async () => {
    const { stash, master } = await createTimeBoxedFlag()
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
  it('is cached in front for no longer than it lasts, even by tiers that ignore ages', async () => {
    const { stash, master } = await newOperator()
    const lifetimes = async () => (await item(stash, 'a')).headers.get('Cloudflare-CDN-Cache-Control')
    await master.set('a', '1')
    expect(await lifetimes()).toBe('public, max-age=2, stale-while-revalidate=2, stale-if-error=86400')
    await master.set('a', '2', 'for=1h')
    // An hour is 3,600 s, of which a second may pass in the isolate. Half of the rest is left for a second tier.
    expect(await lifetimes()).toBe('public, max-age=2, stale-while-revalidate=2, stale-if-error=1797')
    advance(3_590 * SECOND)
    expect(await lifetimes()).toBe('public, max-age=2, stale-while-revalidate=2, stale-if-error=2')
    advance(8 * SECOND)
    expect(await lifetimes()).toBe('no-store')
    const whole = (await send(`/stash/${stash.id}/flags`)).headers.get('Cloudflare-CDN-Cache-Control')
    expect(whole).toBe('no-store')
    expect((await send(`/stash/${stash.id}`)).headers.get('Cloudflare-CDN-Cache-Control')).toBe('no-store')
  })
})

describe('past its end', () => {
  it('a time-box is over in a copy that the object does not confirm', async () => {
    const { stash } = await createTimeBoxedFlag()
    expect(await stash.read('maintenance')).toBe('true')
    objectDies()
    advance(7_999)
    expect(await stash.read('maintenance')).toBe('true')
    advance(1)
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
  it('the ETag of the time-boxed value no longer matches, and that of the restored value does', async () => {
    const { stash } = await createTimeBoxedFlag()
    await stash.read('maintenance')
    objectDies()
    advance(8 * SECOND)
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
  it('a time-box is over in the text that an isolate reads from KV, with the object unreachable', async () => {
    const { stash } = await createTimeBoxedFlag()
    await publish(stash, 2)
    advance(9 * SECOND)
    objectDies()
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; .*; reverted$/)
  })
  it('a time-box is over if READ_MODE does not use the object', async () => {
    const { stash } = await createTimeBoxedFlag()
    await publish(stash, 2)
    advance(7 * SECOND)
    faults.settings = { READ_MODE: 'kv' }
    expect(await stash.read('maintenance')).toBe('true')
    advance(SECOND)
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('ETag')).toBe('"2+r"')
  })
  it('the end becomes a revision at the next call of the object, however late its alarm is', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    advance(8 * SECOND)
    const read = await item(stash)
    expect(await read.text()).toBe('false')
    expect(read.headers.get('ETag')).toBe('"3"')
    expect(read.headers.get('Switchyard-Source')).not.toContain('reverted')
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, kind: 'revert', ends: 2 }])
  })
  it.each([
    ['the list of items', async (_: Stash, master: Operator) => (await master.call('GET', '/items')).body['items']],
    ['an export', async (_: Stash, master: Operator) => (await master.call('GET', '/export')).body['items']],
  ])('%s has the restored value', async (_, ask) => {
    const { stash, master } = await createTimeBoxedFlag()
    advance(8 * SECOND)
    expect(JSON.stringify(await ask(stash, master))).toContain('"false"')
  })
  it('a write is recorded after the end', async () => {
    const { master } = await createTimeBoxedFlag()
    advance(8 * SECOND)
    expect((await master.set('maintenance', 'again', '', { 'If-Match': '"2"' })).body).toMatchObject({ current: 3 })
    expect((await master.set('maintenance', 'again')).body).toMatchObject({ revision: 4 })
  })
  it('an end during which an instance died is recorded before the next write', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    advance(8 * SECOND)
    await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE held SET tries = 1, retry_at = ?', Date.now() + SECOND),
    )
    advance(SECOND)
    expect((await master.set('maintenance', 'again', '', { 'If-Match': '"2"' })).body).toMatchObject({ current: 3 })
    expect(await master.history('limit=1')).toMatchObject([{ revision: 3, kind: 'revert' }])
  })
  it('a damaged row does not break reads', async () => {
    const { stash } = await createTimeBoxedFlag()
    await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec(`UPDATE held SET change = '{' WHERE kind = 'revert'`),
    )
    await evictDurableObject(getObject(stash))
    advance(SECOND)
    expect(await stash.read('maintenance')).toBe('true')
    expect((await flags(stash)).body).toMatchObject({ flags: { maintenance: 'true' } })
  })
  it('an end that cannot be recorded yet is shown in lists and exports as well', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    await master.set('taken', 'here')
    await master.call('PATCH', '/flags?for=8s', { 'only-meanwhile': '1', taken: null })
    // As if the stash were full: the release is postponed.
    await runInDurableObject(getObject(stash), (_, { storage }) =>
      storage.sql.exec('UPDATE held SET tries = 3, retry_at = ?', Date.now() + 60 * 60 * SECOND),
    )
    advance(8 * SECOND)
    const getValues = (answer: { body: unknown }): unknown =>
      (answer.body as { items: { key: string; value: string }[] }).items.map(({ key, value }) => [key, value])
    const [taken, maintenance] = [
      ['taken', 'here'],
      ['maintenance', 'false'],
    ]
    expect(getValues(await master.call('GET', '/items'))).toEqual([taken, maintenance])
    expect(getValues(await master.call('GET', '/export'))).toEqual([maintenance, taken])
    expect(await master.history('limit=1')).toMatchObject([{ kind: 'patch' }])
  })
  it('a hundred concurrent readers see the end, which is recorded once', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    await master.call(
      'PATCH',
      '/flags?for=8s',
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k-${i}`, '1'])),
    )
    advance(8 * SECOND)
    const asked = Array.from({ length: 100 }, () =>
      runInDurableObject(getObject(stash), async (object) => JSON.stringify(await object.snapshot())),
    )
    for (const text of await Promise.all(asked)) expect(text).not.toContain('k-')
    expect((await master.history()).filter(({ kind }) => kind === 'revert')).toHaveLength(2)
  })
  it('a deletion is over: the flag exists again with its media type', async () => {
    const { stash, master } = await newOperator()
    await master.set('kept', '{"a":1}', '', { 'Content-Type': 'application/json' })
    await send(`/item/${stash.id}/kept?for=8s`, stash.as({ method: 'DELETE' }))
    const away = await item(stash, 'kept')
    expect(away.status).toBe(404)
    expect(away.headers.get('Switchyard-Until')).toBe(END)
    objectDies()
    advance(8 * SECOND)
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
    advance(8 * SECOND)
    const read = await item(stash, 'new')
    expect(read.status).toBe(404)
    expect(await read.text()).toBe('')
    expect(read.headers.get('Switchyard-Problem')).toBe('item_not_found')
    expect(read.headers.get('Switchyard-Source')).toMatch(/; reverted$/)
    expect((await send(`/stash/${stash.id}`)).headers.get('ETag')).toBe('"1+r"')
  })
  it('each of several has its own end, and a different ETag', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    await master.set('other', '1', 'for=20s')
    await flags(stash)
    objectDies()
    advance(8 * SECOND)
    expect((await flags(stash)).headers.get('ETag')).toBe('"3+r"')
    advance(12 * SECOND)
    const all = await flags(stash)
    expect(all.body['flags']).toEqual({ maintenance: 'false' })
    expect(all.headers.get('ETag')).toBe('"3+r2"')
  })
  it('an extension counts in the copies that have it', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    await master.set('maintenance', 'true', 'for=30s')
    expect((await flags(stash)).body['reverts']).toMatchObject({ maintenance: { to: 'false' } })
    objectDies()
    advance(8 * SECOND)
    expect(await stash.read('maintenance')).toBe('true')
    advance(22 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
  })
  it('a clock that is set back does not restore the time-boxed value', async () => {
    const { stash } = await createTimeBoxedFlag()
    await stash.read('maintenance')
    objectDies()
    advance(8 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
    advance(-3 * SECOND)
    expect(await stash.read('maintenance')).toBe('false')
  })
  it('OFREP evaluates the restored value, with the reason', async () => {
    const { stash } = await createTimeBoxedFlag()
    const evaluate = async (path: string) => {
      const answer = await send(`/stash/${stash.id}/ofrep/v1/evaluate/flags${path}`, { method: 'POST', body: '{}' })
      return (await answer.json()) as { flags?: unknown[] }
    }
    expect(await evaluate('/maintenance')).toMatchObject({ value: 'true', metadata: { version: 2, until: END } })
    objectDies()
    advance(8 * SECOND)
    expect(await evaluate('/maintenance')).toMatchObject({ value: 'false', metadata: { version: 2, reverted: true } })
    expect((await evaluate('')).flags).toMatchObject([{ key: 'maintenance', value: 'false' }])
  })
})

describe('a write at the moment at which a time-box ends', () => {
  it('is recorded with the time at which no end was due, even if the clock has advanced', async () => {
    const { stash, master } = await createTimeBoxedFlag()
    const end = START + 8 * SECOND
    await runInDurableObject(getObject(stash), async (object, { storage }) => {
      const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
      const intent = { kind: 'put' as const, key: 'other', value: '1', type: 'text/plain' }
      const clock = vi.spyOn(Date, 'now')
      clock.mockReturnValueOnce(end - 1).mockReturnValue(end + 50)
      await object.apply({ credential: { kind: 'token', hash }, intent })
      clock.mockRestore()
    })
    expect((await master.history())[0]).toMatchObject({ kind: 'put', at: new Date(end - 1).toISOString() })
  })
})
