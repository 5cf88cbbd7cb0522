/** The calls of a stash to its hubs: the real tables of a real object, hubs and a clock that a test holds. */
import { describe, expect, it } from 'vitest'
import { CALL_DEADLINE_MS, FAILURES_MAX, MESSAGE_LIMITS } from '../../src/stash/watch/hubs.ts'
import { revisionsOf, withHubs } from '../support/hub-bench.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('a call to a hub', () => {
  it('is one at a time, however often it is asked for; what is committed meanwhile goes in the next', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      for (let i = 0; i < 5; i++) void hubs.broadcast()
      await commit(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(revisionsOf)).toEqual([[1]])
      await world.calls[0]?.answer(1)
      expect(world.calls.map(revisionsOf)).toEqual([[1], [2, 3]])
      await world.calls[1]?.answer(3)
      expect(world.calls).toHaveLength(2)
      expect(rows()).toMatchObject([{ told: 3, failures: 0, tried_at: 0 }])
      expect(hubs.nextAt()).toBeNull()
    }))
  it('waits for no other hub', () =>
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
  it('waits until KV has said whether the stash went back', () =>
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
  it('tells a snapshot where KV does not say whether the stash went back', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      Object.assign(world, { confirming: Promise.reject(new Error('KV is away')), knownUpTo: 1 })
      hubs.subscribe('hub', 1)
      await commit(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(({ events }) => events)).toMatchObject([[{ type: 'snapshot', revision: 2 }]])
    }))
  it('that passes its deadline has failed, and is made again after a back-off, by whatever comes then', () =>
    withHubs(async ({ hubs, world, commit, settle, passDeadline, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      // The alarm has nothing to do before.
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
  it('that answers after its deadline counts, and the next goes out at once', () =>
    withHubs(async ({ hubs, world, commit, settle, passDeadline, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await passDeadline()
      await commit(1)
      await world.calls[0]?.answer(1)
      expect(rows()).toMatchObject([{ told: 1, failures: 0 }])
      expect(world.calls.map(revisionsOf)).toEqual([[1], [2]])
    }))
  it('that answers late never sets the cursor back, and takes no newer subscription away', () =>
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
  it('that is answered for an old subscription leaves the new one alone', () =>
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
  it('that fails for an old subscription is no failure of the new one', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      hubs.subscribe('hub', 1)
      await world.calls[0]?.fail()
      expect(rows()).toMatchObject([{ told: 1, failures: 0 }])
    }))
  it('that succeeds takes the failures before it back', () =>
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
  it('is made less and less often while it fails, also while much is committed, and in the end no more', () =>
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
        // What is committed within the back-off calls nobody.
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
  it('is not held up by a clock that was set back', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.fail()
      world.now -= 24 * HOUR
      expect((hubs.nextAt() ?? Infinity) - world.now).toBe(2_000)
    }))
  it('tells so many changes, and so many bytes, and the rest in the next', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      hubs.subscribe('hub', 0)
      await commit(MESSAGE_LIMITS.changes + 5)
      void hubs.broadcast()
      await settle()
      expect(world.calls[0]?.events).toHaveLength(MESSAGE_LIMITS.changes)
      await world.calls[0]?.answer(MESSAGE_LIMITS.changes)
      expect(world.calls[1]?.events).toHaveLength(5)
      await world.calls[1]?.answer(MESSAGE_LIMITS.changes + 5)
      const value = 'x'.repeat(60 * 1024)
      await commit(20, () => value)
      void hubs.broadcast()
      await settle()
      const [first] = world.calls.splice(2)
      const bytes = (first?.events.length ?? 0) * value.length
      expect(bytes).toBeLessThanOrEqual(MESSAGE_LIMITS.bytes)
      expect(bytes).toBeGreaterThan(MESSAGE_LIMITS.bytes - 2 * value.length)
    }))
  it('goes back to what the hub has really told, where that is less than was believed', () =>
    withHubs(async ({ hubs, world, commit, settle }) => {
      await commit(3)
      // Two watchers subscribed their hub at once, and the stash went on in between: the hub holds the first answer.
      hubs.subscribe('hub', 1)
      hubs.subscribe('hub', 3)
      await commit(1)
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(revisionsOf)).toEqual([[4]])
      await world.calls[0]?.answer(1)
      expect(world.calls.map(revisionsOf)).toEqual([[4], [2, 3, 4]])
    }))
  it('that confirms nothing of what it was told is a failure, not a loop', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      await commit(1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.answer(0)
      expect(world.calls).toHaveLength(1)
      expect(rows()).toMatchObject([{ told: 0, failures: 1 }])
    }))
  it('says that the stash is gone, and is the last', () =>
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
  it('begins again where a hub was dropped and says what it has told; one that is subscribed stays so', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      await commit(3)
      hubs.resubscribe('hub', 1)
      await settle()
      expect(world.calls.map(revisionsOf)).toEqual([[2, 3]])
      expect(world.armedTo).toHaveLength(1)
      const before = rows()
      hubs.resubscribe('hub', 0)
      expect(rows()).toEqual(before)
    }))
})
