import { describe, expect, it } from 'vitest'
import { SingleFlight, nextSequence } from '../../src/edge/single-flight.ts'
import { makeIsolate } from '../support/isolate.ts'

function makeFlights() {
  const calls: { land(answer: string): void; fail(): void }[] = []
  const kept: Promise<unknown>[] = []
  const deadlines: (() => void)[] = []
  const host = {
    now: () => 0,
    sleep: () => new Promise<void>((end) => void deadlines.push(end)),
    keepAlive: (work: Promise<unknown>) => void kept.push(work.catch(() => {})),
  }
  const ask = () =>
    new Promise<string>((resolve, reject) => calls.push({ land: resolve, fail: () => reject(new Error('no answer')) }))
  const flights = new SingleFlight<string>()
  return {
    calls,
    kept,
    deadlines,
    join: (sequence: number, name = 's') => flights.join(host, name, sequence, ask),
    flights,
  }
}

describe('SingleFlight', () => {
  it('sends one request for concurrent callers, and tells each whether it was sent after their sequence number', async () => {
    const { calls, join, flights } = makeFlights()
    const early = nextSequence()
    const [first, second] = [join(early), join(nextSequence())]
    expect([calls.length, flights.isInFlight('s'), flights.isInFlight('other')]).toEqual([1, true, false])
    const third = join(early)
    calls[0]?.land('answer')
    expect(await Promise.all([first, second, third])).toEqual([
      { answer: 'answer', isSentAfter: true },
      { answer: 'answer', isSentAfter: false },
      { answer: 'answer', isSentAfter: true },
    ])
    expect(flights.isInFlight('s')).toBe(false)
    void join(nextSequence())
    void join(nextSequence(), 'other')
    expect(calls).toHaveLength(3)
  })
  it('keeps the request alive for waiting callers when the first caller has ended', () => {
    const { kept, join } = makeFlights()
    void join(nextSequence())
    expect(kept).toHaveLength(1)
    void join(nextSequence())
    expect(kept).toHaveLength(1)
  })
  it('lets a caller that has waited too long send another request, which later callers join', async () => {
    const { calls, deadlines, join } = makeFlights()
    void join(nextSequence())
    const waiting = join(nextSequence())
    deadlines[0]?.()
    await Promise.resolve()
    await expect.poll(() => calls.length).toBe(2)
    const late = join(nextSequence())
    calls[1]?.land('second')
    expect(await Promise.all([waiting, late])).toMatchObject([
      { answer: 'second', isSentAfter: true },
      { answer: 'second' },
    ])
    // The end of the lost request does not end the later ones.
    void join(nextSequence())
    calls[0]?.land('first')
    await Promise.resolve()
    void join(nextSequence())
    expect(calls).toHaveLength(3)
  })
  it('fails for all callers, and sends a new request for the next one', async () => {
    const { calls, join } = makeFlights()
    const both = [join(nextSequence()), join(nextSequence())]
    calls[0]?.fail()
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    void join(nextSequence())
    expect(calls).toHaveLength(2)
  })
})

describe('a look-up', () => {
  it('that died with its request to the object is made again by the next reader', async () => {
    const { clock, stores, reader, timed } = makeIsolate()
    expect(await timed()).toMatchObject({ vouched: true })
    await clock.pass(2_000)
    const never = () => new Promise<never>(() => {})
    void reader.read({ ...stores, sleep: never, vouch: never }, 's')
    await clock.pass(10_000)
    expect(await timed()).toMatchObject({ ms: 5, vouched: true })
  })
  it('continues when the first of its readers ends, and updates the cache that others read', async () => {
    const { clock, stores, reader, cache } = makeIsolate()
    const kept: Promise<unknown>[] = []
    stores.keepAlive = (work) => void kept.push(work)
    void reader.read(stores, 's')
    await clock.pass(0)
    expect(kept.length).toBeGreaterThan(0)
    const all = Promise.allSettled(kept)
    await clock.pass(500)
    await all
    expect(cache.get('s')?.snapshot?.revision).toBe(1)
  })
})
