import { describe, expect, it } from 'vitest'
import { makeIsolate } from '../support/isolate.ts'

describe('a reader far from the object', () => {
  it('gets its answer from the second look-up on: the deadline follows the round trip', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 340
    expect(await timed()).toMatchObject({ ms: 250, vouched: false })
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
  it('is given the late answer that another reader did not wait for, with when it was asked', async () => {
    const { clock, at, timed, reader, stores } = makeIsolate()
    at.vouchMs = 600
    const askedAt = clock.now()
    expect(await timed()).toMatchObject({ ms: 250, vouched: false })
    await clock.pass(400)
    const read = await reader.read(stores, 's')
    expect(read).toMatchObject({ ok: true, value: { vouched: true, validAsOf: askedAt } })
  })
  it('gets the newer snapshot too, where the late vouch names a newer revision', async () => {
    const { clock, at, asked, timed, reader, stores } = makeIsolate()
    at.object = 7
    at.vouchMs = 300
    expect(await timed()).toMatchObject({ ms: 250, revision: 1, vouched: false })
    await clock.pass(100)
    expect(await reader.read(stores, 's')).toMatchObject({
      ok: true,
      value: { vouched: true, snapshot: { revision: 7 } },
    })
    expect(asked).toMatchObject({ vouch: 1, object: 1 })
  })
  it('learns from a late vouch as well that the stash is deleted', async () => {
    const { clock, stores, timed, read } = makeIsolate()
    stores.vouch = () => clock.sleep(600).then(() => null)
    expect(await timed()).toMatchObject({ ms: 250, vouched: false })
    await clock.pass(400)
    expect(await read()).toBe('stash_not_found')
  })
  it('learns that the stash is deleted where that happened after the late vouch', async () => {
    const { clock, stores, timed, read } = makeIsolate()
    const answers = [clock.sleep(600).then(() => 7)]
    stores.vouch = () => answers.shift() ?? clock.sleep(5).then(() => null)
    stores.readObject = () => clock.sleep(5).then(() => null)
    expect(await timed()).toMatchObject({ ms: 250, vouched: false })
    await clock.pass(2_000)
    expect(await read(0, 1_000)).toBe('stash_not_found')
  })
  it('waits no more than once for an answer that takes long', async () => {
    const { clock, at, asked, timed } = makeIsolate()
    await timed()
    at.vouchMs = 4_500
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      await clock.pass(1_000)
      waits.push((await timed()).ms)
    }
    // KV is asked then. Those after it wait for KV alone.
    expect(waits[0]).toBe(255)
    expect(Math.max(...waits.slice(1))).toBe(5)
    expect(asked.vouch).toBe(2)
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
  it('is confirmed by one run: not by every reader, and not before its answer would come in time', async () => {
    const { clock, at, asked, timed } = makeIsolate()
    at.vouchMs = 240
    await timed()
    for (let i = 0; i < 80; i++) {
      await clock.pass(10)
      await timed()
    }
    // At 0 and 670 ms after that, again and again: 1,000 ms less 1.25 round trips and 30 ms.
    expect(asked.vouch).toBe(2)
  })
  it('is confirmed also where no reader comes near its end: reads at random seldom do', async () => {
    const { clock, at, asked, timed } = makeIsolate()
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
    const { vouch } = asked
    await clock.pass(20_000)
    expect(asked.vouch).toBe(vouch)
  })
  it('is not refreshed ahead after one read alone: that costs one request', async () => {
    const { clock, asked, timed } = makeIsolate()
    await timed()
    await clock.pass(30_000)
    expect(asked.vouch).toBe(1)
  })
  it('gets another run after half a minute, and after a run that ended without notice', async () => {
    const { clock, at, stores, timed } = makeIsolate()
    at.vouchMs = 100
    await timed()
    for (let i = 0; i < 120; i++) {
      await clock.pass(500)
      expect(await timed()).toMatchObject({ ms: 0 })
    }
    // The request that the run belonged to is gone, and its work with it.
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
  it('is replaced ahead where the object has a newer revision', async () => {
    const { clock, at, timed } = makeIsolate()
    at.vouchMs = 100
    await timed()
    at.object = 2
    await clock.pass(500)
    expect(await timed()).toMatchObject({ ms: 0, revision: 1 })
    // Asked after 845 ms, answered after 945 ms, and the bytes asked for then.
    await clock.pass(455)
    expect(await timed()).toMatchObject({ ms: 0, revision: 2, vouched: true })
  })
  it('names the store that its snapshot came from, also after the object has vouched for it', async () => {
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
  it('lacks a field that is needed: the object gives it where it can, and the copy is served where not', async () => {
    const { clock, at, asked, timed } = makeIsolate()
    at.kvLacks = true
    expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    const away = makeIsolate()
    away.at.kvLacks = true
    away.at.objectDead = true
    expect(await away.timed()).toMatchObject({ source: 'kv', vouched: false })
    // An object of an older version has nothing better, and is not asked for it each second.
    at.objectLacks = true
    at.object = 2
    for (let i = 0; i < 5; i++) {
      await clock.pass(1_000)
      expect(await timed()).toMatchObject({ source: 'object', vouched: true })
    }
    expect(asked.object).toBe(2)
  })
})

describe('an object that does not answer', () => {
  /** When it is asked, in seconds from the first time, with a reader each 100 ms. */
  async function askedAt(isolate: ReturnType<typeof makeIsolate>, seconds: number): Promise<number[]> {
    const { clock, asked, stores, reader } = isolate
    const [start, times] = [clock.now(), [] as number[]]
    for (let i = 0, before = asked.vouch; i < seconds * 10; i++) {
      void reader.read(stores, 's')
      await clock.pass(100)
      if (asked.vouch > before) times.push(Math.floor((clock.now() - start - 100) / 1_000))
      before = asked.vouch
    }
    return times
  }

  it.each([false, true])('is asked less and less, at least once in 31 s, overloaded or not: %s', async (overloaded) => {
    const isolate = makeIsolate()
    await isolate.timed()
    Object.assign(isolate.at, { objectDead: true, overloaded })
    await isolate.clock.pass(2_000)
    const times = await askedAt(isolate, 125)
    // After 2, 4, 8 … 30 s, and what cache gives in between.
    expect(times).toEqual([0, 3, 8, 17, 34, 65, 96])
  })
  it('is asked as before once it has answered', async () => {
    const isolate = makeIsolate()
    await isolate.timed()
    isolate.at.objectDead = true
    await isolate.clock.pass(2_000)
    await askedAt(isolate, 40)
    isolate.at.objectDead = false
    await askedAt(isolate, 30)
    expect((await askedAt(isolate, 10)).length).toBeGreaterThanOrEqual(9)
  })
  it('has answered a write, and is asked for what that made', async () => {
    const isolate = makeIsolate()
    const { clock, at, asked, reader, read } = isolate
    await isolate.timed()
    at.objectDead = true
    await clock.pass(2_000)
    await askedAt(isolate, 40)
    // It has just been asked in vain: the next question is thirty seconds away, the next urgent one two.
    for (const before = asked.vouch; asked.vouch === before;) await read(0, 100)
    at.objectDead = false
    at.object = 2
    expect(await read(2, 100)).toBe('unreachable')
    reader.expectRevision('s', 2, clock.now())
    expect(await read(0, 100)).toEqual({ revision: 2, vouched: true })
  })
  it('is asked again within two seconds where no copy is good enough', async () => {
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
  it('is asked for its bytes at once where nothing is at hand, and a second later where it was overloaded', async () => {
    const { at, asked, read } = makeIsolate()
    Object.assign(at, { objectDead: true, kvDead: true })
    for (let i = 0; i < 5; i++) expect(await read(0, 100)).toBe('unreachable')
    expect(asked.object).toBe(5)
    at.overloaded = true
    const before = asked.object
    for (let i = 0; i < 20; i++) await read(0, 100)
    expect(asked.object - before).toBeLessThanOrEqual(3)
  })
})
