/** Databases of former versions, opened by today's code: nothing that was stored may be lost, or mean something else. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { STEPS } from '../../src/stash/tables/schema.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, objectOf, send } from '../support/front-door.ts'
import { holderOf, readStored, restore, stubOf, tablesOf, VERSIONS, type Stored } from '../support/stored.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** When each recorded story began. */
const START = Date.UTC(2040, 0, 1)

const at = (ms: number): void => void vi.useFakeTimers({ now: START + ms, toFake: ['Date'] })

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

const flagsOf = async ({ id }: Stored): Promise<Record<string, string>> => {
  const answer = await send(`/stash/${id}/flags`)
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { flags: Record<string, string> }).flags
}

/** Until nothing is due and KV has all. */
async function ring(stored: Stored): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await runDurableObjectAlarm(stubOf(stored))
    vi.setSystemTime(Date.now() + 2 * SECOND)
  }
}

const verify = async (stored: Stored, token: string) =>
  (await holderOf(stored, token).call('GET', '/history/verify')).body

describe.each(VERSIONS)('what the schema %s left', (version) => {
  const hasSafeguards = version !== '001'

  it('in KV is served while the object is away', async () => {
    const frozen = readStored(version, 'frozen')
    at(2 * SECOND)
    await env.SNAPSHOTS.put(frozen.id, frozen.kv)
    faults.object = () => Promise.reject(new Error('away'))
    const read = await send(`/item/${frozen.id}/a`)
    expect(read.status).toBe(200)
    expect(read.headers.get('Switchyard-Source')).toMatch(/^kv; unvouched; /)
  })

  it('is a full stash: flags, history, tokens, links and answers', async () => {
    const shop = readStored(version, 'shop')
    const token = shop.secrets['successor'] ?? shop.token
    const master = holderOf(shop, token)
    at(90 * SECOND)
    await restore(shop)
    expect(await flagsOf(shop)).toEqual({
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

    // The same answer, and no second change.
    const revision = (await master.call('GET', '/items')).body['revision']
    const repeat = await holderOf(shop, shop.token).set('on-call', 'alice', '', { 'Idempotency-Key': 'page-1' })
    expect(repeat.body).toEqual(shop.answered)
    expect((await master.call('GET', '/items')).body['revision']).toBe(revision)

    const pressed = await send(shop.link.replace(/^.*\/api/, ''), { method: 'POST' })
    expect([pressed.status, await pressed.json()]).toMatchObject([200, { success: true, id: 'traffic-target' }])
    expect(await flagsOf(shop)).toMatchObject({ 'traffic-target': 'yellow' })

    const undone = await master.call('POST', '/undo', { revision: 7 })
    expect([undone.status, await flagsOf(shop)]).toMatchObject([200, { gone: 'x' }])
    expect((await master.set('new', '1', 'for=30m')).status).toBe(200)
    expect(await verify(shop, token)).toMatchObject({ valid: true })

    await ring(shop)
    const kv = JSON.parse((await env.SNAPSHOTS.get(shop.id)) ?? '') as { format: number; revision: number }
    expect(kv).toMatchObject({ format: 2, revision: (await master.call('GET', '/items')).body['revision'] })
  })

  it('is a freeze, which ends in its time', async () => {
    const frozen = readStored(version, 'frozen')
    const master = holderOf(frozen, frozen.token)
    at(MINUTE)
    await restore(frozen)
    const refused = await master.set('a', '2')
    const frozenBy = { code: 'frozen', reason: 'launch', by: 'master' }
    expect(refused.body).toMatchObject(hasSafeguards ? frozenBy : { message: 'Item stored' })
    at(HOUR + MINUTE)
    await ring(frozen)
    expect((await master.set('a', '3')).status).toBe(200)
    // The master token can do everything, also where it was made before there were abilities.
    expect((await master.call('PUT', '/guards/a', { type: 'number' })).status).toBe(200)
    expect((await master.call('PUT', '/freeze', { reason: 'again' })).status).toBe(200)
    expect(await verify(frozen, frozen.token)).toMatchObject({ valid: true })
  })

  it('is a stash with the old manners, whose items lapse', async () => {
    const wrendb = readStored(version, 'wrendb')
    at(29 * DAY + 5 * SECOND)
    await restore(wrendb)
    expect(await flagsOf(wrendb)).toEqual({ early: '1', late: '2' })
    // There a link acts when it is opened.
    expect((await send(wrendb.link.replace(/^.*\/api/, ''))).status).toBe(200)
    expect((await send(`/item/${wrendb.id}/fresh`, { method: 'POST', body: '4' })).status).toBe(200)
    expect((await send(`/item/${wrendb.id}/late`, { method: 'POST', body: '4' })).status).toBe(409)
    // What lapses is not listed among what waits, and does not count as such.
    expect(await holderOf(wrendb, wrendb.token).held()).toEqual([])
    at(30 * DAY + HOUR)
    await ring(wrendb)
    expect(await flagsOf(wrendb)).toEqual({ late: '3', fresh: '4' })
    expect(await verify(wrendb, wrendb.token)).toMatchObject({ valid: true })
  })

  it('is a deletion, which KV is told of before nothing is left', async () => {
    const deleted = readStored(version, 'deleted')
    at(MINUTE)
    await restore(deleted)
    expect((await send(`/item/${deleted.id}/a`)).status).toBe(404)
    expect((await holderOf(deleted, deleted.token).set('a', '2')).status).toBe(404)
    await ring(deleted)
    expect(await env.SNAPSHOTS.get(deleted.id, 'json')).toMatchObject({ stash: null })
    await expect.poll(() => tablesOf(stubOf(deleted))).toEqual({})
  })

  it('has the tables of a new stash', async () => {
    const fresh = await newStash()
    expect(await tablesOf(stubOf(readStored(version, 'frozen')))).toEqual(await tablesOf(objectOf(fresh)))
  })
})

describe.each(VERSIONS.filter((version) => version !== '001'))('what waited under the schema %s', (version) => {
  it('lets the same people do the same, and happens when it is due', async () => {
    // Goes on with the stash that was restored above.
    const shop = readStored(version, 'shop')
    const { successor = '', second = '', pipeline = '', nested = '', revoked = '', expired = '' } = shop.secrets
    const master = holderOf(shop, successor)
    at(3 * MINUTE)
    for (const [dead, code] of [
      [revoked, 'token_revoked'],
      [expired, 'token_expired'],
    ] as const) {
      const answer = await holderOf(shop, dead).set('x', '1')
      expect(answer.status).toBe(403)
      // Before step 005 an ended token was forgotten.
      expect([code, 'invalid_token']).toContain(answer.body.code)
    }
    expect((await holderOf(shop, nested).set('prices', '1')).body.code).toBe('not_permitted')
    expect((await master.set('prices', 'many')).body.code).toBe('guard_mismatch')
    expect((await master.set('maintenance-mode', 'true', 'for=3h')).body.code).toBe('time_box_required')

    const waiting = await master.held()
    // One of three time-boxes was over by then, and has gone back before this was answered.
    expect(waiting.map(({ kind }) => kind).sort()).toEqual(['approval', 'revert', 'revert', 'schedule'])
    const boxed = waiting.find(({ kind, keys }) => kind === 'revert' && keys.includes('maintenance-mode'))
    expect(boxed).toMatchObject({ set_by: { label: 'pipeline' } })
    const asked = String(shop.secrets['held'])
    // `nested` descends from `pipeline`: they are one holder.
    for (const own of [nested, pipeline]) {
      const answer = await holderOf(shop, own).call('POST', `/held/${asked}/approve`)
      expect(answer.status).toBe(403)
    }
    expect((await holderOf(shop, second).call('POST', `/held/${asked}/approve`)).status).toBe(200)

    await ring(shop)
    expect(await flagsOf(shop)).toMatchObject({
      launch: 'true',
      banner: 'grüß Gott "friend"',
      'maintenance-mode': 'true',
    })
    at(HOUR + MINUTE)
    await ring(shop)
    expect(await flagsOf(shop)).toMatchObject({ 'maintenance-mode': 'false', 'on-call': 'alice' })
    // The overlap of the first master token is over.
    expect((await holderOf(shop, shop.token).set('x', '1')).status).toBe(403)
    at(3 * HOUR + MINUTE)
    await ring(shop)
    expect(await flagsOf(shop)).toMatchObject({ 'on-call': 'bob' })
    expect(await verify(shop, successor)).toMatchObject({ valid: true })
  })
})

describe('a migration that fails', () => {
  it('leaves the stash readable from KV, unwritable and as it was, is logged, and goes on with a mended version', async () => {
    at(4 * HOUR)
    const planted = { id: '999_planted', sql: 'CREATE TABLE planted (x INTEGER); UPDATE planted_by_a_test SET x = 1' }
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { stash, master } = await newOperator()
    const { id } = stash
    await master.set('a', '1')
    await runDurableObjectAlarm(objectOf({ id }))
    const before = await tablesOf(objectOf({ id }))
    expect(await env.SNAPSHOTS.get(id)).not.toBeNull()
    STEPS.push(planted)
    try {
      await evictDurableObject(objectOf({ id }))
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
    expect(await tablesOf(objectOf({ id }))).toEqual(before)
    await runInDurableObject(objectOf({ id }), (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS n FROM migration').one()['n']).toBe(STEPS.length)
    })
  })
  it('does not take what is due with it: a dropped alarm is set again when the object wakes', async () => {
    at(5 * HOUR)
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.set('a', '2', 'at=2040-01-01T06:00:00Z')
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 2 * SECOND)
      await runDurableObjectAlarm(objectOf(stash))
    }
    const alarm = () => runInDurableObject(objectOf(stash), (_, { storage }) => storage.getAlarm())
    expect(await alarm()).toBe(START + 6 * HOUR)
    // What the platform does after six tries.
    await runInDurableObject(objectOf(stash), (_, { storage }) => storage.deleteAlarm())
    await evictDurableObject(objectOf(stash))
    at(6 * HOUR - SECOND)
    expect(await alarm()).toBeNull()
    await evictDurableObject(objectOf(stash))
    at(6 * HOUR + SECOND)
    await stash.revision()
    expect(await alarm()).toBe(START + 6 * HOUR)
    for (let i = 0; i < 3; i++) {
      await runDurableObjectAlarm(objectOf(stash))
      vi.setSystemTime(Date.now() + 2 * SECOND)
    }
    expect(await stash.read('a')).toBe('2')
    expect(await alarm()).toBeNull()
  })
})
