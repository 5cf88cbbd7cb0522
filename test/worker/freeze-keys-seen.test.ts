/** Freezes of some keys: their end, who sees what of them, and their rows. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject, send } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import { countRows, createSharedStash, freezeKeys, readFacts } from '../support/shared-stash.ts'

const HOUR = 60 * 60_000
const ONE_O_CLOCK = '2031-01-01T01:00:00.000Z'
const TWO_O_CLOCK = '2031-01-01T02:00:00.000Z'

freezeTime()
afterEach(clearFaults)

describe('the end of a freeze of keys', () => {
  it('comes by the clock, before any other change, even if the alarm is late', async () => {
    const { master } = await createSharedStash()
    await freezeKeys(master, ['a'], { until: ONE_O_CLOCK, reason: 'launch' })
    vi.setSystemTime(Date.now() + HOUR)
    expect((await master.set('a', '1')).status).toBe(200)
    expect(await master.history('limit=2')).toMatchObject([
      { kind: 'put' },
      { kind: 'unfreeze', who: 'stash', reason: 'its time is over', freeze: { keys: ['a'], until: ONE_O_CLOCK } },
    ])
    expect((await master.call('GET', '/history/verify')).body['valid']).toBe(true)
  })
  it('changes the public facts and their ETag in a copy that the object does not confirm, each end once more', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['a'], { until: ONE_O_CLOCK })
    await freezeKeys(master, ['b'], { until: TWO_O_CLOCK })
    await freezeKeys(master, ['c'])
    const { body } = await readFacts(stash)
    expect(body).toMatchObject({ frozen: false, frozen_until: null })
    expect(body['freezes']).toEqual([
      { keys: ['a'], until: ONE_O_CLOCK },
      { keys: ['b'], until: TWO_O_CLOCK },
      { keys: ['c'], until: null },
    ])
    faults.object = () => Promise.reject(new Error('the object is down'))
    const tags: string[] = []
    for (const left of [2, 1]) {
      vi.setSystemTime(Date.now() + HOUR)
      const answer = await send(`/stash/${stash.id}`, { headers: { 'If-None-Match': tags.at(-1) ?? '"4"' } })
      expect(answer.status).toBe(200)
      expect(((await answer.json()) as { freezes: object[] }).freezes).toHaveLength(left)
      tags.push(answer.headers.get('ETag') ?? '')
    }
    expect(tags).toEqual(['"4+r"', '"4+r2"'])
  })
  it('is in the public facts and the metrics at once, also from a copy that was served before it', async () => {
    const { stash, master } = await createSharedStash()
    const until = new Date(Date.now() + 300).toISOString()
    await freezeKeys(master, ['a'], { until })
    await master.call('PUT', '/freeze', { until })
    const readMetrics = async () => (await send(`/stash/${stash.id}/metrics`)).text()
    expect((await readFacts(stash)).body).toMatchObject({ frozen: true, freezes: [{ keys: null }, { keys: ['a'] }] })
    expect(await readMetrics()).toMatch(/^switchyard_frozen 1\n[^]*^switchyard_frozen_key_sets 1\n/m)
    vi.setSystemTime(Date.now() + 300)
    const facts = await (await send(`/stash/${stash.id}`)).json()
    expect(facts).toMatchObject({ frozen: false, frozen_until: null, freezes: [] })
    expect(await readMetrics()).toMatch(/^switchyard_frozen 0\n[^]*^switchyard_frozen_key_sets 0\n/m)
  })
})

describe('what a token for some keys sees', () => {
  it('is in history a freeze all of whose patterns it reaches', async () => {
    const { stash, master, shop } = await createSharedStash()
    await freezeKeys(master, ['auth.*', 'shop.*'], { reason: 'auth burns' })
    await freezeKeys(master, ['shop.a'], { reason: 'mine', until: ONE_O_CLOCK })
    await master.call('PUT', '/freeze', { reason: 'all' })
    await pass(stash, HOUR)
    expect(await shop.history()).toMatchObject([
      { kind: 'unfreeze', freeze: { keys: ['shop.a'] } },
      { kind: 'freeze', reason: 'mine', changes: [], freeze: { keys: ['shop.a'], reason: 'mine', by: 'master' } },
    ])
    expect((await master.history()).map(({ kind }) => kind)).toEqual([
      'unfreeze',
      'freeze',
      'freeze',
      'freeze',
      'add_token',
    ])
  })
  it('is in GET …/held and in a refusal no reason of a freeze of other keys as well', async () => {
    const { stash, master, shop } = await createSharedStash()
    await freezeKeys(master, ['auth.*', 'shop.*'], { reason: 'auth burns' })
    await freezeKeys(master, ['shop.a'], { reason: 'mine' })
    const { body } = await shop.call('GET', '/held')
    expect(body['freeze']).toBeNull()
    expect(body['freezes']).toEqual([
      { keys: ['auth.*', 'shop.*'], until: null, reason: null, by: null },
      { keys: ['shop.a'], until: null, reason: 'mine', by: 'master' },
    ])
    const refused = await shop.set('shop.b', '1')
    expect(refused).toMatchObject({ status: 423, body: { by: null, reason: null, may_break_glass: true } })
    const { body: facts } = await readFacts(stash)
    for (const shown of [body, refused.body, facts]) expect(JSON.stringify(shown)).not.toContain('burns')
  })
})

describe('a freeze of keys in storage', () => {
  it('is in the copy in KV without its reason, survives the object, and is gone with the stash', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['a.*'], { reason: 'a breach', until: ONE_O_CLOCK })
    await runDurableObjectAlarm(getObject(stash))
    const published = async () => (await env.SNAPSHOTS.get(stash.id)) ?? ''
    await expect.poll(published).toContain(`"key_freezes":[{"keys":["a.*"],"until":${Date.parse(ONE_O_CLOCK)}}]`)
    expect(await published()).not.toContain('breach')
    await evictDurableObject(getObject(stash))
    expect((await master.set('a.b', '1')).status).toBe(423)
    expect((await master.call('DELETE', '', undefined, { 'Break-Glass': 'over' })).status).toBe(200)
    expect([await countRows(stash, 'key_freeze'), await countRows(stash, 'held')]).toEqual([0, 0])
  })
  it('has nothing that an older version takes for a freeze of the whole stash, or for its end', async () => {
    const { stash, master } = await createSharedStash()
    await freezeKeys(master, ['a'], { until: ONE_O_CLOCK })
    await master.call('PUT', '/freeze', { until: TWO_O_CLOCK })
    await runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
      const rows = sql.exec(`SELECT id, change FROM held WHERE kind = 'thaw' ORDER BY due_at`).toArray()
      expect(rows).toEqual([
        { id: 'thaw-2', change: '{"kind":"thaw_keys","keys":["a"]}' },
        { id: 'thaw', change: '{"kind":"thaw"}' },
      ])
      // The older version ends the freeze that it knows. It cannot release the other end, and postpones that.
      sql.exec(`DELETE FROM held WHERE id = 'thaw'`)
      sql.exec('UPDATE stash SET freeze = NULL')
      sql.exec(`UPDATE held SET tries = 0, retry_at = due_at + 60000 WHERE id = 'thaw-2'`)
    })
    await evictDurableObject(getObject(stash))
    expect(await master.set('a', '1')).toMatchObject({ status: 423, body: { keys: ['a'] } })
    await pass(stash, HOUR)
    // It has ended by the clock, before the release that was postponed.
    expect((await master.set('a', '1')).status).toBe(200)
    await pass(stash, 60_000)
    expect(await master.history('limit=1')).toMatchObject([{ kind: 'unfreeze', freeze: { keys: ['a'] } }])
    expect([await countRows(stash, 'key_freeze'), await countRows(stash, 'held')]).toEqual([0, 0])
  })
})
