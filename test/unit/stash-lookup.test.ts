import { describe, expect, it } from 'vitest'
import { StashLookup } from '../../src/edge/stash-lookup.ts'
import { SnapshotCache } from '../../src/edge/snapshot-cache.ts'
import { nextSequence } from '../../src/edge/single-flight.ts'
import { NO_STORAGE, toVouchReply } from '../../src/model/snapshot/vouch.ts'
import { makeIsolate, snapshotAt } from '../support/isolate.ts'

describe('a look-up', () => {
  it('serves the cached copy, unvouched, if the object names a newer revision and cannot return it', async () => {
    const { clock, at, calls, stores, timed } = makeIsolate()
    await timed()
    stores.readObject = async () => {
      calls.object++
      throw new Error('no answer')
    }
    at.object = 3
    await clock.pass(2_000)
    expect(await timed()).toMatchObject({ revision: 1, vouched: false })
    expect(calls.object).toBe(1)
    // KV, which it reads then, may have a newer copy than the cache.
    at.kv = 2
    await clock.pass(2_000)
    expect(await timed()).toMatchObject({ revision: 2, vouched: false, source: 'kv' })
  })
  it('serves the copy of KV if the object names a newer revision and cannot return it', async () => {
    const { at, stores, calls, timed } = makeIsolate()
    at.object = 3
    stores.readObject = () => Promise.reject(new Error('no answer'))
    expect(await timed()).toMatchObject({ revision: 1, vouched: false, source: 'kv' })
    expect(calls.kv).toBe(1)
  })
  it('waits for KV past its deadline if the object cannot be called', async () => {
    const { at, timed } = makeIsolate()
    Object.assign(at, { kvMs: 900, objectDead: true })
    expect(await timed()).toMatchObject({ ms: 900, revision: 1, vouched: false, source: 'kv' })
  })
  it('serves a late answer of KV as vouched if it has the revision that the object named', async () => {
    const { at, timed } = makeIsolate()
    Object.assign(at, { kvMs: 900, objectMs: 4_000 })
    expect(await timed()).toMatchObject({ ms: 900, revision: 1, vouched: true, source: 'kv' })
  })
  it('accepts no older snapshot, and none that lacks a field, from a late answer of KV', async () => {
    const older = makeIsolate()
    Object.assign(older.at, { kvMs: 900, objectMs: 2_000, object: 2 })
    expect(await older.timed()).toMatchObject({ ms: 2_600, revision: 2, vouched: true, source: 'object' })
    const lacking = makeIsolate()
    Object.assign(lacking.at, { kvMs: 900, objectMs: 2_000, kvLacks: true })
    expect(await lacking.timed()).toMatchObject({ ms: 2_600, revision: 1, vouched: true, source: 'object' })
  })
  it('reads KV again if the object does not answer, and keeps the newer copy', async () => {
    const { clock, at, calls, timed } = makeIsolate()
    await timed()
    Object.assign(at, { objectDead: true, kv: 4 })
    await clock.pass(2_000)
    expect(await timed()).toMatchObject({ revision: 4, vouched: false })
    expect(calls.kv).toBe(2)
  })
  it('does not call the object in the mode kv while KV has a copy', async () => {
    const { clock, at, calls, stores, timed } = makeIsolate()
    stores.mode = 'kv'
    expect(await timed()).toMatchObject({ revision: 1, vouched: false, source: 'kv' })
    at.kv = 2
    await clock.pass(1_000)
    expect(await timed()).toMatchObject({ revision: 2, vouched: false })
    expect(calls).toEqual({ kv: 2, vouch: 0, object: 0, recover: 0 })
    const empty = makeIsolate()
    empty.stores.mode = 'kv'
    empty.stores.readKv = async () => null
    expect(await empty.timed()).toMatchObject({ revision: 1, vouched: true, source: 'object' })
    expect(empty.calls.vouch).toBe(0)
  })
})

describe('a copy that is read in the mode kv', () => {
  it('is not refreshed ahead, and the fast path may serve it until it expires', async () => {
    const { stores, calls } = makeIsolate()
    const lookup = new StashLookup(new SnapshotCache(10, 1e9))
    stores.mode = 'kv'
    const entry = { ...lookup.storeDeleted('other', { askedAt: 0 }), snapshot: snapshotAt(1), fastPathUntil: 5 }
    lookup.refreshAhead.start(stores, 's', entry)
    expect([entry.fastPathUntil, calls.vouch]).toEqual([Infinity, 0])
  })
})

describe('the expected revision of a write', () => {
  it('is waited for during five seconds', async () => {
    const { clock, stores, reader, cache } = makeIsolate()
    const lookup = new StashLookup(cache)
    expect(lookup.getExpectedRevision(stores, 's')).toBe(0)
    reader.expectRevision('s', 7, clock.now())
    expect(lookup.getExpectedRevision(stores, 's')).toBe(7)
    await clock.pass(4_999)
    expect(lookup.getExpectedRevision(stores, 's')).toBe(7)
    await clock.pass(1)
    expect(lookup.getExpectedRevision(stores, 's')).toBe(0)
  })
})

describe('an isolate without a copy', () => {
  const begin = async (leaseMs: number | undefined, random: number) => {
    const { calls, stores, read, clock } = makeIsolate()
    const { readKv } = stores
    stores.readKv = async (id) => {
      const copy = await readKv(id)
      return copy && leaseMs !== undefined ? { ...copy, leaseMs } : copy
    }
    stores.random = () => random
    const first = await read()
    await clock.pass(leaseMs === undefined ? 0 : leaseMs * random + 1)
    return { calls: calls.vouch, first, later: await read() }
  }
  it('asks the object at once if few others ask', async () => {
    expect(await begin(undefined, 0.9)).toMatchObject({ first: { vouched: true } })
    expect(await begin(5_000, 0.1)).toMatchObject({ first: { vouched: true } })
  })
  it('serves the copy of KV at first if many ask, and asks within the lease that the object gave them', async () => {
    const { calls, first, later } = await begin(20_000, 0.5)
    expect(first).toMatchObject({ vouched: false })
    expect(calls).toBe(0)
    expect(later).toMatchObject({ vouched: true })
  })
})

describe('an object without tables', () => {
  const absent = async (inKv: 'copy' | 'nothing' | 'silent' | 'tombstone', remembered: boolean) => {
    const { clock, notices, stores } = makeIsolate()
    const cache = new SnapshotCache(10, 1e9)
    const lookup = new StashLookup(cache)
    if (remembered) {
      const found = lookup.lookUp(stores, 's', nextSequence())
      await clock.pass(100)
      await found
    }
    stores.readKv = async () => {
      if (inKv === 'silent') throw new Error('no answer')
      return inKv === 'nothing' ? null : { ...snapshotAt(3), ...(inKv === 'tombstone' && { stash: null }) }
    }
    stores.vouch = async () => toVouchReply(NO_STORAGE)
    stores.readObject = async () => null
    await clock.pass(5_000)
    const finding = lookup.lookUp(stores, 's', nextSequence())
    await clock.pass(20_000)
    const { entry } = await finding
    const description = entry && (entry.snapshot === null ? 'gone' : `${entry.snapshot.revision} ${entry.vouched}`)
    return [description, notices.length > 0]
  }
  it('is lost if a copy exists in the cache or in KV', async () => {
    expect(await absent('copy', false)).toEqual(['3 false', true])
    expect(await absent('copy', true)).toEqual(['3 false', true])
    expect(await absent('nothing', true)).toEqual(['1 false', true])
    expect(await absent('silent', true)).toEqual(['1 false', true])
  })
  it('is deleted if no copy exists, or KV has a tombstone', async () => {
    expect(await absent('nothing', false)).toEqual(['gone', false])
    expect(await absent('tombstone', false)).toEqual(['gone', false])
    expect(await absent('tombstone', true)).toEqual(['gone', false])
  })
  it('is neither if KV does not answer and the cache is empty', async () => {
    expect(await absent('silent', false)).toEqual([null, false])
  })
  it.each([
    ['NO_STORAGE and a copy of an existing stash', NO_STORAGE, true, true],
    ['NO_STORAGE and no copy', NO_STORAGE, false, false],
    ['a tombstone', null, true, false],
    ['a revision', 1, true, false],
  ] as const)('is lost or not for a write: %s', async (_, word, hasCopy, lost) => {
    const { clock, stores, reader } = makeIsolate()
    stores.vouch = async () => toVouchReply(word)
    if (!hasCopy) stores.readKv = async () => null
    const asking = reader.isLost(stores, 's')
    await clock.pass(20_000)
    expect(await asking).toBe(lost)
  })
})
