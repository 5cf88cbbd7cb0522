import { describe, expect, it } from 'vitest'
import { WatchBroadcaster, type BroadcastSource } from '../../src/stash/watch/watch-broadcaster.ts'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'

const change = (revision: number): WatchEvent => ({ type: 'change', revision, values: [] })

function makeBroadcaster(overrides: Partial<BroadcastSource> = {}) {
  const world = { head: 0 as number | null, size: 1, sent: [] as WatchEvent[], hubCalls: 0, reports: 0 }
  const connections = {
    get size() {
      return world.size
    },
    broadcast: async (events: WatchEvent[]) => void world.sent.push(...events),
    end: (event: WatchEvent) => void world.sent.push(event),
  }
  const source: BroadcastSource = {
    head: () => world.head,
    next: (after) => Array.from({ length: Math.max(0, (world.head ?? 0) - after) }, (_, i) => change(after + i + 1)),
    durable: async () => {},
    yieldToRequests: async () => {},
    connections,
    broadcastToHubs: async () => void world.hubCalls++,
    report: () => void world.reports++,
    ...overrides,
  }
  return { world, broadcaster: new WatchBroadcaster(source, 0), connections }
}

const getRevisions = (events: WatchEvent[]) => events.map(({ revision }) => revision)

describe('WatchBroadcaster', () => {
  it('sends to the watchers, and ends, while a hub never answers', async () => {
    const { world, broadcaster } = makeBroadcaster({ broadcastToHubs: () => new Promise(() => {}) })
    for (world.head = 1; world.head <= 3; world.head++) await broadcaster.notify()
    expect(getRevisions(world.sent)).toEqual([1, 2, 3])
  })
  it('calls hubs for a commit that arrives during a broadcast', async () => {
    const { world, broadcaster, connections } = makeBroadcaster()
    let release = (): void => {}
    connections.broadcast = async (events) => {
      world.sent.push(...events)
      if (events[0]?.revision === 1) await new Promise<void>((resolve) => (release = resolve))
    }
    world.head = 1
    const first = broadcaster.notify()
    await expect.poll(() => world.sent.length).toBe(1)
    expect(world.hubCalls).toBe(1)
    world.head = 2
    await broadcaster.notify()
    expect(world.hubCalls).toBe(2)
    expect(getRevisions(world.sent)).toEqual([1])
    release()
    await first
    expect(getRevisions(world.sent)).toEqual([1, 2])
  })
  it('reads again for a commit in the last moment of a broadcast', async () => {
    let committed = false
    const made = makeBroadcaster({
      head: () => {
        const { head, sent } = made.world
        // After the read that finds nothing more, and before the broadcaster has ended: the alarm may release a change
        // there.
        if (sent.length === 1 && !committed) {
          committed = true
          queueMicrotask(() => ((made.world.head = 2), void made.broadcaster.notify()))
        }
        return head
      },
    })
    made.world.head = 1
    await made.broadcaster.notify()
    await expect.poll(() => getRevisions(made.world.sent)).toEqual([1, 2])
  })
  it('repeats with the next call events that failed before', async () => {
    let broken = true
    const { world, broadcaster } = makeBroadcaster({
      durable: async () => {
        if (broken) throw new Error('the disk is full')
      },
    })
    world.head = 1
    await broadcaster.notify()
    expect(world).toMatchObject({ sent: [], hubCalls: 0, reports: 2 })
    broken = false
    await broadcaster.notify()
    expect(getRevisions(world.sent)).toEqual([1])
    expect(world.hubCalls).toBe(1)
  })
  it('sends nothing before it is durable', async () => {
    let land = (): void => {}
    const durable = new Promise<void>((resolve) => (land = resolve))
    const { world, broadcaster } = makeBroadcaster({ durable: () => durable })
    world.head = 1
    const telling = broadcaster.notify()
    await new Promise((resolve) => setImmediate(resolve))
    expect(world).toMatchObject({ sent: [], hubCalls: 0 })
    land()
    await telling
    expect(getRevisions(world.sent)).toEqual([1])
  })
  it('makes one call to the hubs for a burst of commits', async () => {
    const { world, broadcaster } = makeBroadcaster()
    const telling: Promise<void>[] = []
    for (world.head = 1; world.head < 10; world.head++) telling.push(broadcaster.notify())
    await Promise.all(telling)
    expect(world.hubCalls).toBe(1)
  })
  it('sends the deletion of the stash once', async () => {
    const { world, broadcaster } = makeBroadcaster()
    world.head = 1
    await broadcaster.notify()
    world.head = null
    await broadcaster.notify()
    await broadcaster.notify()
    expect(world.sent.map(({ type, revision }) => `${type} ${revision}`)).toEqual(['change 1', 'gone 2'])
  })
  it('reads no events without watchers, and starts with the next event for a new one', async () => {
    const { world, broadcaster } = makeBroadcaster()
    world.size = 0
    world.head = 5
    await broadcaster.notify()
    world.size = 1
    world.head = 6
    await broadcaster.notify()
    expect(getRevisions(world.sent)).toEqual([6])
  })
})
