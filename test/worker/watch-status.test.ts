/** `?status=1`: held changes and freezes, which change without a new revision as well. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject, newOperator, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import type { Operator } from '../support/operator.ts'
import { watchSocket, watchStream, type ReceivedEvent, type Watcher } from '../support/watcher.ts'

const MINUTE = 60_000
freezeTime()

const open: Watcher[] = []
afterEach(() => {
  clearFaults()
  for (const watcher of open.splice(0)) watcher.stop()
})

const status = (revision: number, held: number, freezes: ReceivedEvent['freezes'] = []): ReceivedEvent => ({
  type: 'status',
  revision,
  held,
  freezes,
})
const getStatuses = ({ events }: Watcher) => events.filter(({ type }) => type === 'status')
const AN_HOUR = 'at=2031-01-01T01:00:00Z'

/** A schedule: it is held without a revision. Returns its id. */
async function hold(master: Operator, key = 'a'): Promise<string> {
  const { status: code, body } = await master.set(key, '1', AN_HOUR)
  expect(code).toBe(202)
  return String(body['held_id'])
}
const presign = (master: Operator, id: string) =>
  send(`/item/${id}/a/presign`, { method: 'POST', body: '1', headers: { Authorization: `Bearer ${master.token}` } })

describe.each([
  ['Server-Sent Events', watchStream, 'the object', 0],
  ['a WebSocket', watchSocket, 'the object', 0],
  ['Server-Sent Events', watchStream, 'a hub', 1],
  ['a WebSocket', watchSocket, 'a hub', 1],
] as const)('GET /stash/{id}/watch?status=1 over %s', (_, watch, from, taken) => {
  /** A stash whose first places are taken, so that the next watcher gets its events from the object or from a hub. */
  const start = async () => {
    faults.watchersPerObject = 1
    const { stash, master } = await newOperator()
    for (let i = 0; i < taken; i++) open.push(await watchSocket(send, `/stash/${stash.id}/watch`))
    faults.watchersPerObject = 20
    const join = async (query: string) => {
      const watcher = await watch(send, `/stash/${stash.id}/watch${query}`)
      open.push(watcher)
      return watcher
    }
    return { stash, master, join }
  }

  it(`sends the status of ${from} after the missed events, and when a change is held or dropped without a revision`, async () => {
    const { stash, master, join } = await start()
    await master.set('b', '1')
    await hold(master)
    const watcher = await join('?status=1')
    expect(await watcher.until(2)).toEqual([{ type: 'snapshot', revision: 1, flags: { b: '1' } }, status(1, 1)])
    const second = await hold(master)
    expect((await watcher.until(3))[2]).toEqual(status(1, 2))
    expect((await presign(master, stash.id)).status).toBe(200)
    expect((await watcher.until(4))[3]).toEqual(status(1, 3))
    expect((await master.call('DELETE', `/held/${second}`)).status).toBe(200)
    await expect.poll(() => getStatuses(watcher).at(-1)?.held).toBe(2)
  })
  it(`sends a freeze from ${from} after its revision, and its end by the clock`, async () => {
    const { stash, master, join } = await start()
    const watcher = await join('?status=1&after=0')
    const until = '2031-01-01T00:30:00.000Z'
    await master.call('PUT', '/freeze', { until })
    await expect
      .poll(() => watcher.events)
      .toEqual([status(0, 0), { type: 'change', revision: 1, changes: {} }, status(1, 0, [{ keys: null, until }])])
    await pass(stash, 30 * MINUTE)
    await expect
      .poll(() => watcher.events.slice(3))
      .toEqual([{ type: 'change', revision: 2, changes: {} }, status(2, 0)])
  })
  it(`sends freezes of keys from ${from} beside that of the whole stash`, async () => {
    const { master, join } = await start()
    const watcher = await join('?status=1&keys=a')
    const until = '2031-01-01T00:30:00.000Z'
    await master.call('PUT', '/freeze', { keys: ['shop.*'], until })
    await master.call('PUT', '/freeze', {})
    const [shop, whole] = [
      { keys: ['shop.*'], until },
      { keys: null, until: null },
    ]
    await expect.poll(() => getStatuses(watcher).at(-1)?.freezes).toEqual([whole, shop])
    await master.call('DELETE', '/freeze?keys=shop.*')
    await expect.poll(() => getStatuses(watcher).at(-1)?.freezes).toEqual([whole])
  })
  it(`sends no status from ${from} that does not differ, and none to a watcher that did not ask`, async () => {
    const { stash, master, join } = await start()
    const [asked, other, off] = [await join('?status=1'), await join(''), await join('?status=0')]
    await asked.until(2)
    await master.set('a', '1')
    await hold(master)
    await master.set('a', '2')
    await expect.poll(() => asked.events.at(-1)?.revision).toBe(2)
    await expect.poll(() => getStatuses(asked).map(({ held }) => held)).toEqual([0, 1])
    await evictDurableObject(getObject(stash))
    await master.set('a', '3')
    for (const watcher of [asked, other, off]) await expect.poll(() => watcher.events.at(-1)?.revision).toBe(3)
    await hold(master, 'b')
    await expect.poll(() => getStatuses(asked).map(({ held }) => held)).toEqual([0, 1, 2])
    for (const { events } of [other, off])
      expect(events.map(({ type }) => type)).toEqual(['snapshot', ...Array(3).fill('change')])
  })
  it(`sends the status of all keys from ${from} to a watcher of some`, async () => {
    const { master, join } = await start()
    const watcher = await join('?status=1&keys=z')
    await hold(master)
    await expect.poll(() => getStatuses(watcher)).toEqual([status(0, 0), status(0, 1)])
  })
})

describe('a watcher of the object that asked for the status', () => {
  it('receives it after a hibernation in which it changed by nothing but the clock', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch?status=1&after=0`)
    open.push(watcher)
    await presign(master, stash.id)
    await expect.poll(() => getStatuses(watcher)).toEqual([status(0, 0), status(0, 1)])
    const alarmAt = await runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())
    expect(alarmAt).toBeLessThanOrEqual(START + 15 * MINUTE)
    await evictDurableObject(getObject(stash))
    await pass(stash, 15 * MINUTE)
    await expect.poll(() => getStatuses(watcher).at(-1)).toEqual(status(0, 0))
  })
  it('sets the alarm for the end of a link that was made before', async () => {
    const { stash, master } = await newOperator()
    await presign(master, stash.id)
    await runDurableObjectAlarm(getObject(stash))
    const getAlarm = () => runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())
    const before = await getAlarm()
    open.push(await watchSocket(send, `/stash/${stash.id}/watch`))
    expect(await getAlarm()).toBe(before)
    open.push(await watchSocket(send, `/stash/${stash.id}/watch?status=1`))
    expect(await getAlarm()).toBe(START + 15 * MINUTE)
  })
  it('receives it in the first array with ?batch=1', async () => {
    const { stash, master } = await newOperator()
    await hold(master)
    const response = await send(`/stash/${stash.id}/watch?status=1&batch=1`, { headers: { Upgrade: 'websocket' } })
    const messages: unknown[] = []
    response.webSocket!.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data))))
    response.webSocket!.accept()
    await expect.poll(() => messages).toEqual([[{ type: 'snapshot', revision: 0, flags: {} }, status(0, 1)]])
    response.webSocket!.close(1000)
  })
  it('receives it from one read of the tables, however many watchers join', async () => {
    const { stash } = await newOperator()
    const queries: string[] = []
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const exec = storage.sql.exec.bind(storage.sql)
      vi.spyOn(storage.sql, 'exec').mockImplementation((query, ...bindings) => {
        queries.push(query)
        return exec(query, ...bindings) as never
      })
    })
    for (let i = 0; i < 5; i++) open.push(await watchSocket(send, `/stash/${stash.id}/watch?status=1`))
    expect(queries.filter((query) => query.includes('count(*) AS n FROM held'))).toHaveLength(1)
  })
})

describe('a watcher of a hub that asked for the status', () => {
  const startCrowded = async () => {
    faults.watchersPerObject = 1
    const { stash, master } = await newOperator()
    open.push(await watchSocket(send, `/stash/${stash.id}/watch`))
    faults.watchersPerObject = 20
    const join = async (query: string) => {
      const watcher = await watchSocket(send, `/stash/${stash.id}/watch${query}`)
      open.push(watcher)
      return watcher
    }
    const hub = env.HUBS.get(env.HUBS.idFromName(`${stash.id}/XX/0`))
    const rows = () =>
      runInDurableObject(getObject(stash), (_, { storage }) =>
        storage.sql.exec('SELECT told, failures FROM hub').toArray(),
      )
    return { stash, master, join, hub, rows }
  }

  it('receives it with the renewal of the subscription where a call was lost, which counts as a failure', async () => {
    const { master, join, hub, rows } = await startCrowded()
    const watcher = await join('?status=1&after=0')
    faults.hub = () => Promise.reject(new Error('the hub is unreachable'))
    await hold(master)
    await expect.poll(rows).toEqual([{ told: 0, failures: 1 }])
    faults.hub = null
    await runDurableObjectAlarm(hub)
    await expect.poll(() => getStatuses(watcher)).toEqual([status(0, 0), status(0, 1)])
  })
  it('receives it from the alarm of the stash where the call has failed', async () => {
    const { stash, master, join, rows } = await startCrowded()
    const watcher = await join('?status=1&after=0')
    faults.hub = () => Promise.reject(new Error('the hub is unreachable'))
    await hold(master)
    await expect.poll(rows).toEqual([{ told: 0, failures: 1 }])
    faults.hub = null
    await pass(stash, MINUTE)
    await expect.poll(() => getStatuses(watcher)).toEqual([status(0, 0), status(0, 1)])
    await expect.poll(rows).toEqual([{ told: 0, failures: 0 }])
  })
  it('receives it although the call confirms no new revision', async () => {
    const { master, join, rows } = await startCrowded()
    const watcher = await join('?status=1&after=0')
    let calls = 0
    faults.hub = (_, call) => {
      calls++
      return call()
    }
    await hold(master)
    await expect.poll(() => getStatuses(watcher)).toEqual([status(0, 0), status(0, 1)])
    await master.set('b', '1')
    await expect.poll(() => watcher.events.at(-1)?.revision).toBe(1)
    await expect.poll(rows).toEqual([{ told: 1, failures: 0 }])
    expect(calls).toBe(2)
  })
  it('receives none from a stash of an older version, and all events', async () => {
    const { master, join } = await startCrowded()
    faults.object = async (method, call) => {
      const answer = (await call()) as { status?: unknown } | null
      if (method === 'missed') delete answer?.status
      return answer
    }
    const watcher = await join('?status=1')
    faults.object = null
    await master.set('a', '1')
    await watcher.until(2)
    expect(watcher.events[0]).toEqual({ type: 'snapshot', revision: 0, flags: {} })
    expect(watcher.events[1]).toEqual({ type: 'change', revision: 1, changes: { a: '1' } })
  })
})

describe('a long poll with ?status=1', () => {
  const poll = async (id: string, query: string) =>
    (await (await send(`/stash/${id}/watch?${query}`)).json()) as ReceivedEvent
  const FROZEN = { held: 1, freezes: [{ keys: null, until: null }] }

  it('answers with the status beside missed events, one or several', async () => {
    const { stash, master } = await newOperator()
    await hold(master)
    await master.set('a', '1')
    await master.call('PUT', '/freeze', {})
    expect(await poll(stash.id, 'wait=30s&status=1&after=1')).toEqual({
      type: 'change',
      revision: 2,
      changes: {},
      status: FROZEN,
    })
    expect(await poll(stash.id, 'wait=30s&status=1&after=0')).toMatchObject({ changes: { a: '1' }, status: FROZEN })
    expect(await poll(stash.id, 'wait=30s&status=1')).toEqual({
      type: 'snapshot',
      revision: 2,
      flags: { a: '1' },
      status: FROZEN,
    })
    expect(await poll(stash.id, 'wait=30s&after=1')).toEqual({ type: 'change', revision: 2, changes: {} })
  })
  it('is not answered for a status alone, and its answer has the last one', async () => {
    const { stash, master } = await newOperator()
    const waiting = poll(stash.id, 'after=0&wait=30s&status=1')
    await expect.poll(() => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(1)
    await hold(master)
    await master.call('PUT', '/freeze', {})
    expect(await waiting).toEqual({ type: 'change', revision: 1, changes: {}, status: FROZEN })
  })
})

describe('GET /stash/{id}/watch?status=', () => {
  it('is refused with another value than 0 or 1', async () => {
    const { stash } = await newOperator()
    const response = await send(`/stash/${stash.id}/watch?status=yes`)
    expect([response.status, await response.json()]).toMatchObject([400, { parameter: 'status', expected: '0 or 1' }])
  })
})
