import { describe, expect, it } from 'vitest'
import { toVouchReply } from '../../src/model/snapshot/vouch.ts'
import { makeIsolate, snapshotAt } from '../support/isolate.ts'

describe('SnapshotReader', () => {
  it('calls each store once for a hundred readers, none while the entry is fresh, and then for a vouch only', async () => {
    const { clock, calls, stores, reader } = makeIsolate()
    const readers = Array.from({ length: 100 }, () => reader.read(stores, 's'))
    await clock.pass(500)
    expect((await Promise.all(readers)).every(({ ok }) => ok)).toBe(true)
    expect(calls).toMatchObject({ kv: 1, vouch: 1, object: 0 })
    await reader.read(stores, 's')
    expect(calls).toMatchObject({ kv: 1, vouch: 1, object: 0 })
    // It was read twice, so refresh-ahead keeps it fresh until it has not been read for four seconds. Then it expires.
    await clock.pass(10_000)
    const { vouch } = calls
    const later = Array.from({ length: 100 }, () => reader.read(stores, 's'))
    await clock.pass(500)
    await Promise.all(later)
    expect(calls).toMatchObject({ kv: 1, vouch: vouch + 1, object: 0 })
  })
  it('gets the snapshot from the object if KV is behind it', async () => {
    const { at, calls, read } = makeIsolate()
    at.object = 7
    expect(await read()).toEqual({ revision: 7, vouched: true })
    expect(calls.object).toBe(1)
  })
  it('reads a write through it, even if the object is slow to vouch', async () => {
    const { clock, at, reader, read } = makeIsolate()
    await read()
    at.object = 2
    at.vouchMs = 400
    reader.expectRevision('s', 2, clock.now())
    expect(await read()).toEqual({ revision: 2, vouched: true })
  })
  it('does not let a read after a write share the refusal of a read from before it', async () => {
    const { clock, at, stores, reader } = makeIsolate()
    at.objectMs = 100
    const early = reader.read(stores, 's', 9)
    await clock.pass(50)
    at.object = 2
    reader.expectRevision('s', 2, clock.now())
    const late = reader.read(stores, 's', 2)
    await clock.pass(2_000)
    expect(await early).toMatchObject({ refusal: { code: 'revision_not_reached' } })
    expect(await late).toMatchObject({ ok: true, value: { snapshot: { revision: 2 } } })
  })
  it('serves the copy unvouched when the object no longer answers', async () => {
    const { clock, at, read } = makeIsolate()
    expect(await read()).toEqual({ revision: 1, vouched: true })
    at.objectDead = true
    await clock.pass(3_600_000)
    expect(await read()).toEqual({ revision: 1, vouched: false })
  })
  it('never serves an older copy than it has served', async () => {
    const { clock, at, read } = makeIsolate()
    at.object = 5
    expect(await read()).toEqual({ revision: 5, vouched: true })
    at.objectDead = true
    await clock.pass(5_000)
    expect(await read()).toEqual({ revision: 5, vouched: false })
  })
  it('never serves an older copy than another reader was served while this one waited for the object', async () => {
    const { at, cache, clock, read, reader, stores } = makeIsolate()
    expect(await read()).toMatchObject({ revision: 1 })
    await clock.pass(2_000)
    reader.expectRevision('s', 2, clock.now())
    at.objectDead = true
    Object.assign(at, { vouchMs: 1_500, objectMs: 1_500 })
    const waiting = reader.read(stores, 's')
    await clock.pass(1_000)
    const known = cache.get('s')
    if (known === undefined) throw new Error('no entry')
    cache.set('s', { ...known, snapshot: snapshotAt(5) })
    await clock.pass(20_000)
    expect(await waiting).toMatchObject({ ok: true, value: { snapshot: { revision: 5 } } })
  })
  it('never forgets that the object reported a deleted stash', async () => {
    const { clock, calls, stores, read } = makeIsolate()
    stores.vouch = async () => (calls.vouch++, toVouchReply(null))
    expect(await read()).toBe('stash_not_found')
    await clock.pass(3_600_000)
    expect(await read()).toBe('stash_not_found')
    expect(calls.vouch).toBe(1)
  })
  it('answers made-up revisions from vouches alone, with one request in each back-off', async () => {
    const { clock, at, calls, stores, reader, read } = makeIsolate()
    await read()
    const before = { ...calls }
    const claims: Promise<unknown>[] = []
    for (let i = 0; i < 100; i++) {
      claims.push(reader.read(stores, 's', 900 + i))
      await clock.pass(10)
    }
    await clock.pass(1_000)
    for (const claim of await Promise.all(claims)) {
      expect(claim).toMatchObject({ refusal: { code: 'revision_not_reached', current: 1 } })
    }
    expect(calls.object).toBe(before.object)
    expect(calls.kv).toBe(before.kv)
    // A second, in pauses of 100 ms and round trips of 5.
    expect(calls.vouch - before.vouch).toBeLessThanOrEqual(11)
    // An existing revision waits a moment among them, and is answered.
    at.object = 2
    expect(await read(2, 150)).toEqual({ revision: 2, vouched: true })
    expect(calls.object).toBe(before.object + 1)
  })
  it.each(['vouched', 'kv'] as const)(
    'requests no snapshot for a revision that does not exist, in the mode %s',
    async (mode) => {
      const { calls, stores, read } = makeIsolate()
      stores.mode = mode
      for (let i = 0; i < 20; i++) expect(await read(2 + i)).toBe('revision_not_reached')
      expect(calls.object).toBe(0)
      expect(calls.vouch).toBeLessThanOrEqual(20)
    },
  )
  it("names the stash's revision if its own copy is older", async () => {
    const { at, calls, stores, read } = makeIsolate()
    stores.mode = 'kv'
    at.object = 5
    expect(await read()).toEqual({ revision: 1, vouched: false })
    expect(await read(6)).toBe('revision_not_reached')
    expect(calls.object).toBe(0)
    expect(await read(5)).toEqual({ revision: 5, vouched: true })
    expect(calls.object).toBe(1)
  })
  it('waits for a slow vouch before it answers', async () => {
    const { clock, at, calls, read } = makeIsolate()
    await read()
    at.vouchMs = 2_000
    await clock.pass(5_000)
    expect(await read(9)).toBe('revision_not_reached')
    at.object = 9
    expect(await read(9)).toEqual({ revision: 9, vouched: true })
    expect(calls.object).toBe(1)
  })
  it('does not use a vouch that was requested before the read', async () => {
    const { clock, at, stores, reader, read } = makeIsolate()
    await read()
    await clock.pass(5_000)
    at.vouchMs = 100
    const early = reader.read(stores, 's', 2)
    await clock.pass(50)
    at.object = 2
    const late = reader.read(stores, 's', 2)
    await clock.pass(2_000)
    expect(await early).toMatchObject({ refusal: { code: 'revision_not_reached' } })
    expect(await late).toMatchObject({ ok: true, value: { snapshot: { revision: 2 } } })
  })
  it('reads a write through it, even if an older vouch is in flight', async () => {
    const { clock, at, stores, reader, read } = makeIsolate()
    await read()
    await clock.pass(5_000)
    at.vouchMs = 400
    void reader.read(stores, 's', 2)
    // The look-up has given up on the object by then, and calls it again for the expected revision with a longer deadline.
    await clock.pass(300)
    at.object = 2
    reader.expectRevision('s', 2, clock.now())
    expect(await read()).toEqual({ revision: 2, vouched: true })
  })
  it('reports a deleted stash, whatever revision was requested', async () => {
    const { stores, calls, read } = makeIsolate()
    await read()
    stores.vouch = async () => (calls.vouch++, toVouchReply(null))
    expect(await read(9)).toBe('stash_not_found')
    expect(calls.object).toBe(0)
  })
  it('does not report a missing revision if the object does not answer', async () => {
    const { at, read } = makeIsolate()
    await read()
    at.objectDead = true
    expect(await read(9)).toBe('unreachable')
  })
  it('serves nothing older than min_revision if the object has that revision and cannot return it', async () => {
    const { at, stores, read } = makeIsolate()
    await read()
    at.object = 7
    stores.readObject = () => Promise.reject(new Error('no answer'))
    expect(await read(5)).toBe('unreachable')
    // The present copy is still good for reads with a lower minimum.
    expect(await read(1)).toEqual({ revision: 1, vouched: false })
  })
  it('keeps no more entries than its limit', async () => {
    const { clock, stores, cache, reader } = makeIsolate()
    for (let i = 0; i < 500; i++) {
      const reading = reader.read(stores, `s${i}`)
      await clock.pass(20)
      await reading
    }
    expect(cache.size).toBe(100)
  })
})
