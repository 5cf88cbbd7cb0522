import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CALL_DEADLINE_MS } from '../../src/stash/watch/hubs.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import type { Missed } from '../../src/model/snapshot/watch-event.ts'
import type { Operator } from '../support/operator.ts'
import { toState, watchSocket, watchStream, type ReceivedEvent, type Watcher } from '../support/watcher.ts'

const PER_OBJECT = 10

beforeEach(() => {
  faults.watchersPerObject = PER_OBJECT
})
afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

const actualWait = scheduler.wait.bind(scheduler)

/** A client that reconnects with its cursor whenever it is closed. */
async function follow(
  id: string,
  over: typeof watchSocket | typeof watchStream,
): Promise<{ events: ReceivedEvent[]; stop(): void }> {
  const events: ReceivedEvent[] = []
  let stopped = false
  let current: Watcher
  const open = async (): Promise<void> => {
    const last = events.at(-1)
    current = await over(send, `/stash/${id}/watch${last === undefined ? '' : `?after=${last.revision}`}`)
    void collect(current)
  }
  const collect = async (watcher: Watcher): Promise<void> => {
    let taken = 0
    const drain = () => {
      events.push(...watcher.events.slice(taken))
      taken = watcher.events.length
    }
    for (const ended = watcher.closed.then(() => true); ;) {
      const over = await Promise.race([ended, watcher.until(taken + 1).then(() => false)])
      drain()
      if (!over) continue
      if (!stopped) await open()
      return
    }
  }
  await open()
  return {
    events,
    stop: () => {
      stopped = true
      current.stop()
    },
  }
}

const findHubs = async (id: string) => {
  const all = await listDurableObjectIds(env.HUBS)
  const mine: DurableObjectStub[] = []
  for (const hub of all) {
    const stub = env.HUBS.get(hub)
    const told = await runInDurableObject(stub, (_, { storage }) => storage.kv.get('told'))
    if (told !== undefined) mine.push(stub)
  }
  void id
  return mine
}

async function writeMany(master: Operator, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) expect((await master.set(`k-${i % 7}`, String(i))).status).toBe(200)
}

describe('more watchers than one object serves', () => {
  it('receive every change once and in order from hubs, even if a hub is aborted in the middle', async () => {
    const { stash, master } = await newOperator()
    const clients = await Promise.all(
      Array.from({ length: 100 }, (_, i) => follow(stash.id, i % 2 === 0 ? watchSocket : watchStream)),
    )
    await writeMany(master, 1, 15)
    const hubs = await findHubs(stash.id)
    expect(hubs.length).toBeGreaterThanOrEqual(9)
    await evictDurableObject(hubs[3]!, { webSockets: 'close' })
    await evictDurableObject(hubs[5]!)
    await writeMany(master, 16, 30)
    const { body } = await master.call('GET', '/flags?min_revision=30')
    const revisions = Array.from({ length: 31 }, (_, i) => i)
    for (const { events } of clients) {
      await expect.poll(() => events.at(-1)?.revision).toBe(30)
      expect(events.map(({ revision }) => revision)).toEqual(revisions)
      expect(toState(events)).toEqual({ revision: 30, flags: body['flags'] })
    }
    for (const client of clients) client.stop()
  })
  it('receive a change from the alarm if a hub was unreachable', async () => {
    const { stash, master } = await newOperator()
    const clients = await Promise.all(Array.from({ length: 15 }, () => follow(stash.id, watchSocket)))
    let calls = 0
    faults.hub = () => Promise.reject(new Error(`the hub is out of reach, ${++calls}`))
    await master.set('a', '1')
    await expect.poll(() => calls).toBe(1)
    faults.hub = null
    // Not at once, because of the back-off.
    await runDurableObjectAlarm(getObject(stash))
    for (const { events } of clients) await expect.poll(() => events.at(-1)?.revision).toBe(1)
    for (const client of clients) client.stop()
  })
  it('receive changes from the object at once while a hub hangs, and those of the hub catch up afterwards', async () => {
    const { stash, master } = await newOperator()
    const own = await Promise.all(
      Array.from({ length: PER_OBJECT }, () => watchSocket(send, `/stash/${stash.id}/watch`)),
    )
    const inHub = await Promise.all(Array.from({ length: 5 }, () => watchStream(send, `/stash/${stash.id}/watch`)))
    for (const watcher of inHub) await watcher.until(1)
    let release = (): void => {}
    const back = new Promise<void>((resolve) => (release = resolve))
    let calls = 0
    faults.hub = async (method, call) => {
      if (method !== 'tell') return call()
      calls++
      await back
      return call()
    }
    await writeMany(master, 1, 3)
    const revisions = [0, 1, 2, 3]
    for (const watcher of own) expect((await watcher.until(4)).map(({ revision }) => revision)).toEqual(revisions)
    // However often the alarm runs, and however much is committed.
    for (let i = 0; i < 3; i++) await runDurableObjectAlarm(getObject(stash))
    await writeMany(master, 4, 4)
    for (const watcher of own) await watcher.until(5)
    expect(calls).toBe(1)
    for (const { events } of inHub) expect(events).toHaveLength(1)
    release()
    for (const watcher of inHub) {
      expect((await watcher.until(5)).map(({ revision }) => revision)).toEqual([...revisions, 4])
    }
    for (const watcher of [...own, ...inHub]) watcher.stop()
  })
  it('receive a change again if a hub never answered a call, once its deadline has passed', async () => {
    const { stash, master } = await newOperator()
    const watchers = await Promise.all(Array.from({ length: 15 }, () => watchSocket(send, `/stash/${stash.id}/watch`)))
    for (const watcher of watchers) await watcher.until(1)
    const wait = vi.spyOn(scheduler, 'wait')
    wait.mockImplementation((ms, options) => actualWait(ms === CALL_DEADLINE_MS ? 10 : ms, options))
    const methods: string[] = []
    faults.hub = (method, call) => {
      methods.push(method)
      return methods.length === 1 ? new Promise(() => {}) : call()
    }
    await writeMany(master, 1, 2)
    for (const watcher of watchers) {
      expect((await watcher.until(3)).map(({ revision }) => revision)).toEqual([0, 1, 2])
      watcher.stop()
    }
    expect(methods).toEqual(['tell', 'tell'])
  })
  it('receive changes from their cursor on from a hub that the stash has dropped, once the next watcher connects', async () => {
    const { stash, master } = await newOperator()
    const url = `/stash/${stash.id}/watch`
    const watchers = await Promise.all(Array.from({ length: 15 }, () => watchSocket(send, url)))
    await runInDurableObject(getObject(stash), (_, { storage }) => void storage.sql.exec('DELETE FROM hub'))
    await writeMany(master, 1, 3)
    const next = await watchSocket(send, `${url}?after=3`)
    await writeMany(master, 4, 4)
    for (const watcher of watchers) {
      expect((await watcher.until(5)).map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4])
    }
    expect((await next.until(1)).map(({ revision }) => revision)).toEqual([4])
    for (const watcher of [...watchers, next]) watcher.stop()
  })
  it('receive the deletion of the stash', async () => {
    const { stash, master } = await newOperator()
    const watchers = await Promise.all(Array.from({ length: 15 }, () => watchSocket(send, `/stash/${stash.id}/watch`)))
    await master.call('DELETE', '')
    for (const watcher of watchers) {
      await watcher.closed
      expect(watcher.events.at(-1)).toMatchObject({ type: 'gone' })
    }
  })
  it('leave behind a hub without state, and a stash that no longer calls it', async () => {
    const { stash, master } = await newOperator()
    const watchers = await Promise.all(Array.from({ length: 15 }, () => watchSocket(send, `/stash/${stash.id}/watch`)))
    const hubs = () =>
      runInDurableObject(getObject(stash), (_, { storage }) => storage.sql.exec('SELECT name FROM hub').toArray())
    expect(await hubs()).toHaveLength(1)
    for (const watcher of watchers) watcher.stop()
    await Promise.all(watchers.map(({ closed }) => closed))
    await master.set('a', '1')
    await expect.poll(hubs).toEqual([])
  })
  it('connect through a stash with an older version, which does not say up to where cursors are of its history', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    await master.set('b', '4')
    const inside = await Promise.all(
      Array.from({ length: PER_OBJECT }, () => watchSocket(send, `/stash/${stash.id}/watch`)),
    )
    faults.object = async (method, call) => {
      if (method !== 'missed') return call()
      const { head, events } = (await call()) as Missed
      return { head, events }
    }
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch?after=1&keys=a`)
    await master.set('a', '5')
    expect(await watcher.until(2)).toEqual([
      { type: 'snapshot', revision: 4, flags: { a: '3' } },
      { type: 'change', revision: 5, changes: { a: '5' } },
    ])
    for (const one of [watcher, ...inside]) one.stop()
  })
})
