import { describe, expect, it } from 'vitest'
import { UnknownRevisionThrottle } from '../../src/edge/unknown-revision-throttle.ts'
import { firstNonNull, withDeadline, TIMED_OUT } from '../../src/edge/with-deadline.ts'

function makeHost() {
  const waits: number[] = []
  const host = { at: 1_000, now: () => host.at, sleep: async (ms: number) => void waits.push(ms) }
  return { host, waits }
}

describe('UnknownRevisionThrottle', () => {
  it('makes reads within 100 ms wait until these are over', async () => {
    const { host, waits } = makeHost()
    const missing = new UnknownRevisionThrottle()
    await missing.throttle(host, 's')
    missing.note('s', 1_000)
    for (host.at of [1_000, 1_040, 1_099, 1_100, 5_000]) await missing.throttle(host, 's')
    await missing.throttle(host, 'other')
    expect(waits).toEqual([100, 60, 1])
  })
  it('makes no read wait longer if the clock was set back', async () => {
    const { host, waits } = makeHost()
    const missing = new UnknownRevisionThrottle()
    missing.note('s', 90_000)
    await missing.throttle(host, 's')
    expect(waits).toEqual([100])
  })
  it('remembers a thousand stashes, and then starts with an empty memory', async () => {
    const { host, waits } = makeHost()
    const missing = new UnknownRevisionThrottle()
    for (let i = 0; i < 1_000; i++) missing.note(`s${i}`, 1_000)
    await missing.throttle(host, 's0')
    missing.note('s1000', 1_000)
    await missing.throttle(host, 's0')
    await missing.throttle(host, 's1000')
    expect(waits).toEqual([100, 100])
  })
})

describe('withDeadline', () => {
  const never = { sleep: () => new Promise(() => {}) }
  it('returns the answer, also null, and TIMED_OUT for a failure or a late answer', async () => {
    expect(await withDeadline(never, 5, Promise.resolve(null))).toBeNull()
    expect(await withDeadline(never, 5, Promise.reject(new Error('broken')))).toBe(TIMED_OUT)
    const sleeps: number[] = []
    const host = { sleep: async (ms: number) => void sleeps.push(ms) }
    expect(await withDeadline(host, 5, new Promise(() => {}))).toBe(TIMED_OUT)
    expect(sleeps).toEqual([5])
  })
})

describe('firstNonNull', () => {
  it('returns the first answer that is not null, and null if there is none', async () => {
    expect(await firstNonNull([null, Promise.resolve(null), Promise.reject(new Error('x')), Promise.resolve(7)])).toBe(
      7,
    )
    expect(await firstNonNull([new Promise<number>(() => {}), Promise.resolve(0)])).toBe(0)
    expect(await firstNonNull([null, Promise.resolve(null), Promise.reject(new Error('x'))])).toBeNull()
  })
})
