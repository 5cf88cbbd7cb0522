import { afterEach, describe, expect, it } from 'vitest'
import { runInDurableObject } from 'cloudflare:test'
import { streamEvents, STREAM_UNREAD_MAX_BYTES, type StreamOptions } from '../../src/http/sse.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, objectOf, send } from '../support/front-door.ts'
import { watchSocket } from '../support/watcher.ts'

afterEach(clearFaults)

const STASH_ID = 'a'.repeat(64)
const event = (revision: number, filling = ''): string =>
  JSON.stringify({ type: 'change', revision, changes: { a: filling } })

/** A stream over a socket whose other end the test holds. */
function makeStream(options: StreamOptions = {}) {
  const { 0: object, 1: worker } = new WebSocketPair()
  const closed = new Promise<number>((resolve) => object.addEventListener('close', ({ code }) => resolve(code)))
  object.accept()
  const leaving = new AbortController()
  const response = streamEvents(worker, STASH_ID, leaving.signal, options)
  return { object, closed, response, leaving }
}

describe('a stream', () => {
  it('ends after its time, with when to come back, and lets its place go', async () => {
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
  it('of a reader that takes nothing is let go once its bound in bytes is unread', async () => {
    const { object, closed } = makeStream()
    // Two bytes of UTF-8 to a character: half as many characters as the bound has bytes.
    const filling = 'é'.repeat(STREAM_UNREAD_MAX_BYTES / 16)
    let sent = 0
    for (let i = 1; i <= 9; i++) {
      object.send(event(i, filling))
      sent += filling.length * 2
    }
    expect(sent).toBeGreaterThan(STREAM_UNREAD_MAX_BYTES)
    expect(await closed).toBe(1000)
  })
  it('of a reader that takes nothing, and goes on taking nothing, keeps nothing for it', async () => {
    const { object, closed, response } = makeStream({ drainMs: 0 })
    for (let i = 1; i <= 20; i++) object.send(event(i, 'x'.repeat(STREAM_UNREAD_MAX_BYTES / 16)))
    expect(await closed).toBe(1000)
    // Its timer was set before this one, and fires before it.
    await scheduler.wait(1)
    expect(await response.text().catch(() => 'cut off')).toBe('cut off')
  })
  it('gives a reader the time to take in one large snapshot, and what comes behind it', async () => {
    const { object, response } = makeStream({ lifetimeMs: 500 })
    object.send(event(1, 'x'.repeat(4 * STREAM_UNREAD_MAX_BYTES)))
    for (let i = 2; i <= 10; i++) object.send(event(i, 'y'.repeat(STREAM_UNREAD_MAX_BYTES / 16)))
    const ids = (await response.text()).match(/^id: \d+$/gm)
    expect(ids).toHaveLength(10)
  })
  it('that its client has left before it began holds no place', async () => {
    const { 0: object, 1: worker } = new WebSocketPair()
    const closed = new Promise<number>((resolve) => object.addEventListener('close', ({ code }) => resolve(code)))
    object.accept()
    streamEvents(worker, STASH_ID, AbortSignal.abort(), {})
    expect(await closed).toBe(1000)
  })
})

describe('a long poll', () => {
  it('whose client leaves lets its place go at once', async () => {
    const stash = await newStash()
    const sockets = () => runInDurableObject(objectOf(stash), (_, ctx) => ctx.getWebSockets().length)
    const leaving = new AbortController()
    const polling = send(`/stash/${stash.id}/watch?after=0&wait=5m`, { signal: leaving.signal }).catch(() => null)
    await expect.poll(sockets).toBe(1)
    leaving.abort()
    await expect.poll(sockets).toBe(0)
    await polling
  })
  it('that has missed something is answered without a socket, by the object and by a hub', async () => {
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
    expect(statuses.splice(0)).toEqual([200, 200, 200, 101])
    expect(await polled()).toEqual([change, change, change])
    // The first is sent on by the object, which is full.
    expect(statuses).toEqual([503, 200, 200, 200])
    watcher.stop()
  })
  it('is answered by an object of an older version, which gives sockets alone', async () => {
    const stash = await newStash()
    for (const value of ['1', '2', '3']) await stash.put(`k-${value}`, value)
    faults.object = (method, call) =>
      method === 'fetch'
        ? objectOf(stash).fetch('https://stash/watch?after=1&marks=1', { headers: { Upgrade: 'websocket' } })
        : call()
    const answer = await (await send(`/stash/${stash.id}/watch?after=1&wait=5m`)).json()
    expect(answer).toEqual({ type: 'change', revision: 3, changes: { 'k-2': '2', 'k-3': '3' } })
  })
  it('that is behind what another was just told waits a moment, so that a loop is no load', async () => {
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
    // A timer may fire a little early.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(90)
  })
  it('that was answered holds no place', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    for (let i = 0; i < 20; i++) await (await send(`/stash/${stash.id}/watch?after=0&wait=5m`)).json()
    const sockets = () => runInDurableObject(objectOf(stash), (_, ctx) => ctx.getWebSockets().length)
    await expect.poll(sockets).toBe(0)
  })
})
