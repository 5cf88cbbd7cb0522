import { describe, expect, it } from 'vitest'
import { NO_STORAGE, toVouchReply } from '../../src/model/snapshot/vouch.ts'
import { makeIsolate } from '../support/isolate.ts'

describe('a copy that is newer than the object', () => {
  it('is vouched for if the object has reached its revision at the next call', async () => {
    const { at, calls, notices, stores, timed } = makeIsolate()
    at.kv = 2
    at.object = 2
    const vouch = stores.vouch.bind(stores)
    stores.vouch = async (id, known) =>
      calls.vouch === 0 ? (await vouch(id, known), toVouchReply(1)) : vouch(id, known)
    expect(await timed()).toMatchObject({ revision: 2, vouched: true })
    expect(calls).toMatchObject({ vouch: 2, recover: 0 })
    expect(notices).toEqual([])
  })
  it('makes the object recover past it, and the reader gets the recovered snapshot', async () => {
    const { at, calls, notices, timed } = makeIsolate()
    at.kv = 8
    at.object = 3
    at.recovers = (seen) => seen + 1
    expect(await timed()).toMatchObject({ revision: 9, vouched: true, source: 'object' })
    expect(calls).toMatchObject({ vouch: 2, recover: 1, object: 1 })
    expect(notices).toEqual(['diverged'])
  })
  it('does so with a cached copy as well', async () => {
    const { clock, at, timed } = makeIsolate()
    at.kv = at.object = 8
    await timed()
    at.object = 3
    at.recovers = (seen) => seen + 1
    await clock.pass(2_000)
    expect(await timed()).toMatchObject({ revision: 9, vouched: true })
  })
  it('is served unvouched if the object does not recover, and never replaced by an older copy', async () => {
    const { clock, at, calls, timed, read } = makeIsolate()
    at.kv = 8
    at.object = 3
    expect(await timed()).toMatchObject({ revision: 8, vouched: false })
    // No third question after the answer of the recovery.
    expect(calls).toMatchObject({ vouch: 2, recover: 1 })
    for (let i = 0; i < 9; i++) {
      await clock.pass(1_000)
      expect(await timed()).toMatchObject({ revision: 8, vouched: false })
    }
    await clock.pass(1_000)
    // The object is called again from time to time.
    expect(calls.recover).toBe(2)
    expect(await read(9)).toBe('revision_not_reached')
    at.object = 9
    await clock.pass(1_000)
    expect(await timed()).toMatchObject({ revision: 9, vouched: true })
  })
  it('ends refresh-ahead, which would otherwise call the object at every round trip', async () => {
    const { clock, at, calls, reader, stores, timed } = makeIsolate()
    at.kv = at.object = 8
    await timed()
    at.object = 3
    await reader.read(stores, 's')
    await clock.pass(5_000)
    expect(calls.vouch).toBe(2)
  })
  it('is served unvouched if the object has an older version, which cannot recover', async () => {
    const { at, calls, stores, timed } = makeIsolate()
    at.kv = 8
    at.object = 3
    stores.recover = async () => {
      calls.recover++
      throw new Error('no such RPC')
    }
    expect(await timed()).toMatchObject({ revision: 8, vouched: false })
    expect(calls.recover).toBe(1)
  })
})

describe('an object without tables', () => {
  it('is lost if a copy exists, which is served unvouched, and is called again', async () => {
    const { clock, at, calls, notices, stores, timed } = makeIsolate()
    stores.vouch = async () => (calls.vouch++, toVouchReply(NO_STORAGE))
    for (let i = 0; i < 3; i++) {
      expect(await timed()).toMatchObject({ revision: 1, vouched: false })
      await clock.pass(1_500)
    }
    expect(calls.vouch).toBe(3)
    expect(new Set(notices)).toEqual(new Set(['lost']))
    stores.vouch = async () => toVouchReply(at.object)
    at.object = 2
    expect(await timed()).toMatchObject({ revision: 2, vouched: true })
  })
  it('is deleted if KV has nothing, and unreachable if KV does not answer', async () => {
    const { at, stores, read } = makeIsolate()
    stores.vouch = async () => toVouchReply(NO_STORAGE)
    stores.readObject = async () => null
    at.kvDead = true
    expect(await read()).toBe('unreachable')
    stores.readKv = async () => null
    expect(await read()).toBe('stash_not_found')
  })
  it('is lost as well if its snapshot was requested', async () => {
    const { clock, at, stores, read, notices } = makeIsolate()
    stores.vouch = () => clock.sleep(400).then(() => toVouchReply(NO_STORAGE))
    stores.readObject = async () => null
    at.kvMs = 900
    expect(await read()).toEqual({ revision: 1, vouched: false })
    expect(notices.length).toBeLessThanOrEqual(1)
    expect(await read()).toEqual({ revision: 1, vouched: false })
  })
})
