import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CachePurger, SECOND_PURGE_MS, type Purged } from '../../src/stash/publish/cache-purger.ts'
import { purgeCache } from '../../src/stash/publish/purge-cache.ts'

/** A purger whose purges and pauses end when the test says so. */
function makePurger(answer: () => Promise<Purged> = async () => true) {
  const world = { now: 1_000_000, purges: 0 }
  const pauses: { ms: number; end(): void }[] = []
  const purger = new CachePurger(
    () => {
      world.purges++
      return answer()
    },
    () => world.now,
    (ms) => new Promise<void>((end) => pauses.push({ ms, end })),
  )
  /** Runs everything that does not wait for a timer. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  const passPause = async (): Promise<void> => {
    pauses.shift()?.end()
    await settle()
  }
  return { world, pauses, purger, settle, passPause }
}

describe('CachePurger', () => {
  it('purges at once, and again when no isolate can have an older copy', async () => {
    const { world, pauses, purger, settle, passPause } = makePurger()
    const done = purger.notify()
    await settle()
    expect(world.purges).toBe(1)
    expect(pauses.map(({ ms }) => ms)).toEqual([SECOND_PURGE_MS])
    await passPause()
    await done
    expect(world.purges).toBe(2)
    expect(pauses).toEqual([])
  })
  it('purges twice for a commit that arrives in between', async () => {
    const { world, purger, settle, passPause } = makePurger()
    const done = purger.notify()
    await settle()
    void purger.notify()
    void purger.notify()
    await passPause()
    // The first purge of the next round is the second of this one.
    expect(world.purges).toBe(2)
    await passPause()
    await done
    expect(world.purges).toBe(3)
  })
  it('purges twice for a commit that arrives during a purge', async () => {
    const first = Promise.withResolvers<Purged>()
    const { world, purger, settle, passPause } = makePurger(() =>
      world.purges === 1 ? first.promise : Promise.resolve(true),
    )
    const done = purger.notify()
    void purger.notify()
    first.resolve(true)
    await settle()
    await passPause()
    await passPause()
    await done
    expect(world.purges).toBe(3)
  })
  it('starts again after it has ended', async () => {
    const { world, purger, settle, passPause } = makePurger()
    for (const total of [2, 4]) {
      const done = purger.notify()
      await settle()
      await passPause()
      await done
      expect(world.purges).toBe(total)
    }
  })
  it('spends no more than its budget, which grows by one purge every twelve seconds, up to ten', async () => {
    const { world, purger, settle, passPause } = makePurger()
    const spend = async (commits: number): Promise<number> => {
      const before = world.purges
      for (let i = 0; i < commits; i++) {
        const done = purger.notify()
        await settle()
        await passPause()
        await done
      }
      return world.purges - before
    }
    expect(await spend(20)).toBe(10)
    world.now += 11_999
    expect(await spend(2)).toBe(0)
    world.now += 1
    expect(await spend(2)).toBe(1)
    world.now += 36_000
    expect(await spend(5)).toBe(3)
    world.now += 3_600_000
    expect(await spend(20)).toBe(10)
  })
  it('ignores a refused purge, and still makes the second', async () => {
    const { world, purger, settle, passPause } = makePurger(() => Promise.reject(new Error('429')))
    const done = purger.notify()
    await settle()
    await passPause()
    await done
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
