/** The query and headers of a watch, with a stand-in for the object that records its arguments. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watch } from '../../src/http/watch/watch.ts'

const UPGRADE = { Upgrade: 'websocket' }
let stashes = 0

function makeWatch() {
  const id = String(++stashes).padStart(64, 'd')
  const calls: string[] = []
  const world = { status: 404, body: '' }
  /** A socket on which nothing is ever sent, for a poll that waits. */
  const webSocket = { addEventListener: () => {}, accept: () => {}, close: () => {} }
  const object = {
    fetch: async (url: string) => {
      calls.push(new URL(url).search)
      if (world.status === 101) return { status: 101, webSocket }
      return new Response(world.status === 200 ? world.body : null, { status: world.status })
    },
    vouch: async () => null,
  }
  const env = {
    STASH: { idFromString: (text: string) => text, get: () => object },
    // No hub is subscribed.
    HUBS: {
      idFromName: (name: string) => name,
      get: () => ({ fetch: async () => new Response(null, { status: 421 }) }),
    },
    SNAPSHOTS: { get: async () => null },
    READ_MODE: 'vouched',
    WATCHES: { limit: async () => ({ success: true }) },
  }
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
  const ask = async (query = '', init: RequestInit = {}) => {
    const response = await watch.request(`/stash/${id}/watch${query}`, init, env, context)
    const code = response.headers.get('Switchyard-Problem')
    return { status: response.status, code, headers: response.headers, text: await response.text() }
  }
  return { id, calls, world, ask }
}

beforeEach(() => {
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) })
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('GET …/watch', () => {
  it.each([
    ['a stream', '', {}, '?lines=1'],
    ['a WebSocket', '?after=3', UPGRADE, '?after=3'],
    ['a WebSocket, whatever the case of the header', '?wait=1s', { Upgrade: 'WebSocket' }, '?marks=1'],
    ['a long poll', '?after=3&wait=1s', {}, '?after=3&marks=1&body=1'],
    ['some keys', '?keys=a,b', {}, '?keys=a%2Cb&lines=1'],
    ['a header that a browser adds', '?after=3', { 'Last-Event-ID': '5' }, '?after=5&lines=1'],
  ])('calls the stash for %s', async (_, query, headers, terms) => {
    const { calls, ask } = makeWatch()
    expect((await ask(query, { headers })).code).toBe('stash_not_found')
    expect(calls).toEqual([terms])
  })
  it('answers a long poll with the missed events', async () => {
    const { world, ask } = makeWatch()
    world.status = 200
    world.body = '{"type":"change","revision":4,"changes":{"a":"1"}}'
    const { status, text } = await ask('?after=3&wait=1s')
    expect([status, JSON.parse(text)]).toEqual([200, { type: 'change', revision: 4, changes: { a: '1' } }])
  })
  it.each([
    ['', 30_000],
    ['2m', 120_000],
  ])('waits for a change as long as ?wait=%s says, and a sixteenth more at most', async (wait, least) => {
    const { world, ask } = makeWatch()
    world.status = 101
    const waits: number[] = []
    vi.stubGlobal('scheduler', { wait: async (ms: number) => void waits.push(ms) })
    const { status, text } = await ask(`?after=3&wait=${wait}`)
    expect([status, JSON.parse(text)]).toEqual([200, { type: 'change', revision: 3, changes: {} }])
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeGreaterThanOrEqual(least)
    expect(waits[0]).toBeLessThanOrEqual(least + least / 16)
  })
  it('opens no socket for a HEAD, but checks its query', async () => {
    const { calls, ask } = makeWatch()
    const head = await ask('', { method: 'HEAD' })
    expect([head.status, head.headers.get('Content-Type')]).toEqual([200, 'text/event-stream'])
    expect((await ask('?keys=', { method: 'HEAD' })).status).toBe(400)
    expect(calls).toEqual([])
  })
  it('refuses an invalid id', async () => {
    const response = await watch.request('/stash/none/watch', {}, { STASH: {} })
    expect(response.headers.get('Switchyard-Problem')).toBe('stash_not_found')
  })

  const hundred = Array.from({ length: 100 }, (_, n) => `k${n}`).join(',')
  it.each([
    'after=0',
    'after=999999999999999',
    'wait=',
    'wait=1s',
    'wait=300s',
    'wait=5m',
    'keys=a',
    `keys=${hundred}`,
  ])('accepts ?%s', async (query) => {
    expect((await makeWatch().ask(`?${query}`, { method: 'HEAD' })).status).toBe(200)
  })
  it.each([
    ['after=-1', 'after'],
    ['after=', 'after'],
    ['after=1e3', 'after'],
    ['after=1000000000000000', 'after'],
    ['wait=0s', 'wait'],
    ['wait=301s', 'wait'],
    ['wait=6m', 'wait'],
    ['wait=30', 'wait'],
    ['keys=', 'keys'],
    ['keys=a,', 'keys'],
    ['keys=a%20b', 'keys'],
    [`keys=${hundred},k100`, 'keys'],
    ['keys=a&keys=b', 'keys'],
  ])('refuses ?%s', async (query, parameter) => {
    const { ask, calls } = makeWatch()
    for (const headers of [{}, UPGRADE]) {
      const { status, code, text } = await ask(`?${query}`, { headers })
      expect([status, code]).toEqual([400, 'invalid_query'])
      expect(JSON.parse(text)).toMatchObject({ parameter })
    }
    expect(calls).toEqual([])
  })
  it('refuses an unknown parameter', async () => {
    expect((await makeWatch().ask('?key=a')).code).toBe('unknown_parameter')
  })
})
