/** A hub on its own: how it handles events, and watchers that connect and disconnect meanwhile. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HubObject } from '../../src/live/hub-object.ts'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'
import { watchSocket, watchStream, type Watcher } from '../support/watcher.ts'

const open: Watcher[] = []

beforeEach(() => {
  faults.watchersPerObject = 1
})
afterEach(() => {
  clearFaults()
  for (const watcher of open.splice(0)) watcher.stop()
})

const watch = async (stash: Stash, query = ''): Promise<Watcher> => {
  const watcher = await watchSocket(send, `/stash/${stash.id}/watch${query}`)
  open.push(watcher)
  return watcher
}

/** A stash whose only place is taken, so that watchers connect to the hub. */
async function makeCrowded() {
  const { stash, master } = await newOperator()
  await watch(stash)
  // Only the hub gets this limit, from the Worker: the object read its setting at its start.
  faults.watchersPerObject = 20
  const hub = env.HUBS.get(env.HUBS.idFromName(`${stash.id}/XX/0`))
  const rows = () =>
    runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('SELECT told FROM hub').toArray())
  return { stash, master, hub, rows }
}

const change = (revision: number): WatchEvent => ({
  type: 'change',
  revision,
  values: [{ key: 'a', value: String(revision) }],
})
const snapshot = (revision: number): WatchEvent => ({ ...change(revision), type: 'snapshot' })
const getRevisions = ({ events }: Watcher) => events.map(({ revision }) => revision)

describe('a hub', () => {
  it('sends an event once that it receives twice', async () => {
    const { stash, hub } = await makeCrowded()
    const watcher = await watch(stash)
    expect(await hub.tell([change(1), change(2)])).toBe(2)
    expect(await hub.tell([change(1)])).toBe(2)
    expect(await hub.tell([change(1), change(2), change(3)])).toBe(3)
    await watcher.until(4)
    expect(getRevisions(watcher)).toEqual([0, 1, 2, 3])
  })
  it('sends no events past a gap, and returns its cursor; a snapshot closes the gap', async () => {
    const { stash, hub } = await makeCrowded()
    const watcher = await watch(stash)
    expect(await hub.tell([change(1), change(3)])).toBe(1)
    expect(await hub.tell([snapshot(5)])).toBe(5)
    await watcher.until(3)
    expect(getRevisions(watcher)).toEqual([0, 1, 5])
  })
  it('sends two concurrent calls one after the other', async () => {
    const { stash, hub } = await makeCrowded()
    faults.watchersPerObject = 100
    // Enough watchers that other calls run before all of them have the event.
    const watchers = await Promise.all(Array.from({ length: 70 }, () => watch(stash)))
    const events = Array.from({ length: 8 }, (_, i) => change(i + 1))
    const both = (object: HubObject) => Promise.all([object.tell(events.slice(0, 4)), object.tell(events)])
    expect(await runInDurableObject(hub, both)).toEqual([4, 8])
    for (const watcher of watchers) {
      await watcher.until(9)
      expect(getRevisions(watcher)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    }
  })
  it('subscribes once for many concurrent watchers, and none of them misses an event', async () => {
    const { stash, master, rows } = await makeCrowded()
    const calls: string[] = []
    faults.object = async (method, call) => {
      calls.push(method)
      if (method === 'subscribe') await master.set('a', '1')
      return call()
    }
    const watchers = await Promise.all(Array.from({ length: 12 }, () => watch(stash, '?after=0')))
    faults.object = null
    await master.set('a', '2')
    for (const watcher of watchers) {
      await watcher.until(2)
      expect(getRevisions(watcher)).toEqual([1, 2])
    }
    expect(calls.filter((method) => method === 'subscribe')).toHaveLength(1)
    // All of them had the same cursor.
    expect(calls.filter((method) => method === 'missed').length).toBeLessThan(6)
    await expect.poll(rows).toEqual([{ told: 2 }])
  })
  it('calls the stash once at a time, and not for each watcher, whatever their cursors', async () => {
    const { stash, master } = await makeCrowded()
    for (let i = 1; i <= 12; i++) await master.set('a', String(i))
    let [now, most, calls] = [0, 0, 0]
    faults.object = async (method, call) => {
      if (method !== 'missed') return call()
      calls++
      most = Math.max(most, ++now)
      await scheduler.wait(5)
      return call().finally(() => now--)
    }
    const watchers = await Promise.all(Array.from({ length: 12 }, (_, i) => watch(stash, `?after=${i}`)))
    for (const [i, watcher] of watchers.entries()) {
      await watcher.until(12 - i)
      expect(getRevisions(watcher)).toEqual(Array.from({ length: 12 - i }, (_unused, k) => i + k + 1))
    }
    expect([most, calls <= 4]).toEqual([1, true])
  })
  it('keeps its state for a watcher that is connecting when the last one leaves', async () => {
    const { stash, master, hub, rows } = await makeCrowded()
    const last = await watch(stash)
    let answer = (): void => {}
    const held = new Promise<void>((resolve) => (answer = resolve))
    let asked = false
    faults.object = async (method, call) => {
      if (method !== 'missed') return call()
      asked = true
      await held
      return call()
    }
    // Without its copy, which is in memory only, it asks the stash.
    await evictDurableObject(hub)
    const joining = watch(stash, '?after=0')
    await expect.poll(() => asked).toBe(true)
    last.stop()
    await last.closed
    await expect.poll(() => runInDurableObject(hub, (_, ctx) => ctx.getWebSockets().length)).toBe(0)
    await master.set('a', '1')
    await expect.poll(rows).toEqual([{ told: 1 }])
    answer()
    const joined = await joining
    await master.set('a', '2')
    await joined.until(2)
    expect(getRevisions(joined)).toEqual([1, 2])
  })
  it('is subscribed again by the next watcher if it was reset during a call, and keeps that subscription', async () => {
    const { stash, master, hub, rows } = await makeCrowded()
    const last = await watch(stash)
    last.stop()
    await last.closed
    await expect.poll(() => runInDurableObject(hub, (_, ctx) => ctx.getWebSockets().length)).toBe(0)
    let reply = (): void => {}
    const held = new Promise<void>((resolve) => (reply = resolve))
    let answered = false
    faults.hub = async (method, call) => {
      const answer = await call()
      if (method !== 'tell') return answer
      answered = true
      await held
      return answer
    }
    await master.set('a', '1')
    await expect.poll(() => answered).toBe(true)
    faults.hub = null
    const next = await watch(stash)
    // The answer of the hub is for the previous subscription.
    reply()
    await master.set('a', '2')
    await next.until(2)
    expect(getRevisions(next)).toEqual([1, 2])
    expect(await rows()).toHaveLength(1)
  })
  it('refuses watchers of a deleted stash with its deletion', async () => {
    const { stash, master } = await makeCrowded()
    // From here on watchers go to the hub first, which deletes its state when it receives the deletion.
    const last = await watch(stash)
    await master.call('DELETE', '')
    await last.closed
    const response = await send(`/stash/${stash.id}/watch`, { headers: { Upgrade: 'websocket' } })
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'stash_not_found' }])
    expect(await getObject(stash).subscribe('the-hub')).toBeNull()
  })
  it('sends each change once to a watcher that connects during changes, over a stream as well', async () => {
    const { stash, master } = await makeCrowded()
    await watch(stash)
    const writing = (async () => {
      for (let i = 1; i <= 60; i++) await master.set('a', String(i))
    })()
    const joined: Watcher[] = []
    for (let i = 0; i < 12; i++) {
      const over = i % 2 === 0 ? watchSocket : watchStream
      joined.push(await over(send, `/stash/${stash.id}/watch?after=0`))
    }
    open.push(...joined)
    await writing
    for (const watcher of joined) {
      await expect.poll(() => watcher.events.at(-1)?.revision).toBe(60)
      const [first = -1] = getRevisions(watcher)
      expect(getRevisions(watcher)).toEqual(Array.from({ length: 61 - first }, (_, i) => first + i))
    }
  })
})

describe('the alarm of a hub', () => {
  /** Deletes the hub's row, as a point-in-time recovery to a time before the subscription would. */
  const loseSubscription = (stash: Stash) =>
    runInDurableObject(getObject(stash), (_, { storage }) => void storage.sql.exec('DELETE FROM hub'))

  it('renews a subscription that the stash has lost, so that watchers receive missed and later changes', async () => {
    const { stash, master, hub, rows } = await makeCrowded()
    const watcher = await watch(stash)
    await loseSubscription(stash)
    await master.set('a', '1')
    expect(await runDurableObjectAlarm(hub)).toBe(true)
    await master.set('a', '2')
    await watcher.until(3)
    expect(getRevisions(watcher)).toEqual([0, 1, 2])
    expect(await rows()).toHaveLength(1)
  })
  it('is set again while watchers are connected, and not after the last has left', async () => {
    const { stash, hub } = await makeCrowded()
    const watcher = await watch(stash)
    for (let i = 0; i < 2; i++) expect(await runDurableObjectAlarm(hub)).toBe(true)
    watcher.stop()
    await watcher.closed
    await expect.poll(() => runInDurableObject(hub, (_, ctx) => ctx.getWebSockets().length)).toBe(0)
    expect(await runDurableObjectAlarm(hub)).toBe(true)
    expect(await runDurableObjectAlarm(hub)).toBe(false)
  })
  it('is set again if the stash does not answer', async () => {
    const { stash, hub } = await makeCrowded()
    await watch(stash)
    faults.object = () => Promise.reject(new Error('the object is unreachable'))
    expect(await runDurableObjectAlarm(hub)).toBe(true)
    faults.object = null
    expect(await runDurableObjectAlarm(hub)).toBe(true)
  })
  it('ends the watchers of a stash that was deleted while the hub was not subscribed', async () => {
    const { stash, master, hub } = await makeCrowded()
    const watcher = await watch(stash)
    await loseSubscription(stash)
    await master.call('DELETE', '')
    await runDurableObjectAlarm(hub)
    await watcher.closed
    expect(watcher.events.at(-1)).toMatchObject({ type: 'gone' })
  })
})
