import { describe, expect, it } from 'vitest'
import { ObjectAvailability } from '../../src/edge/object-availability.ts'

const least = () => 0
const most = () => 1

describe('getDeadlineMs', () => {
  it('is half as long again as a round trip, from a quarter of a second to a second', () => {
    const reach = new ObjectAvailability()
    expect(reach.getDeadlineMs('s')).toBe(250)
    reach.noteAnswer('s', 166)
    expect(reach.getDeadlineMs('s')).toBe(250)
    const far = new ObjectAvailability()
    far.noteAnswer('s', 400)
    expect(far.getDeadlineMs('s')).toBe(600)
    expect(far.getDeadlineMs('other')).toBe(250)
    const slow = new ObjectAvailability()
    slow.noteAnswer('s', 700)
    expect(slow.getDeadlineMs('s')).toBe(1_000)
  })
  it('follows the round trip by a quarter of what it changes', () => {
    const reach = new ObjectAvailability()
    expect(reach.getRttMs('s')).toBe(0)
    reach.noteAnswer('s', 400)
    expect(reach.getRttMs('s')).toBe(400)
    reach.noteAnswer('s', 200)
    expect(reach.getRttMs('s')).toBe(350)
    reach.noteAnswer('s', 350)
    expect(reach.getRttMs('s')).toBe(350)
  })
})

describe('getRemainingMs', () => {
  it('is what is left of the deadline, for those who come while a question is under way', () => {
    const reach = new ObjectAvailability()
    expect(reach.getRemainingMs('s', 10_000)).toBe(250)
    reach.noteAsked('s', 10_000)
    expect(reach.getRemainingMs('s', 10_000)).toBe(250)
    expect(reach.getRemainingMs('s', 10_200)).toBe(50)
    expect(reach.getRemainingMs('s', 10_250)).toBe(0)
    // Its request has died, and nobody will hear of it.
    expect(reach.getRemainingMs('s', 60_000)).toBe(250)
    expect(reach.getRemainingMs('other', 10_200)).toBe(250)
  })
  it('is whole again once the question has an answer, or none', () => {
    const [answered, silent, alive] = [new ObjectAvailability(), new ObjectAvailability(), new ObjectAvailability()]
    for (const reach of [answered, silent, alive]) reach.noteAsked('s', 0)
    answered.noteAnswer('s', 100)
    silent.noteTimeout('s', 5_000, false, most)
    alive.noteLife('s')
    for (const reach of [answered, silent, alive]) expect(reach.getRemainingMs('s', 6_000)).toBe(250)
  })
})

describe('mayAsk', () => {
  it('pauses after each silence twice as long as before, up to half a minute', () => {
    const reach = new ObjectAvailability()
    expect(reach.mayAsk('s', 0, 'some')).toBe(true)
    for (const pauseMs of [
      2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000,
    ]) {
      reach.noteTimeout('s', 1_000, false, most)
      expect(reach.mayAsk('s', 1_000 + pauseMs - 1, 'some')).toBe(false)
      expect(reach.mayAsk('s', 1_000 + pauseMs, 'some')).toBe(true)
    }
  })
  it('pauses three quarters of that at least, by the dice', () => {
    const reach = new ObjectAvailability()
    reach.noteTimeout('s', 0, false, least)
    expect(reach.mayAsk('s', 1_499, 'some')).toBe(false)
    expect(reach.mayAsk('s', 1_500, 'some')).toBe(true)
    reach.noteTimeout('s', 0, false, () => 0.5)
    expect(reach.mayAsk('s', 3_499, 'some')).toBe(false)
    expect(reach.mayAsk('s', 3_500, 'some')).toBe(true)
  })
  it('lets urgent questions wait two seconds at most, and one second an overloaded object where nothing is at hand', () => {
    for (const overloaded of [false, true]) {
      const reach = new ObjectAvailability()
      for (let i = 0; i < 5; i++) reach.noteTimeout('s', 0, overloaded, most)
      expect(reach.mayAsk('s', 1_999, 'more')).toBe(false)
      expect(reach.mayAsk('s', 2_000, 'more')).toBe(true)
      expect(reach.mayAsk('s', 0, 'all')).toBe(!overloaded)
      expect(reach.mayAsk('s', 999, 'all')).toBe(!overloaded)
      expect(reach.mayAsk('s', 1_000, 'all')).toBe(true)
    }
  })
  it('is not held up by a clock that was set back', () => {
    const reach = new ObjectAvailability()
    reach.noteTimeout('s', 100_000, true, most)
    for (const need of ['some', 'more', 'all'] as const) expect(reach.mayAsk('s', 99_999, need)).toBe(true)
  })
  it.each(['noteAnswer', 'noteLife'] as const)('is as at the beginning after %s', (note) => {
    const reach = new ObjectAvailability()
    for (let i = 0; i < 5; i++) reach.noteTimeout('s', 0, true, most)
    if (note === 'noteAnswer') reach.noteAnswer('s', 5)
    else reach.noteLife('s')
    expect([reach.mayAsk('s', 1, 'some'), reach.mayAsk('s', 1, 'all')]).toEqual([true, true])
    reach.noteTimeout('s', 0, false, most)
    expect([reach.mayAsk('s', 0, 'all'), reach.mayAsk('s', 2_000, 'some')]).toEqual([true, true])
  })
})

describe('acquireRecovery', () => {
  it('is granted once in five seconds for each stash, and again where the clock was set back', () => {
    const reach = new ObjectAvailability()
    expect([0, 1, 4_999, 5_000, 5_001].map((now) => reach.acquireRecovery('s', now))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    expect(reach.acquireRecovery('other', 5_001)).toBe(true)
    expect(reach.acquireRecovery('s', 4_999)).toBe(true)
  })
})

describe('ObjectAvailability', () => {
  it('knows of a thousand stashes, and forgets the one that it has known longest', () => {
    const reach = new ObjectAvailability()
    for (let i = 0; i < 1_000; i++) reach.noteAnswer(`s${i}`, 400)
    expect([reach.getRttMs('s0'), reach.getRttMs('s999')]).toEqual([400, 400])
    reach.noteAnswer('s1000', 400)
    expect([reach.getRttMs('s0'), reach.getRttMs('s1'), reach.getRttMs('s1000')]).toEqual([0, 400, 400])
  })
  it('keeps nothing of a stash because of a write alone', () => {
    const reach = new ObjectAvailability()
    reach.noteAnswer('first', 400)
    for (let i = 0; i < 2_000; i++) reach.noteLife(`s${i}`)
    expect(reach.getRttMs('first')).toBe(400)
  })
})
