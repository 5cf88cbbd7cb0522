import { LEASE_MIN_MS } from '../../src/model/snapshot/vouch.ts'
import { describe, expect, it } from 'vitest'
import { ObjectAvailability } from '../../src/edge/object-availability.ts'

const least = () => 0
const most = () => 1

describe('getDeadlineMs', () => {
  it('is one and a half round trips, from 250 ms to a second', () => {
    const availability = new ObjectAvailability()
    expect(availability.getDeadlineMs('s')).toBe(250)
    availability.noteAnswer('s', 166, LEASE_MIN_MS)
    expect(availability.getDeadlineMs('s')).toBe(250)
    const far = new ObjectAvailability()
    far.noteAnswer('s', 400, LEASE_MIN_MS)
    expect(far.getDeadlineMs('s')).toBe(600)
    expect(far.getDeadlineMs('other')).toBe(250)
    const slow = new ObjectAvailability()
    slow.noteAnswer('s', 700, LEASE_MIN_MS)
    expect(slow.getDeadlineMs('s')).toBe(1_000)
  })
  it('follows a moving average, in which the last round trip weighs a quarter', () => {
    const availability = new ObjectAvailability()
    expect(availability.getRttMs('s')).toBe(0)
    availability.noteAnswer('s', 400, LEASE_MIN_MS)
    expect(availability.getRttMs('s')).toBe(400)
    availability.noteAnswer('s', 200, LEASE_MIN_MS)
    expect(availability.getRttMs('s')).toBe(350)
    availability.noteAnswer('s', 350, LEASE_MIN_MS)
    expect(availability.getRttMs('s')).toBe(350)
  })
})

describe('getRemainingMs', () => {
  it('is the rest of the deadline while a request is in flight', () => {
    const availability = new ObjectAvailability()
    expect(availability.getRemainingMs('s', 10_000)).toBe(250)
    availability.noteAsked('s', 10_000)
    expect(availability.getRemainingMs('s', 10_000)).toBe(250)
    expect(availability.getRemainingMs('s', 10_200)).toBe(50)
    expect(availability.getRemainingMs('s', 10_250)).toBe(0)
    // Its request has ended, so no answer will arrive.
    expect(availability.getRemainingMs('s', 60_000)).toBe(250)
    expect(availability.getRemainingMs('other', 10_200)).toBe(250)
  })
  it('is the whole deadline once the request has been answered or has failed', () => {
    const [answered, silent, alive] = [new ObjectAvailability(), new ObjectAvailability(), new ObjectAvailability()]
    for (const availability of [answered, silent, alive]) availability.noteAsked('s', 0)
    answered.noteAnswer('s', 100, LEASE_MIN_MS)
    silent.noteFailure('s', 5_000, false, most)
    alive.noteAlive('s')
    for (const availability of [answered, silent, alive]) expect(availability.getRemainingMs('s', 6_000)).toBe(250)
  })
})

describe('mayAsk', () => {
  it('backs off after each failure twice as long as before, up to half a minute', () => {
    const availability = new ObjectAvailability()
    expect(availability.mayAsk('s', 0, 'copy')).toBe(true)
    for (const pauseMs of [
      2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000,
    ]) {
      availability.noteFailure('s', 1_000, false, most)
      expect(availability.mayAsk('s', 1_000 + pauseMs - 1, 'copy')).toBe(false)
      expect(availability.mayAsk('s', 1_000 + pauseMs, 'copy')).toBe(true)
    }
  })
  it('takes up to three quarters off the back-off as jitter', () => {
    const availability = new ObjectAvailability()
    availability.noteFailure('s', 0, false, least)
    expect(availability.mayAsk('s', 499, 'copy')).toBe(false)
    expect(availability.mayAsk('s', 500, 'copy')).toBe(true)
    availability.noteFailure('s', 0, false, () => 0.5)
    expect(availability.mayAsk('s', 2_499, 'copy')).toBe(false)
    expect(availability.mayAsk('s', 2_500, 'copy')).toBe(true)
  })
  it('backs off at most two seconds with an outdated copy, and one second from an overloaded object without a copy', () => {
    for (const overloaded of [false, true]) {
      const availability = new ObjectAvailability()
      for (let i = 0; i < 5; i++) availability.noteFailure('s', 0, overloaded, most)
      expect(availability.mayAsk('s', 1_999, 'outdated')).toBe(false)
      expect(availability.mayAsk('s', 2_000, 'outdated')).toBe(true)
      expect(availability.mayAsk('s', 0, 'none')).toBe(!overloaded)
      expect(availability.mayAsk('s', 999, 'none')).toBe(!overloaded)
      expect(availability.mayAsk('s', 1_000, 'none')).toBe(true)
    }
  })
  it('does not back off longer if the clock was set back', () => {
    const availability = new ObjectAvailability()
    availability.noteFailure('s', 100_000, true, most)
    for (const fallback of ['copy', 'outdated', 'none'] as const)
      expect(availability.mayAsk('s', 99_999, fallback)).toBe(true)
  })
  it.each(['noteAnswer', 'noteAlive'] as const)('has no back-off after %s', (note) => {
    const availability = new ObjectAvailability()
    for (let i = 0; i < 5; i++) availability.noteFailure('s', 0, true, most)
    if (note === 'noteAnswer') availability.noteAnswer('s', 5, LEASE_MIN_MS)
    else availability.noteAlive('s')
    expect([availability.mayAsk('s', 1, 'copy'), availability.mayAsk('s', 1, 'none')]).toEqual([true, true])
    availability.noteFailure('s', 0, false, most)
    expect([availability.mayAsk('s', 0, 'none'), availability.mayAsk('s', 2_000, 'copy')]).toEqual([true, true])
  })
})

describe('acquireRecovery', () => {
  it('is granted once in five seconds for each stash, and again if the clock was set back', () => {
    const availability = new ObjectAvailability()
    expect([0, 1, 4_999, 5_000, 5_001].map((now) => availability.acquireRecovery('s', now))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    expect(availability.acquireRecovery('other', 5_001)).toBe(true)
    expect(availability.acquireRecovery('s', 4_999)).toBe(true)
  })
})

describe('ObjectAvailability', () => {
  it('tracks a thousand stashes, and drops the oldest', () => {
    const availability = new ObjectAvailability()
    for (let i = 0; i < 1_000; i++) availability.noteAnswer(`s${i}`, 400, LEASE_MIN_MS)
    expect([availability.getRttMs('s0'), availability.getRttMs('s999')]).toEqual([400, 400])
    availability.noteAnswer('s1000', 400, LEASE_MIN_MS)
    expect([availability.getRttMs('s0'), availability.getRttMs('s1'), availability.getRttMs('s1000')]).toEqual([
      0, 400, 400,
    ])
  })
  it('tracks no stash because of a write alone', () => {
    const availability = new ObjectAvailability()
    availability.noteAnswer('first', 400, LEASE_MIN_MS)
    for (let i = 0; i < 2_000; i++) availability.noteAlive(`s${i}`)
    expect(availability.getRttMs('first')).toBe(400)
  })
})
