import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, getSocket } from '../../src/http/watch/connect.ts'
import type { App } from '../../src/http/scope.ts'
import type { WatchTerms } from '../../src/model/snapshot/watch-event.ts'

type Asked = { url: string; headers: Record<string, string>; hub: string | null; hint: string | undefined }

const terms: WatchTerms = { after: null, filter: ['a'], marks: true, body: false, framing: 'single' }
let stashes = 0

/** Stand-ins for objects that respond by status. 200 stands for a socket. */
function makePlaces(id = `stash-${++stashes}`) {
  const calls: Asked[] = []
  const world = {
    stash: [] as number[],
    hubs: [] as number[],
    hubCount: 1,
    limits: [] as string[],
    isAllowed: true,
  }
  const answer = (queue: number[], asking: Asked): Response => {
    calls.push(asking)
    const status = (queue.length > 1 ? queue.shift() : queue[0]) ?? 200
    return new Response(null, { status, headers: asking.hub === null ? {} : { 'Hub-Count': String(world.hubCount) } })
  }
  const getHeaders = (init: { headers: Record<string, string> }) => init.headers
  const env = {
    WATCHERS_PER_OBJECT: '7',
    WATCHES: { limit: async ({ key }: { key: string }) => (world.limits.push(key), { success: world.isAllowed }) },
    STASH: {
      get: () => ({
        fetch: async (url: string, init: { headers: Record<string, string> }) =>
          answer(world.stash, { url, headers: getHeaders(init), hub: null, hint: undefined }),
      }),
    },
    HUBS: {
      idFromName: (name: string) => name,
      get: (hub: string, options?: { locationHint: string }) => ({
        fetch: async (url: string, init: { headers: Record<string, string> }) =>
          answer(world.hubs, { url, headers: getHeaders(init), hub, hint: options?.locationHint }),
      }),
    },
  }
  const open = async ({
    address = '192.0.2.1' as string | null,
    continent = 'EU' as string | null,
    after = null as number | null,
  } = {}) => {
    const request = new Request('https://flags.test/', {
      headers: address === null ? {} : { 'CF-Connecting-IP': address },
    })
    Object.assign(request, { cf: continent === null ? undefined : { continent } })
    // The code uses only these bindings.
    const asked = { ...terms, after }
    const connected = await connect(env as unknown as App['Bindings'], id as unknown as DurableObjectId, asked, request)
    return connected.ok ? connected.value.response.status : connected.refusal
  }
  return { id, world, calls, open, hubs: () => calls.map(({ hub }) => hub) }
}
const limited = (what: string) => ({ code: 'rate_limited', retry_after_s: 60, limited: what })

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('connect', () => {
  it('connects to the object of the stash first, and counts nothing', async () => {
    const { calls, world, open } = makePlaces()
    expect(await open()).toBe(200)
    expect(calls).toMatchObject([
      { url: 'https://stash/watch?keys=a&marks=1', headers: { Upgrade: 'websocket' }, hub: null },
    ])
    expect(calls[0]?.headers['Seat-Counted']).toBeUndefined()
    expect(world.limits).toEqual([])
  })
  it('sends a hash of the address, which differs for each stash', async () => {
    const [one, other] = [makePlaces(), makePlaces()]
    const seats = async ({ calls, open }: ReturnType<typeof makePlaces>, address: string | null) => {
      await open({ address })
      return calls.at(-1)?.headers['Seat-Address']
    }
    const seat = await seats(one, '192.0.2.1')
    expect(seat).toMatch(/^[\w-]{22}$/)
    expect(await seats(one, '192.0.2.1')).toBe(seat)
    expect(await seats(one, '192.0.2.2')).not.toBe(seat)
    expect(await seats(other, '192.0.2.1')).not.toBe(seat)
    expect(await seats(one, null)).toBeUndefined()
  })
  it('counts an opening if a hub asks for it, and for five seconds also before it asks', async () => {
    const { calls, world, open } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [428, 200] })
    expect(await open()).toBe(200)
    expect(calls.map(({ headers }) => headers['Seat-Counted'])).toEqual([undefined, undefined, '1'])
    expect(world.limits).toHaveLength(1)
    vi.advanceTimersByTime(4_999)
    await open()
    expect([calls.length, world.limits.length, calls[3]?.headers['Seat-Counted']]).toEqual([4, 2, '1'])
    world.isAllowed = false
    expect(await open()).toEqual(limited('watches_opened'))
    expect(calls).toHaveLength(4)
    vi.advanceTimersByTime(1)
    expect(await open()).toBe(200)
    expect(world.limits).toHaveLength(3)
  })
  it('refuses an opening over the rate limit, and connects nowhere', async () => {
    const { calls, world, open } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [428], isAllowed: false })
    expect(await open()).toEqual(limited('watches_opened'))
    expect(calls).toHaveLength(2)
  })
  it('never counts an opening whose address is unknown', async () => {
    const { world, open } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [200], isAllowed: false })
    expect(await open({ address: null })).toBe(200)
    expect(world.limits).toEqual([])
  })
  it('reports a missing stash, and an address that has its share', async () => {
    for (const [status, refusal] of [
      [404, { code: 'stash_not_found' }],
      [429, limited('watches_open')],
    ] as const) {
      const [own, hub] = [makePlaces(), makePlaces()]
      own.world.stash = [status]
      expect(await own.open()).toEqual(refusal)
      Object.assign(hub.world, { stash: [503], hubs: [status] })
      expect(await hub.open()).toEqual(refusal)
    }
  })
  it('goes to a hub of the continent if the object is full, and for a minute directly', async () => {
    const { id, calls, world, open } = makePlaces()
    world.stash = [503]
    expect(await open()).toBe(200)
    expect(calls[1]).toMatchObject({
      hub: `${id}/EU/0`,
      hint: 'weur',
      url: 'https://stash/watch?keys=a&marks=1',
      headers: {
        Upgrade: 'websocket',
        'Seat-Stash': id,
        'Seat-Hub': `${id}/EU/0`,
        'Seat-Limit': '7',
      },
    })
    expect(world.limits).toEqual([])
    vi.advanceTimersByTime(59_999)
    await open({ continent: 'XY' })
    expect([calls.length, calls[2]?.hub, calls[2]?.hint]).toEqual([3, `${id}/XY/0`, undefined])
    await open({ continent: null })
    expect(calls[3]?.hub).toBe(`${id}/XX/0`)
    vi.advanceTimersByTime(1)
    world.stash = [200]
    await open()
    expect(calls[4]?.hub).toBeNull()
  })
  it('asks the first hub about a watcher that comes back, and the object where that hub is not subscribed', async () => {
    const { id, calls, world, open, hubs } = makePlaces()
    world.hubs = [421]
    expect(await open({ after: 3 })).toBe(200)
    expect(hubs()).toEqual([`${id}/EU/0`, null])
    expect(calls.map(({ headers }) => headers['Seat-Returning'])).toEqual(['1', undefined])
    // For a minute the isolate knows that the object has places.
    vi.advanceTimersByTime(59_999)
    await open({ after: 3 })
    expect(hubs().slice(2)).toEqual([null])
    vi.advanceTimersByTime(60_000)
    await open({ after: 3 })
    expect(hubs().slice(3)).toEqual([`${id}/EU/0`, null])
  })
  it('does not ask the object about a watcher that comes back where the first hub is subscribed, or full', async () => {
    const [one, other] = [makePlaces(), makePlaces()]
    one.world.hubs = [200]
    expect(await one.open({ after: 3 })).toBe(200)
    await one.open()
    expect(one.hubs()).toEqual([`${one.id}/EU/0`, `${one.id}/EU/0`])
    other.world.hubs = [503, 200]
    expect(await other.open({ after: 3 })).toBe(200)
    await other.open()
    expect(other.hubs()).toEqual([`${other.id}/EU/0`, `${other.id}/EU/1`, `${other.id}/EU/1`])
  })
  it('goes from a full hub to the next, and starts there the next time', async () => {
    const { id, world, open, hubs } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [503, 503, 200] })
    expect(await open()).toBe(200)
    expect(hubs()).toEqual([null, `${id}/EU/0`, `${id}/EU/1`, `${id}/EU/2`])
    await open()
    expect(hubs().slice(4)).toEqual([`${id}/EU/2`])
  })
  it('tries each of the 64 hubs once, and then gives up with 503', async () => {
    const { id, world, open, hubs } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [503, 200] })
    await open()
    world.hubs = [503]
    const before = hubs().length
    expect(await open()).toEqual({ code: 'unreachable' })
    const tried = hubs().slice(before)
    expect([tried.length, new Set(tried).size, tried[0]]).toEqual([64, 64, `${id}/EU/1`])
  })
  it('spreads watchers over the hubs that there are, once a hub has said how many', async () => {
    const { id, world, open, hubs } = makePlaces()
    Object.assign(world, { stash: [503], hubCount: 10 })
    vi.spyOn(Math, 'random').mockReturnValue(0.55)
    await open({ after: 3 })
    await open()
    // The one that had a place has one for the next.
    await open()
    expect(hubs()).toEqual([`${id}/EU/0`, `${id}/EU/5`, `${id}/EU/5`])
  })
  it('tries one of the hubs that there are, then the newest, then a new one', async () => {
    const { id, world, open, hubs } = makePlaces()
    Object.assign(world, { stash: [503], hubs: [503, 503, 503, 200], hubCount: 8 })
    await open({ after: 3 })
    expect(hubs()).toEqual([0, 7, 8, 1].map((n) => `${id}/EU/${n}`))
  })
  it('remembers at most a thousand stashes', async () => {
    const first = makePlaces()
    first.world.stash = [503]
    await first.open()
    for (let i = 0; i < 1_000; i++) {
      const { world, open } = makePlaces()
      world.stash = [503]
      await open()
    }
    await first.open()
    expect(first.hubs().filter((hub) => hub === null)).toHaveLength(2)
  })
})

describe('getSocket', () => {
  it('returns the socket, and throws if there is none', () => {
    expect(getSocket({ response: { webSocket: 'socket' } as unknown as Response })).toBe('socket')
    expect(() => getSocket({ response: { webSocket: null } as unknown as Response })).toThrow('without a socket')
  })
})
