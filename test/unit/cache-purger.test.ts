import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CachePurger, type Purged } from '../../src/stash/publish/cache-purger.ts'
import { purgeCache } from '../../src/stash/publish/purge-cache.ts'

/** A purger whose purges and pauses end when the test says so. */
function makePurger(answer: () => Promise<Purged> = async () => true) {
  const world = { now: 10_000_000, purges: 0, leasesEndAt: 0 }
  const pauses: { ms: number; end(): void }[] = []
  const purger = new CachePurger({
    purge: () => {
      world.purges++
      return answer()
    },
    now: () => world.now,
    sleep: (ms) => new Promise<void>((end) => pauses.push({ ms, end })),
    leasesEndAt: () => world.leasesEndAt,
  })
  /** Runs everything that does not wait for a timer. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  const passPause = async (): Promise<void> => {
    const pause = pauses.shift()
    world.now += pause?.ms ?? 0
    pause?.end()
    await settle()
  }
  return { world, pauses, purger, settle, passPause }
}

describe('CachePurger', () => {
  it('purges once, and at once where no isolate reads', async () => {
    const { world, pauses, purger } = makePurger()
    await purger.notify()
    expect(world.purges).toBe(1)
    expect(pauses).toEqual([])
  })
  it('purges when the last lease has ended, and waits no longer than six seconds', async () => {
    const { world, pauses, purger, settle, passPause } = makePurger()
    for (const [leftMs, waitMs] of [
      [900, 1_000],
      [60_000, 6_000],
    ] as const) {
      const before = world.purges
      world.leasesEndAt = world.now + leftMs
      const done = purger.notify()
      await settle()
      expect(world.purges).toBe(before)
      expect(pauses.map(({ ms }) => ms)).toEqual([waitMs])
      await passPause()
      await done
      expect(world.purges).toBe(before + 1)
    }
  })
  it('purges once more for commits that arrive during the wait or the purge, after the leases of then', async () => {
    const { world, pauses, purger, settle, passPause } = makePurger()
    world.leasesEndAt = world.now + 1_000
    const done = purger.notify()
    await settle()
    world.leasesEndAt = world.now + 1_900
    void purger.notify()
    void purger.notify()
    await passPause()
    expect(world.purges).toBe(1)
    expect(pauses.map(({ ms }) => ms)).toEqual([900])
    await passPause()
    await done
    expect(world.purges).toBe(2)
  })
  it('spends no more than its budget, which grows by one purge every twenty minutes, up to three', async () => {
    const { world, purger } = makePurger()
    const spend = async (commits: number): Promise<number> => {
      const before = world.purges
      for (let i = 0; i < commits; i++) await purger.notify()
      return world.purges - before
    }
    expect(await spend(20)).toBe(3)
    world.now += 20 * 60_000 - 1
    expect(await spend(2)).toBe(0)
    world.now += 1
    expect(await spend(2)).toBe(1)
    world.now += 40 * 60_000
    expect(await spend(5)).toBe(2)
    world.now += 24 * 3_600_000
    expect(await spend(20)).toBe(3)
  })
  it('has a purge for each commit where they are twenty minutes apart on average, and not exactly', async () => {
    const { world, purger } = makePurger()
    for (let i = 0; i < 50; i++) {
      await purger.notify()
      world.now += 20 * 60_000 + (i % 3 === 2 ? 10_000 : -5_000)
    }
    expect(world.purges).toBe(50)
  })
  it('ignores a refused purge', async () => {
    const { world, purger } = makePurger(() => Promise.reject(new Error('429')))
    await purger.notify()
    await purger.notify()
    expect(world.purges).toBe(2)
  })
  it('stops if there is no cache', async () => {
    const { world, pauses, purger } = makePurger(async () => 'none')
    await purger.notify()
    await purger.notify()
    expect(world.purges).toBe(1)
    expect(pauses).toEqual([])
  })
})

describe('purgeCache', () => {
  type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>
  // A purge uses only these members of the object's state.
  const purge = (fetch: Fetch) =>
    purgeCache({
      id: { toString: () => 'the-stash' },
      exports: { default: () => ({ fetch }) },
    } as unknown as DurableObjectState)

  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('rejects where the purge is not answered in ten seconds', async () => {
    const purging = purge(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    )
    const settled = vi.fn<() => void>()
    purging.catch(settled)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await expect(purging).rejects.toThrow('aborted')
  })
  it('leaves no timer behind, which would keep the object from hibernating', async () => {
    expect(await purge(async () => new Response(null, { status: 204 }))).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})
