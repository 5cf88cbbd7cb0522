/** The calls of a stash to its hubs, with the real tables of a real object and stand-ins for the hubs and the clock. */
import { describe, expect, it } from 'vitest'
import { CALL_DEADLINE_MS, FAILURES_MAX } from '../../src/stash/watch/hubs.ts'
import { BATCH_LIMITS } from '../../src/stash/watch/replay.ts'
import { getRevisions, withHubs } from '../support/hub-bench.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('a call to a hub', () => {
  it('is the only one in flight; the next one has everything that is committed meanwhile', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      for (let i = 0; i < 5; i++) void hubs.broadcast()
      await commit(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(getRevisions)).toEqual([[1]])
      await world.calls[0]?.answer(1)
      expect(world.calls.map(getRevisions)).toEqual([[1], [2, 3]])
      await world.calls[1]?.answer(3)
      expect(world.calls).toHaveLength(2)
      expect(rows()).toMatchObject([{ told: 3, failures: 0, tried_at: 0 }])
      expect(hubs.nextAt()).toBeNull()
    }))
  it('does not wait for another hub', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      hubs.subscribe('deaf', 0)
      hubs.subscribe('near', 0)
      for (let i = 1; i <= 3; i++) {
        await commit(1)
        void hubs.broadcast()
        await settle()
        await world.calls.findLast(({ name }) => name === 'near')?.answer(i)
      }
      expect(world.calls.map(({ name }) => name)).toEqual(['deaf', 'near', 'near', 'near'])
    }))
  it('waits until KV has shown whether the stash was restored from an older state', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      const confirmed = Promise.withResolvers<void>()
      Object.assign(world, { confirming: confirmed.promise, knownUpTo: 0 })
      hubs.subscribe('hub', 1)
      await commit(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls).toEqual([])
      Object.assign(world, { confirming: null, knownUpTo: Infinity })
      confirmed.resolve()
      await settle()
      expect(world.calls.map(({ events }) => events)).toMatchObject([[{ type: 'change', revision: 2 }]])
    }))
  it('has a snapshot if KV cannot show whether the stash was restored from an older state', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      Object.assign(world, { confirming: Promise.reject(new Error('KV is unreachable')), knownUpTo: 1 })
      hubs.subscribe('hub', 1)
      await commit(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(({ events }) => events)).toMatchObject([[{ type: 'snapshot', revision: 2 }]])
    }))
  it('fails at its deadline, and is repeated after a back-off by the next commit or alarm', () =>
    withHubs(async ({ hubs, world, commit, settle, passDeadline, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      // The alarm must not run before.
      expect(hubs.nextAt()).toBeGreaterThan(world.now + CALL_DEADLINE_MS)
      await passDeadline()
      expect(rows()).toMatchObject([{ told: 0, failures: 1, tried_at: world.now }])
      expect(world.reports).toEqual([expect.stringContaining('did not answer')])
      const retryAt = hubs.nextAt() ?? 0
      expect(retryAt - world.now).toBe(2_000)
      expect(world.armedTo).toEqual([retryAt])
      world.now = retryAt - 1
      await hubs.broadcast()
      expect(world.calls).toHaveLength(1)
      world.now = retryAt
      void hubs.broadcast()
      await settle()
      expect(world.calls).toHaveLength(2)
    }))
  it('counts if it succeeds after its deadline, and the next one starts at once', () =>
    withHubs(async ({ hubs, world, commit, settle, passDeadline, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await passDeadline()
      await commit(1)
      await world.calls[0]?.answer(1)
      expect(rows()).toMatchObject([{ told: 1, failures: 0 }])
      expect(world.calls.map(getRevisions)).toEqual([[1], [2]])
    }))
  it('never lowers the cursor or replaces a newer subscription if it succeeds late', () =>
    withHubs(async ({ hubs, world, commit, settle, passDeadline, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await passDeadline()
      world.now += MINUTE
      await commit(2)
      void hubs.broadcast()
      await settle()
      await world.calls[1]?.answer(3)
      await world.calls[0]?.answer(1)
      expect(rows()).toMatchObject([{ told: 3 }])

      for (const late of [null, 1]) {
        await commit(1)
        void hubs.broadcast()
        await settle()
        const call = world.calls.at(-1)
        await passDeadline()
        hubs.subscribe('hub', world.head ?? 0)
        const before = rows()
        await call?.answer(late)
        expect(rows()).toEqual(before)
      }
    }))
  it('does not change the new subscription if it succeeds for an old one', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      for (const answer of [null, 0]) {
        hubs.subscribe('hub', world.head ?? 0)
        await commit(1)
        void hubs.broadcast()
        await settle()
        const call = world.calls.at(-1)
        await commit(1)
        hubs.subscribe('hub', world.head ?? 0)
        const before = rows()
        await call?.answer(answer)
        expect(rows()).toEqual(before)
      }
    }))
  it('does not count as a failure of the new subscription if it fails for an old one', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      hubs.subscribe('hub', 1)
      await world.calls[0]?.fail()
      expect(rows()).toMatchObject([{ told: 1, failures: 0 }])
    }))
  it('resets the failures if it succeeds', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      for (let i = 0; i < 6; i++) {
        void hubs.broadcast()
        await settle()
        await world.calls.at(-1)?.fail()
        world.now = hubs.nextAt() ?? 0
      }
      expect(rows()).toMatchObject([{ failures: 6 }])
      void hubs.broadcast()
      await settle()
      await world.calls.at(-1)?.answer(1)
      expect(rows()).toMatchObject([{ told: 1, failures: 0 }])
    }))
  it('is repeated with a growing back-off while it fails, also with many commits, and in the end no more', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      const gaps: number[] = []
      while (rows().length > 0) {
        void hubs.broadcast()
        await settle()
        await world.calls.at(-1)?.fail()
        const next = hubs.nextAt()
        if (next === null) break
        gaps.push(next - (rows()[0]?.tried_at ?? 0))
        // Commits within the back-off make no call.
        const calls = world.calls.length
        world.now = next - 1
        await commit(1)
        await hubs.broadcast()
        expect(world.calls).toHaveLength(calls)
        world.now = next
      }
      expect(gaps.slice(0, 7)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, MINUTE, MINUTE])
      expect(gaps.filter((gap) => gap === MINUTE)).toHaveLength(15)
      expect(gaps.filter((gap) => gap === HOUR)).toHaveLength(7 * 24)
      expect(world.calls).toHaveLength(FAILURES_MAX + 1)
      expect(rows()).toEqual([])
    }))
  it('is not delayed by a clock that was set back', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.fail()
      world.now -= 24 * HOUR
      expect((hubs.nextAt() ?? Infinity) - world.now).toBe(2_000)
    }))
  it('has a limited number of changes and bytes, and the next one has the rest', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      hubs.subscribe('hub', 0)
      await commit(BATCH_LIMITS.changes + 5)
      void hubs.broadcast()
      await settle()
      expect(world.calls[0]?.events).toHaveLength(BATCH_LIMITS.changes)
      await world.calls[0]?.answer(BATCH_LIMITS.changes)
      expect(world.calls[1]?.events).toHaveLength(5)
      await world.calls[1]?.answer(BATCH_LIMITS.changes + 5)
      const value = 'x'.repeat(60 * 1024)
      await commit(20, () => value)
      void hubs.broadcast()
      await settle()
      const [first] = world.calls.splice(2)
      const bytes = (first?.events.length ?? 0) * value.length
      expect(bytes).toBeLessThanOrEqual(BATCH_LIMITS.bytes)
      expect(bytes).toBeGreaterThan(BATCH_LIMITS.bytes - 2 * value.length)
    }))
  it('lowers the cursor to the one that the hub returns, if that is lower', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      await commit(3)
      // Two watchers subscribed their hub concurrently, with a commit in between, and the hub kept the first answer.
      hubs.subscribe('hub', 1)
      hubs.subscribe('hub', 3)
      await commit(1)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(getRevisions)).toEqual([[4]])
      await world.calls[0]?.answer(1)
      expect(world.calls.map(getRevisions)).toEqual([[4], [2, 3, 4]])
    }))
  it('fails if the hub confirms none of its events, so that it is not repeated in a loop', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.answer(0)
      expect(world.calls).toHaveLength(1)
      expect(rows()).toMatchObject([{ told: 0, failures: 1 }])
    }))
  it('has the deletion of the stash, and is the last one', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      world.head = null
      void hubs.broadcast()
      await settle()
      expect(world.calls[0]?.events).toEqual([{ type: 'gone', revision: 1, values: [] }])
      await world.calls[0]?.answer(0)
      expect(rows()).toEqual([])
      expect(hubs.nextAt()).toBeNull()
    }))
  it('starts again if a dropped hub reports its cursor, and keeps a present subscription', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      await commit(3)
      hubs.resubscribe('hub', 1)
      await settle()
      expect(world.calls.map(getRevisions)).toEqual([[2, 3]])
      expect(world.armedTo).toHaveLength(1)
      const before = rows()
      hubs.resubscribe('hub', 0)
      expect(rows()).toEqual(before)
    }))
})
