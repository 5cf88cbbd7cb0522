/** Databases of former versions, opened by today's code. Nothing that was stored may be lost or change its meaning. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { STEPS } from '../../src/stash/tables/schema.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'
import { createHolder, readStored, restore, getStub, readColumns, VERSIONS, type Stored } from '../support/stored.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The time at which each recording began. */
const START = Date.UTC(2040, 0, 1)

const at = (ms: number): void => void vi.useFakeTimers({ now: START + ms, toFake: ['Date'] })

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

const getFlags = async ({ id }: Stored): Promise<Record<string, string>> => {
  const answer = await send(`/stash/${id}/flags`)
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { flags: Record<string, string> }).flags
}

/** Runs the alarm until no change is due and KV is up to date. */
async function ring(stored: Stored): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await runDurableObjectAlarm(getStub(stored))
    vi.setSystemTime(Date.now() + 2 * SECOND)
  }
}

const verify = async (stored: Stored, token: string) =>
  (await createHolder(stored, token).call('GET', '/history/verify')).body

describe.each(VERSIONS)('a stash of the schema %s', (version) => {
  const hasSafeguards = version !== '001'

  it('is served from KV while the object is unreachable', async () => {
    const frozen = readStored(version, 'frozen')
    at(2 * SECOND)
    await env.SNAPSHOTS.put(frozen.id, frozen.kv)
    faults.object = () => Promise.reject(new Error('unreachable'))
    const read = await send(`/item/${frozen.id}/a`)
    expect(read.status).toBe(200)
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
  })

  it('keeps its flags, history, tokens, links and answers', async () => {
    const shop = readStored(version, 'shop')
    const token = shop.secrets['successor'] ?? shop.token
    const master = createHolder(shop, token)
    at(90 * SECOND)
    await restore(shop)
    expect(await getFlags(shop)).toEqual({
      'traffic-target': hasSafeguards ? 'green' : 'blue',
      prices: '40',
      limits: '{"a": 1}',
      'on-call': 'alice',
      ...(hasSafeguards
        ? { 'maintenance-mode': 'true', banner: 'sale', launch: 'false' }
        : { 'maintenance-mode': 'false', banner: 'grüß Gott "friend"' }),
    })
    const limits = await send(`/item/${shop.id}/limits`)
    expect([await limits.text(), limits.headers.get('Content-Type')]).toEqual(['{"a": 1}', 'application/json'])

    expect(await verify(shop, token)).toMatchObject({ valid: true, first: 1, failure: null })
    const [oldest] = (await master.history('limit=200')).slice(-1)
    expect(oldest).toMatchObject({ revision: 1, who: 'master', reason: 'week 1' })

    // The same answer, without a second change.
    const revision = (await master.call('GET', '/items')).body['revision']
    const repeat = await createHolder(shop, shop.token).set('on-call', 'alice', '', { 'Idempotency-Key': 'page-1' })
    expect(repeat.body).toEqual(shop.answered)
    expect((await master.call('GET', '/items')).body['revision']).toBe(revision)

    const pressed = await send(shop.link.replace(/^.*\/api/, ''), { method: 'POST' })
    expect([pressed.status, await pressed.json()]).toMatchObject([200, { success: true, id: 'traffic-target' }])
    expect(await getFlags(shop)).toMatchObject({ 'traffic-target': 'yellow' })

    const undone = await master.call('POST', '/undo', { revision: 7 })
    expect([undone.status, await getFlags(shop)]).toMatchObject([200, { gone: 'x' }])
    expect((await master.set('new', '1', 'for=30m')).status).toBe(200)
    expect(await verify(shop, token)).toMatchObject({ valid: true })

    await ring(shop)
    const kv = JSON.parse((await env.SNAPSHOTS.get(shop.id)) ?? '') as { format: number; revision: number }
    expect(kv).toMatchObject({ format: 2, revision: (await master.call('GET', '/items')).body['revision'] })
  })

  it('keeps its freeze, which ends at its time', async () => {
    const frozen = readStored(version, 'frozen')
    const master = createHolder(frozen, frozen.token)
    at(MINUTE)
    await restore(frozen)
    const refused = await master.set('a', '2')
    const frozenBy = { code: 'frozen', reason: 'launch', by: 'master' }
    expect(refused.body).toMatchObject(hasSafeguards ? frozenBy : { message: 'Item stored' })
    at(HOUR + MINUTE)
    await ring(frozen)
    expect((await master.set('a', '3')).status).toBe(200)
    // The master token has every ability, even if it was created before abilities existed.
    expect((await master.call('PUT', '/guards/a', { type: 'number' })).status).toBe(200)
    expect((await master.call('PUT', '/freeze', { reason: 'again' })).status).toBe(200)
    expect(await verify(frozen, frozen.token)).toMatchObject({ valid: true })
  })

  it('keeps the WrenDB profile, whose items lapse', async () => {
    const wrendb = readStored(version, 'wrendb')
    at(29 * DAY + 5 * SECOND)
    await restore(wrendb)
    expect(await getFlags(wrendb)).toEqual({ early: '1', late: '2' })
    // In this profile a link acts when it is opened.
    expect((await send(wrendb.link.replace(/^.*\/api/, ''))).status).toBe(200)
    expect((await send(`/item/${wrendb.id}/fresh`, { method: 'POST', body: '4' })).status).toBe(200)
    expect((await send(`/item/${wrendb.id}/late`, { method: 'POST', body: '4' })).status).toBe(409)
    // Lapses are neither listed nor counted as held changes.
    expect(await createHolder(wrendb, wrendb.token).held()).toEqual([])
    at(30 * DAY + HOUR)
    await ring(wrendb)
    expect(await getFlags(wrendb)).toEqual({ late: '3', fresh: '4' })
    expect(await verify(wrendb, wrendb.token)).toMatchObject({ valid: true })
  })

  it('keeps its deletion, which is put to KV before the tables are deleted', async () => {
    const deleted = readStored(version, 'deleted')
    at(MINUTE)
    await restore(deleted)
    expect((await send(`/item/${deleted.id}/a`)).status).toBe(404)
    expect((await createHolder(deleted, deleted.token).set('a', '2')).status).toBe(404)
    await ring(deleted)
    expect(await env.SNAPSHOTS.get(deleted.id, 'json')).toMatchObject({ stash: null })
    await expect.poll(() => readColumns(getStub(deleted))).toEqual({})
  })

  it('has the tables of a new stash', async () => {
    const fresh = await newStash()
    expect(await readColumns(getStub(readStored(version, 'frozen')))).toEqual(await readColumns(getObject(fresh)))
  })
})

describe.each(VERSIONS.filter((version) => version !== '001'))('held changes of the schema %s', (version) => {
  it('are open to the same people, and are applied at their time', async () => {
    // Continues with the stash that was restored above.
    const shop = readStored(version, 'shop')
    const { successor = '', second = '', pipeline = '', nested = '', revoked = '', expired = '' } = shop.secrets
    const master = createHolder(shop, successor)
    at(3 * MINUTE)
    for (const [dead, code] of [
      [revoked, 'token_revoked'],
      [expired, 'token_expired'],
    ] as const) {
      const answer = await createHolder(shop, dead).set('x', '1')
      expect(answer.status).toBe(403)
      // Before migration 005 an ended token was forgotten.
      expect([code, 'invalid_token']).toContain(answer.body.code)
    }
    expect((await createHolder(shop, nested).set('prices', '1')).body.code).toBe('not_permitted')
    expect((await master.set('prices', 'many')).body.code).toBe('guard_mismatch')
    expect((await master.set('maintenance-mode', 'true', 'for=3h')).body.code).toBe('time_box_required')

    const waiting = await master.held()
    // One of three time-boxes was over by then, and was reverted before this answer.
    expect(waiting.map(({ kind }) => kind).sort()).toEqual(['approval', 'revert', 'revert', 'schedule'])
    const boxed = waiting.find(({ kind, keys }) => kind === 'revert' && keys.includes('maintenance-mode'))
    expect(boxed).toMatchObject({ set_by: { label: 'pipeline' } })
    const asked = String(shop.secrets['held'])
    // `nested` descends from `pipeline`, so they have one holder.
    for (const own of [nested, pipeline]) {
      const answer = await createHolder(shop, own).call('POST', `/held/${asked}/approve`)
      expect(answer.status).toBe(403)
    }
    expect((await createHolder(shop, second).call('POST', `/held/${asked}/approve`)).status).toBe(200)

    await ring(shop)
    expect(await getFlags(shop)).toMatchObject({
      launch: 'true',
      banner: 'grüß Gott "friend"',
      'maintenance-mode': 'true',
    })
    at(HOUR + MINUTE)
    await ring(shop)
    expect(await getFlags(shop)).toMatchObject({ 'maintenance-mode': 'false', 'on-call': 'alice' })
    // The overlap of the first master token is over.
    expect((await createHolder(shop, shop.token).set('x', '1')).status).toBe(403)
    at(3 * HOUR + MINUTE)
    await ring(shop)
    expect(await getFlags(shop)).toMatchObject({ 'on-call': 'bob' })
    expect(await verify(shop, successor)).toMatchObject({ valid: true })
  })
})

describe('a migration that fails', () => {
  it('leaves the stash readable from KV, unwritable and unchanged, is logged, and continues with a corrected version', async () => {
    at(4 * HOUR)
    const planted = { id: '999_planted', sql: 'CREATE TABLE planted (x INTEGER); UPDATE planted_by_a_test SET x = 1' }
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { stash, master } = await newOperator()
    const { id } = stash
    await master.set('a', '1')
    await runDurableObjectAlarm(getObject({ id }))
    const before = await readColumns(getObject({ id }))
    expect(await env.SNAPSHOTS.get(id)).not.toBeNull()
    STEPS.push(planted)
    try {
      await evictDurableObject(getObject({ id }))
      at(4 * HOUR + MINUTE)
      const read = await send(`/item/${id}/a`)
      expect([await read.text(), read.headers.get('Switchyard-Source')]).toEqual([
        '1',
        expect.stringMatching(/unvouched/),
      ])
      const written = await master.set('a', '2')
      expect([written.status, written.body]).toMatchObject([500, { code: 'internal', applied: 'unknown' }])
      const lines = logged.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('stash/migrate'))
      expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ level: 'error', at: 'stash/migrate', stash: id })
    } finally {
      STEPS.pop()
      logged.mockRestore()
    }
    at(4 * HOUR + 2 * MINUTE)
    expect((await master.set('a', '3')).body).toMatchObject({ revision: 2 })
    expect(await readColumns(getObject({ id }))).toEqual(before)
    await runInDurableObject(getObject({ id }), (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS n FROM migration').one()['n']).toBe(STEPS.length)
    })
  })
  it('does not lose due changes: a dropped alarm is set again when the object starts', async () => {
    at(5 * HOUR)
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'at=2040-01-01T06:00:00Z')
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 2 * SECOND)
      await runDurableObjectAlarm(getObject(stash))
    }
    const alarm = () => runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())
    expect(await alarm()).toBe(START + 6 * HOUR)
    // The platform drops an alarm after six retries.
    const dropAlarm = async () => {
      await runInDurableObject(getObject(stash), (_, { storage }) => storage.deleteAlarm())
      await evictDurableObject(getObject(stash))
    }
    await dropAlarm()
    at(6 * HOUR - SECOND)
    await expect.poll(alarm).toBe(START + 6 * HOUR)
    await dropAlarm()
    at(6 * HOUR + SECOND)
    await stash.revision()
    expect(await alarm()).toBe(START + 6 * HOUR)
    for (let i = 0; i < 3; i++) {
      await runDurableObjectAlarm(getObject(stash))
      vi.setSystemTime(Date.now() + 2 * SECOND)
    }
    expect(await stash.read('a')).toBe('2')
    expect(await alarm()).toBeNull()
  })
})
