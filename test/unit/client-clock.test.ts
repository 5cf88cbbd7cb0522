import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClock, type Clock } from '../../src/client/sync/clock.ts'
import { createTimer } from '../../src/client/timers.ts'

/** `Date.now` is the local clock, which may be wrong. `performance.now` is the monotonic clock. Both are fakes. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const START = Date.parse('2026-11-26T10:00:00Z')
const DAY = 86_400_000
const headers = (given: Record<string, string>) => new Headers(given)

/** A response that the service, whose clock is `aheadMs` ahead of the local one, made in the middle of a round trip. */
function answer(
  clock: Clock,
  aheadMs: number,
  thereMs: number,
  backMs: number,
  more: Record<string, string> = {},
): void {
  const sentAt = performance.now()
  vi.advanceTimersByTime(thereMs)
  const date = new Date(Date.now() + aheadMs).toUTCString()
  vi.advanceTimersByTime(backMs)
  clock.synchronize(headers({ Date: date, ...more }), sentAt)
}

const getError = (clock: Clock, aheadMs: number): number => clock.now() - (Date.now() + aheadMs)

/** A seeded random number generator. */
function* createRandom(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    yield state / 2 ** 31
  }
}

describe('Clock', () => {
  it('is late by nothing, and early by at most a second and the round trip, however wrong the local clock is', () => {
    const random = createRandom(7)
    const pick = (most: number) => Math.floor(random.next().value * most)
    for (let story = 0; story < 300; story++) {
      vi.setSystemTime(START + pick(10_000))
      // More than the resolution of `Date`, in either direction.
      const aheadMs = (pick(2) === 0 ? -1 : 1) * (10_000 + pick(2 * DAY))
      const clock = createClock()
      let leastTrip = Infinity
      for (let i = 0; i < 5; i++) {
        const [thereMs, backMs] = [pick(1_500), pick(1_500)]
        leastTrip = Math.min(leastTrip, thereMs + backMs)
        answer(clock, aheadMs, thereMs, backMs)
        // Drift is allowed for.
        expect(getError(clock, aheadMs)).toBeGreaterThan(-20)
        expect(getError(clock, aheadMs)).toBeLessThan(1_000 + leastTrip + 20)
        vi.advanceTimersByTime(pick(5_000))
      }
    }
  })
  it('uses the local clock if it does not contradict a Date', () => {
    vi.setSystemTime(START + 640)
    const clock = createClock()
    for (let i = 0; i < 5; i++) answer(clock, 0, 30 * i, 40)
    expect(getError(clock, 0)).toBe(0)
  })
  it('stands still instead of running backwards after a more exact response', () => {
    vi.setSystemTime(START + 900)
    const clock = createClock()
    answer(clock, DAY, 0, 900)
    const early = clock.now()
    vi.setSystemTime(START + 1_900)
    answer(clock, DAY, 0, 0)
    expect(clock.now()).toBeGreaterThanOrEqual(early)
    expect(getError(clock, DAY)).toBeLessThan(1_000)
  })
  it('continues from the stored time, and never goes before it', () => {
    vi.setSystemTime(START)
    const first = createClock()
    expect(first.toStored()).toBeNull()
    answer(first, DAY, 10, 10)
    const kept = first.toStored()
    const second = createClock()
    second.restore(kept ?? { offsetMs: 0, seenAt: 0 })
    expect(Math.abs(getError(second, DAY))).toBeLessThan(1_100)
    vi.setSystemTime(START - DAY)
    const third = createClock()
    third.restore(kept ?? { offsetMs: 0, seenAt: 0 })
    expect(third.now()).toBeGreaterThanOrEqual(START + DAY)
  })
  it('ignores a step of the local clock', () => {
    vi.setSystemTime(START)
    const clock = createClock()
    answer(clock, 0, 10, 10)
    const before = clock.now()
    vi.setSystemTime(START + DAY)
    vi.advanceTimersByTime(5_000)
    expect(clock.now() - before).toBeCloseTo(5_000, -1)
  })
  it('follows an oscillator that is slow or fast, even if no response can set the clock back', () => {
    vi.setSystemTime(START)
    const clock = createClock()
    // The service's clock is 200 ppm slower than the local clock for half a day, and the local clock is a day off.
    for (let i = 0; i < 4_320; i++) {
      vi.advanceTimersByTime(10_000)
      answer(clock, DAY - i * 2, 5, 5)
    }
    expect(Math.abs(getError(clock, DAY - 4_320 * 2))).toBeLessThan(2_000)
  })
})

describe('Alarm', () => {
  it('waits for times that are too far for a timer', () => {
    const ring = vi.fn<() => void>()
    const alarm = createTimer(ring)
    alarm.set(366 * DAY)
    vi.advanceTimersByTime(24 * DAY)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(DAY)
    expect(ring).toHaveBeenCalledTimes(1)
    alarm.set(1_000)
    alarm.set(Infinity)
    alarm.set(2_000)
    alarm.stop()
    vi.advanceTimersByTime(DAY)
    expect(ring).toHaveBeenCalledTimes(1)
  })
})
