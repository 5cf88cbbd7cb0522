import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, getObject, send } from '../support/front-door.ts'
import { toState, watchSocket, watchStream, type ReceivedEvent } from '../support/watcher.ts'

afterEach(clearFaults)

const ROADS = [
  ['Server-Sent Events', watchStream],
  ['a WebSocket', watchSocket],
] as const

describe.each(ROADS)('GET /stash/{id}/watch over %s', (_, watch) => {
  it('sends the state, and then each change, in order', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const watcher = await watch(send, `/stash/${stash.id}/watch`)
    await watcher.until(1)
    await master.call('PATCH', '/flags', { a: null, b: 'é"\n' })
    await master.set('__proto__', 'legal')
    await master.grant({ can: ['write'] })
    expect(await watcher.until(4)).toEqual([
      { type: 'snapshot', revision: 1, flags: { a: '1' } },
      { type: 'change', revision: 2, changes: { a: null, b: 'é"\n' } },
      { type: 'change', revision: 3, changes: JSON.parse('{"__proto__": "legal"}') as object },
      { type: 'change', revision: 4, changes: {} },
    ])
    watcher.stop()
  })
  it('resumes after the last seen revision, with exactly the missed changes', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    const watcher = await watch(send, `/stash/${stash.id}/watch?after=1`)
    await master.set('a', '4')
    expect((await watcher.until(3)).map(({ type, revision }) => `${type} ${revision}`)).toEqual([
      'change 2',
      'change 3',
      'change 4',
    ])
    watcher.stop()
  })
  it.each([
    ['too old', 0],
    ['from the future', 5_000],
  ])('answers a cursor that is %s with the state', async (_name, after) => {
    const stash = await newStash()
    await runInDurableObject(getObject(stash), (object, { storage }) => {
      const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
      for (let i = 0; i < 1_001; i++) {
        object.apply({
          credential: { kind: 'token', hash },
          intent: { kind: 'put', key: 'a', value: String(i), type: 'text/plain' },
        })
      }
    })
    const watcher = await watch(send, `/stash/${stash.id}/watch?after=${after}`)
    expect(await watcher.until(1)).toEqual([{ type: 'snapshot', revision: 1_001, flags: { a: '1000' } }])
    watcher.stop()
  })
  it('sends the requested keys, and no others', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watch(send, `/stash/${stash.id}/watch?keys=a,b`)
    for (const key of ['a', 'c', 'b']) await master.set(key, '1')
    expect(await watcher.until(3)).toMatchObject([
      { type: 'snapshot', flags: {} },
      { revision: 1, changes: { a: '1' } },
      { revision: 3, changes: { b: '1' } },
    ])
    watcher.stop()
  })
  it('sends the end of a time-box', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watch(send, `/stash/${stash.id}/watch?after=0`)
    await master.set('a', '1', 'for=1s')
    expect(await watcher.until(2)).toMatchObject([{ changes: { a: '1' } }, { revision: 2, changes: { a: null } }])
    watcher.stop()
  })
  it('sends every change of a burst, once and in order', async () => {
    const { stash, master } = await newOperator()
    const watchers = await Promise.all(Array.from({ length: 20 }, () => watch(send, `/stash/${stash.id}/watch`)))
    await Promise.all(Array.from({ length: 100 }, (_, i) => master.set(`k-${i % 7}`, String(i))))
    const { body } = await master.call('GET', '/flags?min_revision=100')
    for (const watcher of watchers) {
      const events = await watcher.until(101)
      expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 101 }, (_, i) => i))
      expect(toState(events)).toEqual({ revision: 100, flags: body['flags'] })
      watcher.stop()
    }
  })
  it('sends the deletion of the stash, and ends', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watch(send, `/stash/${stash.id}/watch`)
    await watcher.until(1)
    await master.call('DELETE', '')
    expect((await watcher.until(2))[1]).toEqual({ type: 'gone', revision: 1 })
    await watcher.closed
    expect((await send(`/stash/${stash.id}/watch`)).status).toBe(404)
  })
  it('delivers a change, after which reads are at least as new', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '0')
    // KV is late, and this isolate has an older entry.
    faults.kvPut = () => Promise.reject(new Error('KV is unreachable'))
    await stash.read('a')
    const watcher = await watch(send, `/stash/${stash.id}/watch`)
    for (let i = 1; i < 10; i++) {
      await getObject(stash).apply(await createCommand(stash.token, String(i)))
      const events = await watcher.until(i + 1)
      const { revision } = events.at(-1) as ReceivedEvent
      expect(await (await send(`/item/${stash.id}/a?min_revision=${revision}`)).text()).toBe(String(i))
    }
    watcher.stop()
  })
})

async function createCommand(token: string, value: string) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const intent = { kind: 'put' as const, key: 'a', value, type: 'text/plain' }
  return { credential: { kind: 'token' as const, hash }, intent }
}

describe('a WebSocket', () => {
  it('hibernates with the object: an eviction loses no event, and repeats none', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch`)
    await master.set('a', '1')
    await watcher.until(2)
    await evictDurableObject(getObject(stash))
    await master.set('a', '2')
    await evictDurableObject(getObject(stash))
    await runDurableObjectAlarm(getObject(stash))
    await master.set('a', '3')
    expect((await watcher.until(4)).map(({ revision }) => revision)).toEqual([0, 1, 2, 3])
    watcher.stop()
  })
  it.each([
    ['anything but ping', 'hello', 1008],
    ['a large frame', 'x'.repeat(100_000), 1009],
  ])('that sends %s is closed', async (_, message, code) => {
    const stash = await newStash()
    const response = await send(`/stash/${stash.id}/watch`, { headers: { Upgrade: 'websocket' } })
    const socket = response.webSocket!
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener('close', (event) => resolve(event.code))
    })
    socket.accept()
    socket.send(message)
    expect(await closed).toBe(code)
  })
  it('that sends ping is answered, without starting the object', async () => {
    const stash = await newStash()
    const response = await send(`/stash/${stash.id}/watch?after=0`, { headers: { Upgrade: 'websocket' } })
    const socket = response.webSocket!
    const answered = new Promise<unknown>((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(data))
    })
    socket.accept()
    socket.send('ping')
    expect(await answered).toBe('pong')
    socket.close(1000)
  })
  it('that sends no pings is closed, before undelivered events fill the object', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch`)
    for (let i = 0; i < 20; i++) await master.set('a', `${i}${'x'.repeat(64 * 1024 - 10)}`)
    expect(await watcher.closed).toBe(1013)
    const resumed = await watchSocket(send, `/stash/${stash.id}/watch?after=${watcher.events.at(-1)?.revision}`)
    await expect.poll(() => toState([...watcher.events, ...resumed.events]).revision).toBe(20)
    resumed.stop()
  })
})

describe('a long poll', () => {
  const poll = async (id: string, query: string) =>
    (await (await send(`/stash/${id}/watch?${query}`)).json()) as ReceivedEvent

  it('is answered at once with all missed changes', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    await master.call('PATCH', '/flags', { a: '2', b: '2' })
    await master.call('PATCH', '/flags', { b: null })
    expect(await poll(stash.id, 'after=1&wait=30s')).toEqual({
      type: 'change',
      revision: 3,
      changes: { a: '2', b: null },
    })
    expect(await poll(stash.id, 'wait=30s')).toEqual({ type: 'snapshot', revision: 3, flags: { a: '2' } })
  })
  it('waits for the next change', async () => {
    const { stash, master } = await newOperator()
    const waiting = poll(stash.id, 'after=0&wait=30s')
    await expect.poll(() => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(1)
    await master.set('a', '1')
    expect(await waiting).toEqual({ type: 'change', revision: 1, changes: { a: '1' } })
  })
  it('is answered without a change after its wait', async () => {
    const stash = await newStash()
    expect(await poll(stash.id, 'after=0&wait=1s')).toEqual({ type: 'change', revision: 0, changes: {} })
  })
})

describe('a watch', () => {
  it.each([
    'after=-1',
    'after=x',
    'after=1.5',
    'after=',
    'wait=10h',
    'wait=0s',
    'keys=a%20b',
    `keys=${'a,'.repeat(100)}a`,
    'key=a',
  ])('is refused with ?%s', async (query) => {
    const stash = await newStash()
    for (const headers of [{}, { Upgrade: 'websocket' }]) {
      expect((await send(`/stash/${stash.id}/watch?${query}`, { headers })).status).toBe(400)
    }
  })
  it('follows a Last-Event-ID rather than ?after, and is refused with an invalid one', async () => {
    const { stash, master } = await newOperator()
    for (const value of ['1', '2', '3']) await master.set('a', value)
    const watcher = await watchStream(send, `/stash/${stash.id}/watch?after=0`, { 'Last-Event-ID': '2' })
    expect(await watcher.until(1)).toMatchObject([{ revision: 3 }])
    watcher.stop()
    expect((await send(`/stash/${stash.id}/watch`, { headers: { 'Last-Event-ID': 'x' } })).status).toBe(400)
  })
  it('opens nothing for HEAD', async () => {
    const stash = await newStash()
    expect((await send(`/stash/${stash.id}/watch`, { method: 'HEAD' })).status).toBe(200)
    expect(await runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(0)
  })
  it('is never cached, and is open to every origin', async () => {
    const stash = await newStash()
    const stream = await send(`/stash/${stash.id}/watch`)
    expect(stream.headers.get('Cache-Control')).toBe('no-store')
    expect(stream.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(stream.headers.get('Content-Type')).toBe('text/event-stream')
    // Clients correct their clock by these headers, scripts of other origins included.
    expect(Math.abs(Date.parse(stream.headers.get('Date') ?? '') - Date.now())).toBeLessThan(5_000)
    expect(stream.headers.get('Access-Control-Expose-Headers')).toMatch(/^Date, /)
    await stream.body?.cancel()
  })
  it('receives a change from the alarm if the broadcast has failed', async () => {
    const { stash, master } = await newOperator()
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch`)
    await watcher.until(1)
    await runDurableObjectAlarm(getObject(stash))
    let failures = 0
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const sync = storage.sync.bind(storage)
      // Once for the watchers, once for the hubs.
      storage.sync = () => (++failures <= 2 ? Promise.reject(new Error('the disk is full')) : sync())
    })
    await master.set('a', '1')
    expect((await watcher.until(2))[1]).toEqual({ type: 'change', revision: 1, changes: { a: '1' } })
    expect(failures).toBeGreaterThan(2)
    watcher.stop()
  })
  it('leaves nothing behind, however many connect and disconnect', async () => {
    const stash = await newStash()
    for (let i = 0; i < 100; i++) {
      const watchers = await Promise.all(
        Array.from({ length: 10 }, (_, k) =>
          (k % 2 === 0 ? watchSocket : watchStream)(send, `/stash/${stash.id}/watch`),
        ),
      )
      for (const watcher of watchers) watcher.stop()
    }
    await expect.poll(() => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(0)
  })
  it('causes no work of the object while nothing changes', async () => {
    const stash = await newStash()
    await runDurableObjectAlarm(getObject(stash))
    const watchers = await Promise.all(Array.from({ length: 20 }, () => watchStream(send, `/stash/${stash.id}/watch`)))
    await Promise.all(watchers.map((watcher) => watcher.until(1)))
    let calls = 0
    faults.object = (_, call) => {
      calls++
      return call()
    }
    // Waits for half a second, because there is no event to wait for.
    await scheduler.wait(500)
    expect(calls).toBe(0)
    expect(await runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())).toBeNull()
    for (const watcher of watchers) watcher.stop()
  })
})
