/** The runs of refresh-ahead: when one starts, when the next takes over, and when it ends. */
import { describe, expect, it } from 'vitest'
import { RefreshAhead } from '../../src/edge/refresh-ahead.ts'
import type { CacheEntry } from '../../src/edge/snapshot-cache.ts'
import type { Stores } from '../../src/edge/stores.ts'
import { makeIsolate, snapshotAt } from '../support/isolate.ts'

/** A copy of each stash that the object confirms at once. The next confirmation is due after 700 ms. */
function makeRefreshAhead() {
  const { clock, stores } = makeIsolate()
  const copies = new Map<string, CacheEntry>()
  const world = { confirmations: 0, answer: (): boolean | Promise<boolean> => true, runs: 0 }
  const refreshAhead = new RefreshAhead({
    getVouchedEntry: (stashId) => copies.get(stashId) ?? null,
    refreshAt: (_, { checkedAt }) => checkedAt + 700,
    refresh: async (_, stashId) => {
      world.confirmations++
      const isAnswered = await world.answer()
      const entry = copies.get(stashId)
      if (entry !== undefined && isAnswered) copies.set(stashId, { ...entry, checkedAt: clock.now() })
      return isAnswered
    },
  })
  const counting: Stores = { ...stores, keepAlive: () => void world.runs++ }
  const put = (stashId: string, facts: Partial<CacheEntry> = {}): CacheEntry => {
    const now = clock.now()
    const entry: CacheEntry = {
      snapshot: snapshotAt(1, stashId),
      source: 'kv',
      checkedAt: now,
      freshMs: 1_000,
      vouched: true,
      validAsOf: now,
      expected: null,
      fastPathUntil: 0,
      readAt: now,
      ...facts,
    }
    copies.set(stashId, entry)
    return entry
  }
  /** A read that the cache answers. */
  const read = (stashId = 's', from: Stores = counting): CacheEntry => {
    const entry = copies.get(stashId) ?? put(stashId)
    entry.readAt = clock.now()
    refreshAhead.start(from, stashId, entry)
    return entry
  }
  /** A read every 100 ms. */
  const readFor = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      read()
      await clock.pass(100)
    }
  }
  return { clock, stores: counting, refreshAhead, world, copies, put, read, readFor }
}

describe('RefreshAhead', () => {
  it('has one run for 18 s of reads, then the next read takes it over', async () => {
    const { world, refreshAhead, clock, readFor } = makeRefreshAhead()
    const startedAt = clock.now()
    await readFor(18_000)
    expect(world.runs).toBe(1)
    expect([17_999, 18_000].map((ms) => refreshAhead.isRunning('s', startedAt + ms))).toEqual([true, false])
    await readFor(18_000)
    expect(world.runs).toBe(2)
    // The replaced run makes no more calls: one call every 700 ms.
    expect(world.confirmations).toBe(Math.floor(36_000 / 700))
  })
  it('stops once the copy has not been read for four seconds', async () => {
    const { clock, refreshAhead, world, read } = makeRefreshAhead()
    read()
    await clock.pass(3_900)
    expect([world.confirmations, refreshAhead.isRunning('s', clock.now())]).toEqual([5, true])
    await clock.pass(20_000)
    expect([world.confirmations, refreshAhead.isRunning('s', clock.now())]).toEqual([5, false])
  })
  it('continues while the copy was read within four seconds', async () => {
    const { clock, world, read } = makeRefreshAhead()
    // Calls at 700, 1,400 … ms: at the sixth, the last read is exactly 4,000 ms old.
    await clock.pass(0)
    read().readAt = clock.now() + 200
    await clock.pass(10_000)
    expect(world.confirmations).toBe(6)
  })
  it('ends if the object does not answer, and leaves the next read to the look-up', async () => {
    const { clock, refreshAhead, world, copies, read } = makeRefreshAhead()
    world.answer = () => false
    expect(read().fastPathUntil).toBe(Infinity)
    await clock.pass(5_000)
    expect([world.confirmations, refreshAhead.isRunning('s', clock.now())]).toEqual([1, false])
    expect(copies.get('s')?.fastPathUntil).toBe(0)
  })
  it('ends if the request fails', async () => {
    const { clock, refreshAhead, world, copies, read } = makeRefreshAhead()
    world.answer = () => Promise.reject(new Error('broken'))
    read()
    await clock.pass(1_000)
    expect([refreshAhead.isRunning('s', clock.now()), copies.get('s')?.fastPathUntil]).toEqual([false, 0])
  })
  it('does not end the run that took over while its own request was in flight', async () => {
    const { clock, refreshAhead, world, copies, read } = makeRefreshAhead()
    const answer = Promise.withResolvers<boolean>()
    world.answer = () => answer.promise
    read()
    await clock.pass(7_800)
    world.answer = () => true
    read()
    await clock.pass(0)
    expect([world.runs, refreshAhead.isRunning('s', clock.now())]).toEqual([2, true])
    answer.resolve(false)
    await clock.pass(0)
    expect(refreshAhead.isRunning('s', clock.now())).toBe(true)
    expect(copies.get('s')?.fastPathUntil).toBe(Infinity)
  })
  it('ends after 25 s, right after an answer, even if the copy is still read', async () => {
    const { clock, world, copies, read } = makeRefreshAhead()
    read()
    for (let i = 0; i < 300; i++) {
      // The fast path answers without looking for a run.
      const entry = copies.get('s')
      if (entry !== undefined) entry.readAt = clock.now()
      await clock.pass(100)
    }
    expect([world.runs, world.confirmations]).toEqual([1, 36])
    expect(copies.get('s')?.fastPathUntil).toBe(0)
  })
  it('ends if the copy is gone', async () => {
    const { clock, refreshAhead, world, copies, read } = makeRefreshAhead()
    read()
    copies.delete('s')
    await clock.pass(1_000)
    expect([world.confirmations, refreshAhead.isRunning('s', clock.now())]).toEqual([0, false])
  })
  it('counts a run as ended after seven seconds without a heartbeat, because its request has ended', async () => {
    const { clock, stores, refreshAhead, world, read } = makeRefreshAhead()
    read('s', { ...stores, sleep: () => new Promise(() => {}) })
    await clock.pass(6_999)
    read()
    expect([world.runs, refreshAhead.isRunning('s', clock.now())]).toEqual([1, true])
    await clock.pass(1)
    read()
    expect([world.runs, refreshAhead.isRunning('s', clock.now())]).toEqual([2, true])
  })
  it('counts a run as ended if the clock was set back before its heartbeat', () => {
    const { clock, refreshAhead, read } = makeRefreshAhead()
    read()
    expect(refreshAhead.isRunning('s', clock.now())).toBe(true)
    expect(refreshAhead.isRunning('s', clock.now() - 1)).toBe(false)
  })
  it('starts none for an unvouched copy, nor in the mode kv', () => {
    const { stores, world, put, read } = makeRefreshAhead()
    put('s', { vouched: false })
    expect(read().fastPathUntil).toBe(Infinity)
    put('t')
    expect(read('t', { ...stores, mode: 'kv' }).fastPathUntil).toBe(Infinity)
    expect(world.runs).toBe(0)
  })
  it('tracks a thousand runs, and drops them all for one more: each of them then ends', async () => {
    const { clock, refreshAhead, world, read } = makeRefreshAhead()
    for (let n = 0; n < 1_000; n++) read(`s${n}`)
    expect(refreshAhead.isRunning('s0', clock.now())).toBe(true)
    read('s1000')
    expect(refreshAhead.isRunning('s0', clock.now())).toBe(false)
    expect(refreshAhead.isRunning('s1000', clock.now())).toBe(true)
    await clock.pass(1_000)
    // Only the last one still runs; an ended run makes no calls.
    expect(world.confirmations).toBe(1)
  })
})
