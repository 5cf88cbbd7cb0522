import { afterEach, describe, expect, it, vi } from 'vitest'
import { runInDurableObject } from 'cloudflare:test'
import { streamEvents, type StreamOptions } from '../../src/http/watch/sse.ts'
import { ISOLATE_UNREAD_MAX_BYTES, STREAM_UNREAD_MAX_BYTES } from '../../src/http/watch/backpressure.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'
import { watchSocket } from '../support/watcher.ts'

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

const STASH_ID = 'a'.repeat(64)
const event = (revision: number, filling = ''): string =>
  JSON.stringify({ type: 'change', revision, changes: { a: filling } })

/** A stream over a socket whose other end the test controls. */
function makeStream(options: StreamOptions = {}) {
  const { 0: object, 1: worker } = new WebSocketPair()
  const closed = new Promise<number>((resolve) => object.addEventListener('close', ({ code }) => resolve(code)))
  object.accept()
  const leaving = new AbortController()
  const response = streamEvents(worker, STASH_ID, leaving.signal, options)
  return { object, closed, response, leaving }
}

/** Reads until the text ends with this, or the stream has ended. */
async function readUntil({ body }: Response, wanted: string): Promise<void> {
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let text = ''; !text.includes(wanted);) {
    const { done, value } = await reader.read().catch(() => ({ done: true as const, value: '' }))
    if (done) return
    text += value
  }
}

describe('a stream', () => {
  it('ends after its time with a retry delay, and releases its place', async () => {
    const { object, closed, response } = makeStream({ lifetimeMs: 50 })
    object.send(event(7))
    const blocks = (await response.text()).trimEnd().split('\n\n')
    expect(blocks[1]).toContain('id: 7\nevent: change\n')
    expect(blocks.at(-1)).toMatch(/^retry: \d+$/)
    expect(await closed).toBe(1000)
    const retries = blocks.flatMap((block) => /^retry: (\d+)$/.exec(block)?.[1] ?? []).map(Number)
    expect(retries).toHaveLength(2)
    for (const ms of retries) {
      expect(ms).toBeGreaterThanOrEqual(500)
      expect(ms).toBeLessThanOrEqual(2_500)
    }
  })
  it('is closed if its reader leaves more bytes unread than the bound', async () => {
    const { object, closed } = makeStream()
    // Two bytes of UTF-8 per character, so half as many characters as the bound has bytes.
    const filling = 'é'.repeat(STREAM_UNREAD_MAX_BYTES / 16)
    let sent = 0
    for (let i = 1; i <= 9; i++) {
      object.send(event(i, filling))
      sent += filling.length * 2
    }
    expect(sent).toBeGreaterThan(STREAM_UNREAD_MAX_BYTES)
    expect(await closed).toBe(1000)
  })
  it('keeps nothing for a reader that continues to read nothing', async () => {
    const { object, closed, response } = makeStream({ drainMs: 0 })
    for (let i = 1; i <= 20; i++) object.send(event(i, 'x'.repeat(STREAM_UNREAD_MAX_BYTES / 16)))
    expect(await closed).toBe(1000)
    // Its timer was set earlier, and therefore fires earlier.
    await scheduler.wait(1)
    expect(await response.text().catch(() => 'cut off')).toBe('cut off')
  })
  it('gives a reader time to read one large snapshot, and the events after it', async () => {
    const { object, response } = makeStream({ lifetimeMs: 500 })
    object.send(event(1, 'x'.repeat(4 * STREAM_UNREAD_MAX_BYTES)))
    for (let i = 2; i <= 10; i++) object.send(event(i, 'y'.repeat(STREAM_UNREAD_MAX_BYTES / 16)))
    const ids = (await response.text()).match(/^id: \d+$/gm)
    expect(ids).toHaveLength(10)
  })
  it('is closed below its own bound if all streams of the isolate together have too many unread bytes', async () => {
    const filling = 'x'.repeat(4 * STREAM_UNREAD_MAX_BYTES)
    const count = Math.ceil(ISOLATE_UNREAD_MAX_BYTES / filling.length) + 5
    const streams = Array.from({ length: count }, () => makeStream())
    let closed = 0
    for (const stream of streams) {
      void stream.closed.then(() => closed++)
      stream.object.send(event(1, filling))
    }
    await expect.poll(() => closed).toBeGreaterThanOrEqual(5)
    // One that reads receives the event all the same.
    const reading = makeStream({ lifetimeMs: 200 })
    reading.object.send(event(1, 'y'.repeat(1_000)))
    expect(await reading.response.text()).toContain('id: 1\n')
    // Their unread bytes no longer count once they have read or disconnected.
    const [one, other, third, ...rest] = streams
    for (const stream of [one, other, third]) await readUntil(stream!.response, '"}}\n\n')
    for (const stream of rest) stream.leaving.abort()
    const later = Array.from({ length: count - 8 }, () => makeStream())
    const early = new Set<object>()
    for (const stream of later) {
      void stream.closed.then(() => early.add(stream))
      stream.object.send(event(1, filling))
    }
    // The others received it before.
    await readUntil(later.at(-1)!.response, '"}}\n\n')
    expect(early.size).toBe(0)
    for (const { leaving } of later) leaving.abort()
  })
  it('is ended without timers and sockets if its object dies silently', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    const { closed, response } = makeStream()
    const text = response.text()
    await vi.advanceTimersByTimeAsync(59_000)
    expect(vi.getTimerCount()).toBe(2)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await text).match(/^: still here$/gm)).toHaveLength(3)
    expect(await closed).toBe(1000)
    expect(vi.getTimerCount()).toBe(0)
  })
  it('stays open without changes while its object answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    const { object, response, leaving } = makeStream()
    const answer = () =>
      new Promise<void>((resolve) => {
        const pong = () => (object.send('pong'), resolve())
        object.addEventListener('message', pong, { once: true })
      })
    const reader = response.body!.getReader()
    // More than three times as long as it would stay without an answer.
    for (let i = 0; i < 10; i++) {
      const answered = answer()
      await vi.advanceTimersByTimeAsync(15_000)
      await answered
      await reader.read()
    }
    expect(vi.getTimerCount()).toBe(2)
    leaving.abort()
    await expect.poll(() => vi.getTimerCount()).toBe(0)
  })
  it.each([
    ['a deploy or a restart', 1012, 5_000],
    ['an object that lets it go', 1013, 2_500],
    ['the end of the stash', 1000, 2_500],
  ])('whose socket is closed by %s makes its client reconnect with jitter', async (_, code, most) => {
    const waits = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { object, response } = makeStream()
        object.close(code, '')
        return [...(await response.text()).matchAll(/^retry: (\d+)$/gm)].map(([, ms]) => Number(ms)).at(-1) ?? 0
      }),
    )
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...waits)).toBeLessThanOrEqual(most)
    expect(Math.max(...waits)).toBeGreaterThan(most / 2)
  })
  it('holds no place if its client has disconnected before it began', async () => {
    const { 0: object, 1: worker } = new WebSocketPair()
    const closed = new Promise<number>((resolve) => object.addEventListener('close', ({ code }) => resolve(code)))
    object.accept()
    streamEvents(worker, STASH_ID, AbortSignal.abort(), {})
    expect(await closed).toBe(1000)
  })
})

/** A stash with an entry in this isolate, which is then written past this isolate. */
async function makeRemembered() {
  const stash = await newStash()
  await stash.put('a', '1')
  faults.kvPut = () => Promise.reject(new Error('KV is unreachable'))
  expect(await stash.read('a')).toBe('1')
  const poll = async () => (await send(`/stash/${stash.id}/watch?after=1&wait=5m`)).json()
  const write = () =>
    runInDurableObject(getObject(stash), (object, { storage }) => {
      const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
      const intent = { kind: 'put' as const, key: 'a', value: '2', type: 'text/plain' }
      object.apply({ credential: { kind: 'token', hash }, intent })
    })
  return { stash, poll, write }
}

describe('a long poll', () => {
  it('releases its place at once if its client disconnects', async () => {
    const stash = await newStash()
    const sockets = () => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)
    const leaving = new AbortController()
    const polling = send(`/stash/${stash.id}/watch?after=0&wait=5m`, { signal: leaving.signal }).catch(() => null)
    await expect.poll(sockets).toBe(1)
    leaving.abort()
    await expect.poll(sockets).toBe(0)
    await polling
  })
  it('that has missed a change is answered without a socket, by the object and by a hub', async () => {
    faults.watchersPerObject = 1
    const stash = await newStash()
    for (const value of ['1', '2']) await stash.put('a', value)
    const statuses: number[] = []
    const note = async (method: string, call: () => Promise<unknown>): Promise<unknown> => {
      const result = await call()
      if (method === 'fetch') statuses.push((result as Response).status)
      return result
    }
    faults.object = note
    faults.hub = note
    const poll = async (query: string) => (await send(`/stash/${stash.id}/watch?${query}&wait=5m`)).json()
    const change = { type: 'change', revision: 2, changes: { a: '2' } }
    const polled = async () => [await poll('after=1'), await poll('after=0'), await poll('after=0&keys=a')]
    expect(await polled()).toEqual([change, change, change])
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch?after=2`)
    // A client that comes back to an unknown stash is looked for at a hub first, once.
    expect(statuses.splice(0)).toEqual([421, 200, 200, 200, 101])
    expect(await polled()).toEqual([change, change, change])
    // The object is full, and forwards the first to a hub.
    expect(statuses).toEqual([503, 200, 200, 200])
    watcher.stop()
  })
  it('is answered by an object of an older version, which offers only sockets', async () => {
    const stash = await newStash()
    for (const value of ['1', '2', '3']) await stash.put(`k-${value}`, value)
    faults.object = (method, call) =>
      method === 'fetch'
        ? getObject(stash).fetch('https://stash/watch?after=1&marks=1', { headers: { Upgrade: 'websocket' } })
        : call()
    const answer = await (await send(`/stash/${stash.id}/watch?after=1&wait=5m`)).json()
    expect(answer).toEqual({ type: 'change', revision: 3, changes: { 'k-2': '2', 'k-3': '3' } })
  })
  it('waits a moment if it is behind the last answer to another, so that a polling loop is no load', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    const calledAt: number[] = []
    faults.object = (method, call) => {
      if (method === 'fetch') calledAt.push(Date.now())
      return call()
    }
    for (let i = 0; i < 6; i++) await (await send(`/stash/${stash.id}/watch?after=0&wait=5m`)).json()
    const gaps = calledAt.slice(1).map((at, i) => at - (calledAt[i] ?? 0))
    expect(gaps).toHaveLength(5)
    // A timer may fire slightly early.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(90)
  })
  it.each([
    ['receives a change', '5m'],
    ['has waited', '1s'],
  ])('that %s releases its place', async (how, wait) => {
    const stash = await newStash()
    const sockets = () => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)
    const polls = Array.from({ length: 5 }, () => send(`/stash/${stash.id}/watch?after=0&wait=${wait}`))
    await expect.poll(sockets).toBe(5)
    if (how === 'receives a change') await stash.put('a', '1')
    const answers = await Promise.all(polls)
    for (const answer of answers) expect(answer.status).toBe(200)
    await expect.poll(sockets).toBe(0)
  })
  it('that is answered at once is followed by reads of at least its revision, even with an older entry in this isolate', async () => {
    const { stash, poll, write } = await makeRemembered()
    await write()
    expect(await poll()).toMatchObject({ revision: 2, changes: { a: '2' } })
    expect(await stash.read('a')).toBe('2')
  })
  it('that is answered after waiting is followed by such reads as well', async () => {
    const { stash, poll, write } = await makeRemembered()
    const polling = poll()
    await expect.poll(() => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)).toBe(1)
    // The entry must be fresh when the answer arrives.
    expect(await stash.read('a')).toBe('1')
    await write()
    expect(await polling).toMatchObject({ revision: 2, changes: { a: '2' } })
    expect(await stash.read('a')).toBe('2')
  })
  it('releases its place once it is answered', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    for (let i = 0; i < 20; i++) await (await send(`/stash/${stash.id}/watch?after=0&wait=5m`)).json()
    const sockets = () => runInDurableObject(getObject(stash), (_, ctx) => ctx.getWebSockets().length)
    await expect.poll(sockets).toBe(0)
  })
})
