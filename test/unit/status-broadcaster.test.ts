import { describe, expect, it } from 'vitest'
import type { WatchStatus } from '../../src/model/snapshot/watch-status.ts'
import { StatusBroadcaster, type StatusSource } from '../../src/stash/watch/status-broadcaster.ts'

function makeBroadcaster(overrides: Partial<StatusSource> = {}) {
  const world = { held: 0 as number | null, isWanted: true, sent: [] as number[], reports: 0 }
  const source: StatusSource = {
    getStatus: (): WatchStatus | null => (world.held === null ? null : { held: world.held, freezes: [] }),
    isWanted: () => world.isWanted,
    durable: async () => {},
    tell: async ({ held }) => void world.sent.push(held),
    report: () => void world.reports++,
    ...overrides,
  }
  return { world, broadcaster: new StatusBroadcaster(source), source }
}

describe('StatusBroadcaster', () => {
  it('sends a status once, and again where it differs', async () => {
    const { world, broadcaster } = makeBroadcaster()
    for (const held of [1, 1, 2, 1]) {
      world.held = held
      await broadcaster.notify()
    }
    expect(world.sent).toEqual([1, 2, 1])
  })
  it('sends nothing while no watcher asked for it, and nothing of a deleted stash', async () => {
    const { world, broadcaster } = makeBroadcaster()
    world.isWanted = false
    await broadcaster.notify()
    world.isWanted = true
    world.held = null
    await broadcaster.notify()
    expect(world.sent).toEqual([])
  })
  it('sends the last of the statuses that follow each other during a broadcast', async () => {
    let release = (): void => {}
    const { world, broadcaster, source } = makeBroadcaster()
    source.tell = async ({ held }) => {
      world.sent.push(held)
      if (held === 1) await new Promise<void>((resolve) => (release = resolve))
    }
    world.held = 1
    const first = broadcaster.notify()
    await expect.poll(() => world.sent).toEqual([1])
    for (world.held = 2; world.held < 5; world.held++) await broadcaster.notify()
    release()
    await first
    expect(world.sent).toEqual([1, 5])
  })
  it('sends nothing before it is durable, and repeats with the next call what failed', async () => {
    let broken = true
    const { world, broadcaster } = makeBroadcaster({
      durable: async () => {
        if (broken) throw new Error('the disk is full')
      },
    })
    await broadcaster.notify()
    expect(world).toMatchObject({ sent: [], reports: 1 })
    broken = false
    await broadcaster.notify()
    expect(world.sent).toEqual([0])
  })
})
