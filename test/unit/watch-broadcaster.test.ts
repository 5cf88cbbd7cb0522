import { describe, expect, it } from 'vitest'
import { WatchBroadcaster, type BroadcastSource } from '../../src/stash/watch/watch-broadcaster.ts'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'

const change = (revision: number): WatchEvent => ({ type: 'change', revision, values: [] })

function makeTeller(overrides: Partial<BroadcastSource> = {}) {
  const world = { head: 0 as number | null, size: 1, told: [] as WatchEvent[], hubCalls: 0, reports: 0 }
  const audience = {
    get size() {
      return world.size
    },
    tell: async (event: WatchEvent) => void world.told.push(event),
    end: (event: WatchEvent) => void world.told.push(event),
  }
  const source: BroadcastSource = {
    head: () => world.head,
    next: (after) => (after < (world.head ?? 0) ? change(after + 1) : null),
    durable: async () => {},
    yieldToRequests: async () => {},
    audience,
    tellHubs: async () => void world.hubCalls++,
    report: () => void world.reports++,
    ...overrides,
  }
  return { world, teller: new WatchBroadcaster(source, 0), audience }
}

const revisionsOf = (events: WatchEvent[]) => events.map(({ revision }) => revision)

describe('WatchBroadcaster', () => {
  it('tells the watchers, and ends, while a hub never answers', async () => {
    const { world, teller } = makeTeller({ tellHubs: () => new Promise(() => {}) })
    for (world.head = 1; world.head <= 3; world.head++) await teller.notify()
    expect(revisionsOf(world.told)).toEqual([1, 2, 3])
  })
  it('tells hubs of a commit that comes while watchers are being told', async () => {
    const { world, teller, audience } = makeTeller()
    let release = (): void => {}
    audience.tell = async (event) => {
      world.told.push(event)
      if (event.revision === 1) await new Promise<void>((resolve) => (release = resolve))
    }
    world.head = 1
    const first = teller.notify()
    await expect.poll(() => world.told.length).toBe(1)
    expect(world.hubCalls).toBe(1)
    world.head = 2
    await teller.notify()
    expect(world.hubCalls).toBe(2)
    expect(revisionsOf(world.told)).toEqual([1])
    release()
    await first
    expect(revisionsOf(world.told)).toEqual([1, 2])
  })
  it('looks again for what was committed in the last moment of telling', async () => {
    let committed = false
    const made = makeTeller({
      head: () => {
        const { head, told } = made.world
        // After the look that finds nothing more, and before the teller has ended: a release of the alarm may come there.
        if (told.length === 1 && !committed) {
          committed = true
          queueMicrotask(() => ((made.world.head = 2), void made.teller.notify()))
        }
        return head
      },
    })
    made.world.head = 1
    await made.teller.notify()
    await expect.poll(() => revisionsOf(made.world.told)).toEqual([1, 2])
  })
  it('tells with the next call what failed before', async () => {
    let broken = true
    const { world, teller } = makeTeller({
      durable: async () => {
        if (broken) throw new Error('the disk is full')
      },
    })
    world.head = 1
    await teller.notify()
    expect(world).toMatchObject({ told: [], hubCalls: 0, reports: 2 })
    broken = false
    await teller.notify()
    expect(revisionsOf(world.told)).toEqual([1])
    expect(world.hubCalls).toBe(1)
  })
  it('tells nothing before it is durable', async () => {
    let land = (): void => {}
    const durable = new Promise<void>((resolve) => (land = resolve))
    const { world, teller } = makeTeller({ durable: () => durable })
    world.head = 1
    const telling = teller.notify()
    await new Promise((resolve) => setImmediate(resolve))
    expect(world).toMatchObject({ told: [], hubCalls: 0 })
    land()
    await telling
    expect(revisionsOf(world.told)).toEqual([1])
  })
  it('of a burst of commits makes one call to the hubs', async () => {
    const { world, teller } = makeTeller()
    const telling: Promise<void>[] = []
    for (world.head = 1; world.head < 10; world.head++) telling.push(teller.notify())
    await Promise.all(telling)
    expect(world.hubCalls).toBe(1)
  })
  it('says once that the stash is gone', async () => {
    const { world, teller } = makeTeller()
    world.head = 1
    await teller.notify()
    world.head = null
    await teller.notify()
    await teller.notify()
    expect(world.told.map(({ type, revision }) => `${type} ${revision}`)).toEqual(['change 1', 'gone 2'])
  })
  it('reads no event while there are no watchers, and begins with the next for one that comes', async () => {
    const { world, teller } = makeTeller()
    world.size = 0
    world.head = 5
    await teller.notify()
    world.size = 1
    world.head = 6
    await teller.notify()
    expect(revisionsOf(world.told)).toEqual([6])
  })
})
