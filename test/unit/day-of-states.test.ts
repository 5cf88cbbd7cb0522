/** What a switch was over a day, from its changes: what they do not tell stays unknown. */
import { describe, expect, it } from 'vitest'
import {
  listHours,
  toStretches,
  type Period,
  type ValueChange,
} from '../../src/dashboard/pages/switch/day-of-states.ts'

/** The day has 24 units, and ends at 124. */
const DAY = { from: 100, to: 124 }

let revision = 0
const change = (at: number, before: string | null, after: string | null, more: Partial<ValueChange> = {}) => ({
  revision: ++revision,
  at,
  before,
  after,
  ...more,
})

/** `from-to value`, with `?` for what is not known and `-` for a switch that is not there. */
const draw = (changes: ValueChange[], period: Partial<Period> & { current: string | null }): string[] =>
  toStretches(changes, { ...DAY, isComplete: true, ...period }).map(
    ({ from, to, value }) => `${from}-${to} ${value === undefined ? '?' : (value ?? '-')}`,
  )

describe('the stretches of a day', () => {
  it('follow the changes, whatever their order, and have no gap', () => {
    const changes = [change(104, 'a', 'b'), change(110, 'b', 'c')]
    expect(draw(changes.toReversed(), { current: 'c' })).toEqual(['100-104 a', '104-110 b', '110-124 c'])
  })

  it('are one where nothing has changed since before the day', () => {
    expect(draw([change(50, 'a', 'b')], { current: 'b' })).toEqual(['100-124 b'])
    expect(draw([change(50, 'a', 'b')], { current: 'b', isComplete: false })).toEqual(['100-124 b'])
  })

  it('are unknown before the oldest change that was read, if there are older ones', () => {
    expect(draw([change(110, 'a', 'b')], { current: 'b', isComplete: false })).toEqual(['100-110 ?', '110-124 b'])
  })

  it('are unknown without a change, but for the time since which the value is known to stand', () => {
    expect(draw([], { current: 'a' })).toEqual(['100-124 ?'])
    expect(draw([], { current: 'a', since: 120 })).toEqual(['100-120 ?', '120-124 a'])
    expect(draw([], { current: 'a', since: 20 })).toEqual(['100-124 a'])
    expect(draw([], { current: null })).toEqual(['100-124 -'])
    expect(draw([], { current: null, isComplete: false })).toEqual(['100-124 ?'])
  })

  it('show that a switch was not there before it was added, and after it was deleted', () => {
    expect(draw([change(104, null, 'a'), change(110, 'a', null)], { current: null })).toEqual([
      '100-104 -',
      '104-110 a',
      '110-124 -',
    ])
  })

  it('end a time-box with its revert, or by the clock where the revert is not read yet', () => {
    const boxed = change(104, 'false', 'true', { endsAt: 112 })
    expect(draw([boxed], { current: 'true' })).toEqual(['100-104 false', '104-124 true'])
    const ended = ['100-104 false', '104-112 true', '112-124 false']
    expect(draw([boxed], { current: 'false' })).toEqual(ended)
    expect(draw([boxed, change(112, 'true', 'false')], { current: 'false' })).toEqual(ended)
  })

  it('are unknown from the last change on, if that is not about the present value', () => {
    expect(draw([change(104, 'a', 'b')], { current: 'c' })).toEqual(['100-104 a', '104-124 ?'])
    expect(draw([change(104, 'a', 'b')], { current: 'c', since: 120 })).toEqual(['100-104 a', '104-120 b', '120-124 c'])
  })

  it('overlap nowhere, also where the clock went back or changes share a moment', () => {
    const changes = [change(110, 'a', 'b'), change(108, 'b', 'c'), change(110, 'c', 'd'), change(130, 'd', 'e')]
    expect(draw(changes, { current: 'e' })).toEqual(['100-110 a', '110-124 d'])
  })

  it('are joined where a change left the value as it was', () => {
    expect(draw([change(104, 'a', 'a'), change(106, 'a', 'a')], { current: 'a' })).toEqual(['100-124 a'])
  })
})

describe('the hours of the axis', () => {
  it('are at 0, 6, 12 and 18 o’clock of this device, four or five in a day', () => {
    const from = new Date(2026, 5, 10, 3, 20).getTime()
    const hours = listHours(from, from + 86_400_000).map((at) => new Date(at).getHours())
    expect(hours).toEqual([6, 12, 18, 0])
  })
})
