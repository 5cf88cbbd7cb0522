import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'
import { countLines, kvRevision, textAt } from '../support/kv-text.ts'
import type { Stash } from '../support/stash.ts'
import { watchSocket } from '../support/watcher.ts'

afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

/** An object that was restored from an older state: it is at revision 3, in a new instance, and KV has revision 8. */
async function restoreOlder(stash: Stash): Promise<void> {
  for (const value of ['1', '2', '3']) await stash.put('n', value)
  await expect.poll(() => kvRevision(stash.id)).toBe(3)
  await evictDurableObject(getObject(stash))
  await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 8))
}

/** KV has 8, and the next revisions, which others may have seen, are skipped. */
const AFTER = 8 + 1_000

describe('an object that was restored to a state older than KV', () => {
  it("continues past KV's revision with its first write, which readers get and history explains", async () => {
    const { stash, master } = await newOperator()
    await restoreOlder(stash)
    const lines = countLines()
    let lowest = Infinity
    faults.kvPut = async (call) => {
      await call()
      lowest = Math.min(lowest, await kvRevision(stash.id))
    }
    expect(await (await stash.put('n', 'nine')).json()).toMatchObject({ revision: 4 })
    await expect.poll(() => kvRevision(stash.id)).toBe(AFTER)
    expect(lowest).toBe(AFTER)
    expect(lines('stash/recovered')).toBe(1)
    const read = await send(`/item/${stash.id}/n?min_revision=${AFTER}`)
    expect(await read.text()).toBe('nine')
    // Version 4 had another value in the old timeline, whose ETags must not match a value of the new one.
    expect(read.headers.get('ETag')).toBe(`"${AFTER}"`)
    expect(read.headers.get('Switchyard-Source')).toMatch(/; vouched; /)

    expect((await master.history())[0]).toMatchObject({
      revision: AFTER,
      kind: 'recovered',
      who: 'stash',
      recovered: { from: 4, kv: 8 },
    })
    const verified = await send(`/stash/${stash.id}/history/verify`, stash.as())
    expect(await verified.json()).toMatchObject({ valid: true, head: AFTER })
    expect(await (await stash.put('n', 'ten')).json()).toMatchObject({ revision: AFTER + 1 })
  })
  it('continues past the last revision that a hub has sent to its watchers, even if KV is behind it', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await stash.put('n', value)
    await expect.poll(() => kvRevision(stash.id)).toBe(3)
    await evictDurableObject(getObject(stash))
    const lines = countLines()
    const hub = { name: `${stash.id}/XX/0`, told: 5 }
    const after = 5 + 1_000
    expect(await getObject(stash).missed(5, [], 'texts', hub)).toMatchObject({ head: after })
    expect(lines('stash/recovered')).toBe(1)
    expect((await master.history())[0]).toMatchObject({ revision: after, recovered: { from: 3, kv: 5 } })
    // A hub that has sent no more than the stash has is no sign of a recovery.
    expect(await getObject(stash).missed(after, [], 'texts', { ...hub, told: after })).toMatchObject({ head: after })
    expect(lines('stash/recovered')).toBe(1)
  })
  it("continues past KV's revision when it is read, with its own values at a revision above all that were shown", async () => {
    const stash = await newStash()
    await stash.put('n', '3')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await evictDurableObject(getObject(stash))
    // This isolate has not read the stash yet, and made its write in the new timeline.
    await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 8))
    const lines = countLines()
    const read = await send(`/item/${stash.id}/n`)
    expect(await read.text()).toBe('3')
    expect(read.headers.get('Switchyard-Revision')).toBe(String(AFTER))
    expect(read.headers.get('Switchyard-Source')).toMatch(/^object; vouched; /)
    expect([lines('edge/diverged'), lines('stash/recovered')]).toEqual([1, 1])
    await expect.poll(() => kvRevision(stash.id)).toBe(AFTER)
  })
  it('notices even if it has made as many revisions again, and crashed, before it reads KV', async () => {
    const stash = await newStash()
    await restoreOlder(stash)
    countLines()
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    for (let i = 0; i < 5; i++) await stash.put('n', `new ${i}`)
    await evictDurableObject(getObject(stash))
    expect(await stash.revision()).toBe(8)
    faults.kvGet = null
    await expect.poll(() => kvRevision(stash.id)).toBe(AFTER)
    expect(await (await send(`/item/${stash.id}/n?min_revision=${AFTER}`)).text()).toBe('new 4')
  })
  it('sends no change to a cursor that may be of the old timeline, while KV cannot be read', async () => {
    const stash = await newStash()
    await restoreOlder(stash)
    countLines()
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    await stash.put('n', 'new')
    await stash.put('n', 'newer')
    // Nor does the instance that follows the one that made them.
    await evictDurableObject(getObject(stash))
    const poll = async (seen: number) => (await send(`/stash/${stash.id}/watch?after=${seen}&wait=5s`)).text()
    expect(await poll(4)).toContain('{"type":"snapshot","revision":5,"flags":{"n":"newer"}}')
    expect(await poll(3)).toContain('"type":"change"')
  })
  it('refuses a write with a condition from the old timeline, and names the current version', async () => {
    const stash = await newStash()
    await restoreOlder(stash)
    const refused = await stash.put('n', 'x', { headers: { 'If-Match': '"8"' } })
    expect(refused.status).toBe(412)
    expect(await refused.json()).toMatchObject({ code: 'version_conflict', current: 3 })
  })
  // 12: KV is late, and watchers have received more than it ever had.
  it.each([3, 5, 8, 12])('sends a watcher with revision %i a snapshot, and then changes', async (after) => {
    const stash = await newStash()
    await restoreOlder(stash)
    await getObject(stash).recover(8)
    const poll = async (seen: number) =>
      (await send(`/stash/${stash.id}/watch?after=${seen}&wait=5s`)).json() as Promise<{ events: object[] }>
    expect(JSON.stringify(await poll(after))).toContain(`{"type":"snapshot","revision":${AFTER},"flags":{"n":"3"}}`)
    await stash.put('n', 'ten')
    expect(JSON.stringify(await poll(AFTER))).toContain(
      `{"type":"change","revision":${AFTER + 1},"changes":{"n":"ten"}}`,
    )
    expect(JSON.stringify(await poll(after))).toContain(
      `{"type":"snapshot","revision":${AFTER + 1},"flags":{"n":"ten"}}`,
    )
  })
  it('sends a snapshot to connected watchers, also through hubs of either version', async () => {
    const stash = await newStash()
    await restoreOlder(stash)
    const object = getObject(stash)
    const opened = await object.fetch('https://stash/watch?after=3', { headers: { Upgrade: 'websocket' } })
    const socket = opened.webSocket
    if (socket === null) throw new Error('no socket')
    const received: string[] = []
    socket.addEventListener('message', ({ data }) => void received.push(String(data)))
    socket.accept()
    await object.recover(8)
    await expect.poll(() => received).toEqual([`{"type":"snapshot","revision":${AFTER},"flags":{"n":"3"}}`])
    const snapshot = { type: 'snapshot', revision: AFTER, values: [{ key: 'n', value: '3' }] }
    expect(await object.missed(3)).toMatchObject({ head: AFTER, events: [snapshot] })
    expect(await object.missed(8, null, 'texts')).toMatchObject({ texts: received })
    socket.close()
  })
  it('sends changes to watchers in hubs that subscribed in the lost time', async () => {
    faults.watchersPerObject = 1
    const stash = await newStash()
    await stash.put('n', '1')
    const first = await watchSocket(send, `/stash/${stash.id}/watch`)
    const second = await watchSocket(send, `/stash/${stash.id}/watch`)
    await second.until(1)
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('DELETE FROM hub'))
    await evictDurableObject(getObject(stash))
    await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 8))
    countLines()
    await getObject(stash).recover(8)
    expect((await second.until(2)).at(-1)).toMatchObject({ type: 'snapshot', revision: AFTER })
    // Of all hubs that were called, those without watchers are dropped.
    const hubs = () =>
      runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('SELECT name FROM hub').toArray())
    await expect.poll(async () => (await hubs()).length).toBe(1)
    for (const watcher of [first, second]) watcher.stop()
  })
  it('keeps its newest history if storage is full: skipped revisions do not count as entries', async () => {
    const { stash, master } = await newOperator()
    await restoreOlder(stash)
    countLines()
    await getObject(stash).recover(8)
    await stash.put('n', 'ten')
    await runInDurableObject(getObject(stash), (_, { storage }) =>
      Object.defineProperty(storage.sql, 'databaseSize', { configurable: true, get: () => 7 * 1024 ** 3 }),
    )
    await runDurableObjectAlarm(getObject(stash))
    expect((await master.history()).map(({ revision }) => revision)).toEqual([AFTER + 1, AFTER, 3, 2, 1])
  })
  it('undoes its own revisions, and answers that it does not know the others', async () => {
    const { stash } = await newOperator()
    await restoreOlder(stash)
    await getObject(stash).recover(8)
    const undo = (revision: number) =>
      send(`/stash/${stash.id}/undo`, stash.as({ method: 'POST', body: JSON.stringify({ revision }) }))
    expect(await (await undo(5)).json()).toMatchObject({ code: 'revision_not_found' })
    expect(await (await undo(AFTER)).json()).toMatchObject({ code: 'nothing_to_undo' })
    expect((await undo(3)).status).toBe(200)
    expect(await stash.read('n')).toBe('2')
  })
  it('trusts only KV, and reads it at most once in some seconds, however often it is called', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    let asked = 0
    faults.kvGet = (_, call) => {
      asked++
      return call()
    }
    const heads = await Promise.all(Array.from({ length: 50 }, (_, i) => getObject(stash).recover(1_000 + i)))
    expect(new Set(heads)).toEqual(new Set([1]))
    expect(asked).toBe(1)
    expect(await getObject(stash).recover(0)).toBe(1)
    expect(await stash.revision()).toBe(1)
  })
  it('continues past KV, which may be late, by a fixed gap, whatever revision callers claim', async () => {
    const stash = await newStash()
    await restoreOlder(stash)
    countLines()
    expect(await getObject(stash).recover(20)).toBe(AFTER)
    expect(await getObject(stash).recover(AFTER + 5)).toBe(AFTER)
    const verified = await send(`/stash/${stash.id}/history/verify`, stash.as())
    expect(await verified.json()).toMatchObject({ valid: true, head: AFTER })
  })
  it('puts nothing before it has read KV', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    await evictDurableObject(getObject(stash))
    await env.SNAPSHOTS.put(stash.id, textAt(stash.id, 8))
    const lines = countLines()
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    let puts = 0
    faults.kvPut = (call) => {
      puts++
      return call()
    }
    await stash.put('n', '2')
    await expect.poll(() => lines('stash/publish')).toBe(1)
    expect(puts).toBe(0)
    expect(await kvRevision(stash.id)).toBe(8)
    faults.kvGet = null
    await expect.poll(() => kvRevision(stash.id)).toBe(AFTER)
  })
  it('is not called for a recovery by a copy that is only newer than an earlier vouch', async () => {
    const stash = await newStash()
    await stash.put('n', '1')
    await expect.poll(() => kvRevision(stash.id)).toBe(1)
    const lines = countLines()
    const methods: string[] = []
    faults.object = async (method, call) => {
      methods.push(method)
      // Committed and put while the first answer is in flight.
      const answer = await call()
      return method === 'vouch' && methods.length === 1 ? (answer as number) - 1 : answer
    }
    const read = await send(`/item/${stash.id}/n`)
    expect(read.headers.get('Switchyard-Source')).toMatch(/; vouched; /)
    expect(methods).not.toContain('recover')
    expect(lines('edge/diverged')).toBe(0)
  })
})
