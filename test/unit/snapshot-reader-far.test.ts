import { describe, expect, it } from 'vitest'
import { toVouchReply } from '../../src/model/snapshot/vouch.ts'
import { makeIsolate } from '../support/isolate.ts'

describe('a reader far from the object', () => {
  it('gets its answer from the second look-up on, because the deadline follows the round trip', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 340
    expect(await timed()).toMatchObject({ ms: 255, vouched: false })
    await clock.pass(3_000)
    expect(await timed()).toMatchObject({ ms: 340, vouched: true })
  })
  it('does not wait for an object that is slower than the longest deadline', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 4_000
    await timed()
    await clock.pass(10_000)
    expect((await timed()).ms).toBeLessThanOrEqual(1_500)
  })
  it('gets the late answer that another reader did not wait for, with the time of its request', async () => {
    const { clock, at, timed, reader, stores } = makeIsolate()
    at.vouchMs = 600
    // The object is asked when KV has answered.
    const askedAt = clock.now() + at.kvMs
    expect(await timed()).toMatchObject({ ms: 255, vouched: false })
    await clock.pass(400)
    const read = await reader.read(stores, 's')
    expect(read).toMatchObject({ ok: true, value: { vouched: true, validAsOf: askedAt } })
  })
  it('gets the newer snapshot too if the late vouch names a newer revision', async () => {
    const { clock, at, calls, timed, reader, stores } = makeIsolate()
    at.object = 7
    at.vouchMs = 300
    expect(await timed()).toMatchObject({ ms: 255, revision: 1, vouched: false })
    await clock.pass(100)
    expect(await reader.read(stores, 's')).toMatchObject({
      ok: true,
      value: { vouched: true, snapshot: { revision: 7 } },
    })
    expect(calls).toMatchObject({ vouch: 1, object: 1 })
  })
  it('learns from a late vouch as well that the stash is deleted', async () => {
    const { clock, stores, timed, read } = makeIsolate()
    stores.vouch = () => clock.sleep(600).then(() => toVouchReply(null))
    expect(await timed()).toMatchObject({ ms: 255, vouched: false })
    await clock.pass(400)
    expect(await read()).toBe('stash_not_found')
  })
  it('learns that the stash is deleted if that happened after the late vouch', async () => {
    const { clock, stores, timed, read } = makeIsolate()
    const answers = [clock.sleep(600).then(() => toVouchReply(7))]
    stores.vouch = () => answers.shift() ?? clock.sleep(5).then(() => toVouchReply(null))
    stores.readObject = () => clock.sleep(5).then(() => null)
    expect(await timed()).toMatchObject({ ms: 255, vouched: false })
    await clock.pass(2_000)
    expect(await read(0, 1_000)).toBe('stash_not_found')
  })
  it('waits at most once for a slow answer', async () => {
    const { clock, at, calls, timed } = makeIsolate()
    await timed()
    at.vouchMs = 4_500
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      await clock.pass(1_000)
      waits.push((await timed()).ms)
    }
    // KV is read then. The readers after it wait for KV only.
    expect(waits[0]).toBe(255)
    expect(Math.max(...waits.slice(1))).toBe(5)
    expect(calls.vouch).toBe(2)
  })
})

describe('a copy that is read', () => {
  it('is refreshed ahead, so that no reader waits', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 200
    await timed()
    const waits: number[] = []
    for (let i = 0; i < 40; i++) {
      await clock.pass(250)
      const { ms, vouched } = await timed()
      expect(vouched).toBe(true)
      waits.push(ms)
    }
    expect(Math.max(...waits)).toBe(0)
  })
  it('is confirmed by one run: not by every reader, and not earlier than necessary', async () => {
    const { clock, at, calls, timed } = makeIsolate()
    at.vouchMs = 240
    await timed()
    for (let i = 0; i < 80; i++) {
      await clock.pass(10)
      await timed()
    }
    // At 0 and 670 ms after that, repeatedly: 1,000 ms less 1.25 round trips and 30 ms.
    expect(calls.vouch).toBe(2)
  })
  it('is confirmed even if no reader comes near its expiry, as with random reads', async () => {
    const { clock, at, calls, timed } = makeIsolate()
    at.vouchMs = 300
    await timed()
    await clock.pass(100)
    await timed()
    for (let i = 0; i < 5; i++) {
      await clock.pass(2_500)
      expect(await timed()).toMatchObject({ ms: 0, vouched: true })
    }
    // Until it has not been read for four seconds.
    await clock.pass(20_000)
    const { vouch } = calls
    await clock.pass(20_000)
    expect(calls.vouch).toBe(vouch)
  })
  it('is not refreshed ahead after a single read, which costs one request', async () => {
    const { clock, calls, timed } = makeIsolate()
    await timed()
    await clock.pass(30_000)
    expect(calls.vouch).toBe(1)
  })
  it('gets another run after half a minute, and after a run that ended without notice', async () => {
    const { clock, at, stores, timed } = makeIsolate()
    at.vouchMs = 100
    await timed()
    for (let i = 0; i < 120; i++) {
      await clock.pass(500)
      expect(await timed()).toMatchObject({ ms: 0 })
    }
    // The request of the run has ended, and its work with it.
    const sleep = stores.sleep
    stores.sleep = () => new Promise(() => {})
    await clock.pass(10_000)
    stores.sleep = sleep
    await timed()
    await clock.pass(100)
    await timed()
    for (let i = 0; i < 10; i++) {
      await clock.pass(500)
      expect(await timed()).toMatchObject({ ms: 0, vouched: true })
    }
  })
  it('is replaced ahead if the object has a newer revision', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 100
    await timed()
    at.object = 2
    await clock.pass(500)
    expect(await timed()).toMatchObject({ ms: 0, revision: 1 })
    // Requested after 845 ms, answered after 945 ms, and the snapshot requested then.
    await clock.pass(455)
    expect(await timed()).toMatchObject({ ms: 0, revision: 2, vouched: true })
  })
  it('names the store of its snapshot, even after the object has vouched for it', async () => {
    const { clock, at, timed } = makeIsolate()
    at.kvDead = true
    expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    await clock.pass(1_000)
    expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    at.objectDead = true
    await clock.pass(1_000)
    expect(await timed()).toMatchObject({ source: 'object', vouched: false })
    const other = makeIsolate()
    await other.timed()
    await other.clock.pass(1_000)
    expect(await other.timed()).toMatchObject({ source: 'kv', vouched: true })
  })
  it("that lacks a field is replaced by the object's if that is complete, and served otherwise", async () => {
    const { clock, at, calls, timed } = makeIsolate()
    at.kvLacks = true
    expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    const away = makeIsolate()
    away.at.kvLacks = true
    away.at.objectDead = true
    expect(await away.timed()).toMatchObject({ source: 'kv', vouched: false })
    // An object of an older version has nothing better, and is not called for it each second.
    at.objectLacks = true
    at.object = 2
    for (let i = 0; i < 5; i++) {
      await clock.pass(1_000)
      expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    }
    expect(calls.object).toBe(2)
  })
})

describe('an object that does not answer', () => {
  /** The times of its calls, in seconds from the first, with a reader every 100 ms. */
  async function askedAt(isolate: ReturnType<typeof makeIsolate>, seconds: number): Promise<number[]> {
    const { clock, calls, stores, reader } = isolate
    const [start, times] = [clock.now(), [] as number[]]
    for (let i = 0, before = calls.vouch; i < seconds * 10; i++) {
      void reader.read(stores, 's')
      await clock.pass(100)
      if (calls.vouch > before) times.push(Math.floor((clock.now() - start - 100) / 1_000))
      before = calls.vouch
    }
    return times
  }

  it.each([false, true])(
    'is called with a growing back-off, at least once in 31 s, overloaded or not: %s',
    async (overloaded) => {
      const isolate = makeIsolate()
      await isolate.timed()
      Object.assign(isolate.at, { objectDead: true, overloaded })
      await isolate.clock.pass(2_000)
      const times = await askedAt(isolate, 125)
      // After 2, 4, 8 … 30 s, with cached answers in between.
      expect(times).toEqual([0, 3, 8, 17, 34, 65, 96])
    },
  )
  it('is called as before once it has answered', async () => {
    const isolate = makeIsolate()
    await isolate.timed()
    isolate.at.objectDead = true
    await isolate.clock.pass(2_000)
    await askedAt(isolate, 40)
    isolate.at.objectDead = false
    await askedAt(isolate, 30)
    expect((await askedAt(isolate, 10)).length).toBeGreaterThanOrEqual(9)
  })
  it('is called for the revision of a write that it has answered', async () => {
    const isolate = makeIsolate()
    const { clock, at, calls, reader, read } = isolate
    await isolate.timed()
    at.objectDead = true
    await clock.pass(2_000)
    await askedAt(isolate, 40)
    // A call has just failed: the next one is due in thirty seconds, the next urgent one in two.
    for (const before = calls.vouch; calls.vouch === before;) await read(0, 100)
    at.objectDead = false
    at.object = 2
    expect(await read(2, 100)).toBe('unreachable')
    reader.expectRevision('s', 2, clock.now())
    expect(await read(0, 100)).toEqual({ revision: 2, vouched: true })
  })
  it('is called again within two seconds if no copy is good enough', async () => {
    const isolate = makeIsolate()
    await isolate.timed()
    isolate.at.objectDead = true
    await isolate.clock.pass(2_000)
    await askedAt(isolate, 40)
    isolate.at.objectDead = false
    isolate.at.object = 5
    await isolate.clock.pass(2_000)
    expect(await isolate.read(5, 100)).toEqual({ revision: 5, vouched: true })
  })
  it('is called for its snapshot at once if there is no copy, and a second later if it was overloaded', async () => {
    const { at, calls, read } = makeIsolate()
    Object.assign(at, { objectDead: true, kvDead: true })
    for (let i = 0; i < 5; i++) expect(await read(0, 100)).toBe('unreachable')
    expect(calls.object).toBe(5)
    at.overloaded = true
    const before = calls.object
    for (let i = 0; i < 20; i++) await read(0, 100)
    expect(calls.object - before).toBeLessThanOrEqual(3)
  })
})
