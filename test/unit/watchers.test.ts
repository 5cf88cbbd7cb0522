/** The watchers of a stash over real tables, with stand-ins for its sockets, its hubs and the stash's state. */
import { describe, expect, it, vi } from 'vitest'
import { serializeOpening } from '../../src/live/opening.ts'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import { Watchers } from '../../src/stash/watch/watchers.ts'
import { type SocketStub, useHubStubs } from '../support/hub-in-node.ts'
import { makeStash } from '../support/tables.ts'

// The stand-ins have a hub of their own.
vi.mock('cloudflare:workers', () => ({ DurableObject: function DurableObject() {} }))

useHubStubs()

function makeWatchers() {
  const { sql, put } = makeStash()
  const sockets: { socket: SocketStub; tags: string[] }[] = []
  const ctx = {
    id: { toString: () => 'the-stash' },
    storage: { sql, sync: async () => {} },
    setWebSocketAutoResponse: () => {},
    getWebSockets: (tag?: string) =>
      sockets.flatMap(({ socket, tags }) => (tag === undefined || tags.includes(tag) ? socket : [])),
    acceptWebSocket: (socket: SocketStub, tags: string[]) => void sockets.push({ socket, tags }),
    getWebSocketAutoResponseTimestamp: () => null,
  }
  const calls: { name: string; events: WatchEvent[] }[] = []
  const world = { knownUpTo: Infinity, armed: 0 }
  const head = () => Number(sql.rows('SELECT revision FROM stash')[0]?.['revision'])
  const hub = (name: string) => ({
    tell: async (events: WatchEvent[]) => {
      calls.push({ name, events })
      return events.at(-1)?.revision ?? null
    },
  })
  const wake = () =>
    new Watchers({
      // The code uses only these members of the state.
      ctx: ctx as unknown as DurableObjectState,
      hub,
      head,
      exists: () => true,
      scheduleAlarm: () => void world.armed++,
      recovery: { knownUpTo: () => world.knownUpTo, confirm: () => null },
    })
  const watchers = wake()
  const admit = (query: string, { address = null as string | null, counted = false, limit = 100 } = {}) => {
    const headers = serializeOpening({ address, counted })
    const request = new Request(`https://stash/watch?${query}`, { headers })
    const { status } = watchers.admit(request, head(), limit)
    return { status, socket: sockets.at(-1)?.socket }
  }
  const rows = () => sql.rows('SELECT name, told FROM hub ORDER BY name')
  const getCalls = () => calls.map(({ name, events }) => [name, ...events.map(({ revision }) => revision)])
  return { put, watchers, wake, world, admit, rows, getCalls, sockets }
}
const getSent = (socket: SocketStub | undefined) => (socket?.sent ?? []).map((text) => JSON.parse(text) as object)

describe('Watchers.missed', () => {
  it('says how many hubs the continent of the hub has', () => {
    const { watchers } = makeWatchers()
    for (const name of ['s/EU/0', 's/EU/4', 's/NA/9']) watchers.subscribe(name, 0)
    const count = (name: string) => watchers.missed(0, 0, [], 'texts', { name, told: 0 }).hubs
    expect(['s/EU/0', 's/EU/6', 's/AS/0'].map(count)).toEqual([5, 7, 1])
  })
  it('subscribes a dropped hub again, and sends it events from its cursor', async () => {
    const { put, watchers, world, rows, getCalls } = makeWatchers()
    for (const value of ['1', '2', '3']) put('a', value)
    const missed = watchers.missed(3, 3, null, 'texts', { name: 'the-hub', told: 1 })
    expect(missed).toMatchObject({ head: 3, events: [], texts: [] })
    await expect.poll(rows).toEqual([{ name: 'the-hub', told: 3 }])
    expect([getCalls(), world.armed]).toEqual([[['the-hub', 2, 3]], 1])
    // From then on it receives each change.
    put('a', '4')
    await watchers.notify()
    expect(getCalls()).toEqual([
      ['the-hub', 2, 3],
      ['the-hub', 4],
    ])
  })
  it('keeps the cursor of a subscribed hub, and subscribes no watcher that connects directly', async () => {
    const { put, watchers, rows, getCalls } = makeWatchers()
    put('a', '1')
    watchers.missed(1, 0, null, 'texts', null)
    expect(rows()).toEqual([])
    watchers.subscribe('the-hub', 1)
    watchers.missed(1, 0, null, 'texts', { name: 'the-hub', told: 0 })
    expect([rows(), getCalls()]).toEqual([[{ name: 'the-hub', told: 1 }], []])
  })
  it('returns texts or events, of the requested keys', () => {
    const { put, watchers } = makeWatchers()
    put('a', '1')
    put('b', '2')
    expect(watchers.missed(2, 0, ['b'], 'texts', null)).toEqual({
      head: 2,
      events: [],
      texts: ['{"type":"change","revision":2,"changes":{"b":"2"}}'],
    })
    const { events, texts } = watchers.missed(2, 1, null, 'events', null)
    expect([events, texts]).toMatchObject([
      [{ type: 'change', revision: 2, values: [{ key: 'b', value: '2' }] }],
      undefined,
    ])
  })
  it('returns a snapshot for a cursor that may be of a lost timeline', () => {
    const { put, watchers, world } = makeWatchers()
    for (const value of ['1', '2', '3']) put('a', value)
    world.knownUpTo = 1
    expect(watchers.missed(3, 1, null, 'texts', null).texts).toHaveLength(2)
    expect(watchers.missed(3, 2, null, 'texts', null).texts).toEqual([
      '{"type":"snapshot","revision":3,"flags":{"a":"3"}}',
    ])
  })
})

describe('Watchers.admit', () => {
  it('sends a watcher the state, and then each change once', async () => {
    const { put, watchers, admit } = makeWatchers()
    put('a', '1')
    await watchers.notify()
    const { status, socket } = admit('')
    put('a', '2')
    await watchers.notify()
    expect(status).toBe(101)
    expect(getSent(socket)).toEqual([
      { type: 'snapshot', revision: 1, flags: { a: '1' } },
      { type: 'change', revision: 2, changes: { a: '2' } },
    ])
  })
  it('sends a watcher nothing twice: neither commits from before it connected, nor after a hibernation', async () => {
    const { put, watchers, wake, admit } = makeWatchers()
    put('a', '1')
    const { socket } = admit('')
    await watchers.notify()
    put('a', '2')
    await watchers.notify()
    // The object hibernates, and its sockets stay.
    const awake = wake()
    put('a', '3')
    await awake.notify()
    expect(getSent(socket)).toMatchObject([
      { type: 'snapshot', revision: 1 },
      { type: 'change', revision: 2 },
      { type: 'change', revision: 3 },
    ])
  })
  it('marks the end of the missed changes if the watcher requests it', () => {
    const { put, admit } = makeWatchers()
    put('a', '1')
    expect(getSent(admit('after=0&marks=1').socket).at(-1)).toEqual({ type: 'live', revision: 1 })
    expect(getSent(admit('after=1&marks=1').socket)).toEqual([{ type: 'live', revision: 1 }])
    expect(getSent(admit('after=1').socket)).toEqual([])
  })
  it('answers with a body if the watcher requests one and missed something, and takes no place for it', () => {
    const { put, admit, sockets } = makeWatchers()
    put('a', '1')
    expect([admit('after=0&body=1').status, sockets.length]).toEqual([200, 0])
    // Nothing was missed, so it waits.
    expect([admit('after=1&body=1').status, sockets.length]).toEqual([101, 1])
  })
  it('refuses a watcher where its places are taken, whoever has them', () => {
    const { admit } = makeWatchers()
    for (let i = 0; i < 2; i++) expect(admit('', { limit: 2, address: 'x' }).status).toBe(101)
    expect(admit('', { limit: 2, address: 'y' }).status).toBe(503)
    expect(admit('', { limit: 3, address: 'y' }).status).toBe(101)
  })
})

describe('Watchers.subscribeLostHubs', () => {
  it('subscribes eight hubs of each continent and of none from the beginning, and leaves known ones alone', () => {
    const { put, watchers, rows } = makeWatchers()
    put('a', '1')
    watchers.subscribe('the-stash/EU/0', 1)
    watchers.subscribeLostHubs('the-stash')
    expect(rows()).toHaveLength(7 * 8)
    expect(rows().filter((row) => row['told'] !== 0)).toEqual([{ name: 'the-stash/EU/0', told: 1 }])
    expect(rows().map(({ name }) => name)).toContain('the-stash/XX/7')
  })
})
