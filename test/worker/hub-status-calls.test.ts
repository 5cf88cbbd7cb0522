/** The calls of a stash to its hubs, with the real tables of a real object and stand-ins for the hubs and the clock. */
import { describe, expect, it } from 'vitest'
import type { WatchStatus } from '../../src/model/snapshot/watch-status.ts'
import { BATCH_LIMITS } from '../../src/stash/watch/replay.ts'
import { withHubs } from '../support/hub-bench.ts'

describe('a call with the status', () => {
  const status = (held: number): WatchStatus => ({ held, freezes: [] })

  it('has it with the last events, and alone where it differs later; a hub that confirms no revision then has not failed', () =>
    withHubs(async ({ hubs, world, commit, settle, rows }) => {
      hubs.subscribe('hub', 0)
      world.status = status(1)
      await commit(BATCH_LIMITS.changes + 1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.answer(BATCH_LIMITS.changes)
      await world.calls[1]?.answer(BATCH_LIMITS.changes + 1)
      expect(world.calls.map(({ rest }) => rest)).toEqual([[], [status(1)]])
      // The same status is not sent again.
      await hubs.broadcast()
      expect(world.calls).toHaveLength(2)
      world.status = status(2)
      void hubs.broadcast()
      await settle()
      expect(world.calls[2]).toMatchObject({ events: [], rest: [status(2)] })
      await world.calls[2]?.answer(BATCH_LIMITS.changes + 1)
      expect(world.calls).toHaveLength(3)
      expect(rows()).toMatchObject([{ told: BATCH_LIMITS.changes + 1, failures: 0 }])
      expect(hubs.nextAt()).toBeNull()
      expect(world.reports).toEqual([])
    }))
  it('is followed by another one where the status changes meanwhile', () =>
    withHubs(async ({ hubs, world, settle }) => {
      hubs.subscribe('hub', 0)
      world.status = status(1)
      void hubs.broadcast()
      await settle()
      world.status = status(2)
      await world.calls[0]?.answer(0)
      expect(world.calls.map(({ rest }) => rest)).toEqual([[status(1)], [status(2)]])
      await world.calls[1]?.answer(0)
      expect(world.calls).toHaveLength(2)
    }))
  it('is repeated after a back-off where it failed, and not where the status is again the one that the hub has', () =>
    withHubs(async ({ hubs, world, settle, rows }) => {
      hubs.subscribe('hub', 0)
      world.status = status(1)
      void hubs.broadcast()
      await settle()
      await world.calls[0]?.answer(0)
      world.status = status(2)
      void hubs.broadcast()
      await settle()
      await world.calls[1]?.fail()
      expect(rows()).toMatchObject([{ told: 0, failures: 1 }])
      expect(hubs.nextAt()).toBe(world.now + 2_000)
      world.status = status(1)
      expect(hubs.nextAt()).toBeNull()
      world.status = status(2)
      world.now += 2_000
      void hubs.broadcast()
      await settle()
      await world.calls[2]?.answer(0)
      expect(rows()).toMatchObject([{ told: 0, failures: 0 }])
      expect(hubs.nextAt()).toBeNull()
    }))
  it('is made again for a new subscription, and ends the subscription of a hub without watchers', () =>
    withHubs(async ({ hubs, world, settle, rows }) => {
      world.status = status(1)
      for (const answer of [0, null]) {
        hubs.subscribe('hub', 0)
        void hubs.broadcast()
        await settle()
        await world.calls.at(-1)?.answer(answer)
      }
      expect(world.calls.map(({ rest }) => rest)).toEqual([[status(1)], [status(1)]])
      expect(rows()).toEqual([])
    }))
  it('is not made once the stash is deleted', () =>
    withHubs(async ({ hubs, world, settle }) => {
      hubs.subscribe('hub', 0)
      Object.assign(world, { head: null, status: null })
      void hubs.broadcast()
      await settle()
      expect(world.calls.map(({ events, rest }) => [events[0]?.type, rest])).toEqual([['gone', []]])
    }))
})
