import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/model/duration.ts'

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['366d', 31_622_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })
  it.each(['', '0s', '30', 'm', '-1s', '1.5h', '1h30m', ' 1h', '1H', '367d', '9999999999s', '١h'])(
    'cannot be %j',
    (text) => {
      expect(parseDuration(text)).toBeNull()
    },
  )
  it.each([
    [90_000, '90s'],
    [3_600_000, '1h'],
    [5_400_000, '90m'],
    [172_800_000, '2d'],
  ])('of %d ms is formatted as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
