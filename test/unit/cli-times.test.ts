import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/cli/input/duration.ts'
import { findNearest, listNearest } from '../../src/cli/input/find-nearest.ts'
import { parseTime } from '../../src/cli/input/time.ts'
import { formatLocal, formatRelative, formatSpan, formatTime } from '../../src/cli/output/time-text.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('parseDuration', () => {
  it.each<[string, number, string]>([
    ['90s', 90_000, '90s'],
    ['30m', 30 * MINUTE, '30m'],
    ['1h30m', 90 * MINUTE, '90m'],
    ['1h 30m', 90 * MINUTE, '90m'],
    ['90 min', 90 * MINUTE, '90m'],
    ['30min', 30 * MINUTE, '30m'],
    ['2 Hours', 2 * HOUR, '2h'],
    ['1 day, 2 hrs', 26 * HOUR, '26h'],
    ['1.5h', 90 * MINUTE, '90m'],
    ['1w', 7 * 24 * HOUR, '7d'],
    ['0.5s', 500, '1s'],
  ])('%s is %i ms, which the service takes as %s', (text, ms, wire) => {
    expect(parseDuration('--for', text)).toBe(ms)
    expect(formatDuration(ms)).toBe(wire)
  })
  it.each(['', 'soon', '30', '0m', '-5m', '5 m x', '1y', '3O', '400d', '1e3s', 'm30', '٣٠m'])('refuses %j', (text) => {
    expect(() => parseDuration('--for', text)).toThrow('--for')
  })
  it('takes blanks around it', () => {
    expect(parseDuration('--for', '30m ')).toBe(30 * MINUTE)
  })
})

describe('parseTime', () => {
  /** Noon of a Friday, by the clock of this machine. */
  const now = new Date(2026, 10, 27, 12, 0).getTime()
  const local = (day: number, hours: number, minutes = 0) => new Date(2026, 10, day, hours, minutes).toISOString()

  it.each<[string, string]>([
    ['13:30', local(27, 13, 30)],
    ['02:00', local(28, 2)],
    ['12:00', local(28, 12)],
    ['today 02:00', local(27, 2)],
    ['tomorrow 13:30', local(28, 13, 30)],
    ['2026-11-30 06:15', local(30, 6, 15)],
    ['2026-11-30', local(30, 0)],
    ['2026-12-01T02:00:00Z', '2026-12-01T02:00:00.000Z'],
    ['2026-12-01T02:00+01:00', '2026-12-01T01:00:00.000Z'],
    ['2026-12-01 02:00 utc', '2026-12-01T02:00:00.000Z'],
    ['2026-12-01T02:00:00.5Z', '2026-12-01T02:00:00.500Z'],
    ['in 30m', new Date(now + 30 * MINUTE).toISOString()],
    ['+1h30m', new Date(now + 90 * MINUTE).toISOString()],
  ])('%s', (text, at) => {
    expect(parseTime('--at', text, now)).toBe(at)
  })
  it.each(['', 'soon', '25:00', '12:60', '2026-11-31', '2026-13-01', '2026-11-30 24:00', '27/11/2026', 'in', '12'])(
    'refuses %j',
    (text) => {
      expect(() => parseTime('--at', text, now)).toThrow('--')
    },
  )
})

describe('times for people', () => {
  const now = new Date(2026, 10, 27, 12, 0).getTime()
  const at = (ms: number) => new Date(now + ms).toISOString()

  it('names the day where it is another one, and the year where it is another year', () => {
    expect(formatLocal(at(HOUR), now)).toBe('13:00')
    expect(formatLocal(at(13 * HOUR), now)).toBe('Sat 28 Nov 01:00')
    expect(formatLocal(new Date(2027, 0, 2, 3, 4).toISOString(), now)).toBe('2 Jan 2027 03:04')
    expect(formatLocal('no time', now)).toBe('no time')
  })
  it('says how far away it is', () => {
    expect(formatTime(at(30 * MINUTE - 20), now)).toBe('12:29 (in 30 min)')
    expect(formatRelative(at(-45_000), now)).toBe('45 s ago')
    expect(formatRelative(at(500), now)).toBe('just now')
    expect([90 * MINUTE, 2 * HOUR, 150 * MINUTE, 20 * HOUR, 40 * HOUR, 24 * 30 * HOUR].map(formatSpan)).toEqual([
      '90 min',
      '2 h',
      '2 h 30 min',
      '20 h',
      '2 days',
      '30 days',
    ])
  })
})

describe('findNearest', () => {
  const names = ['checkout', 'search', 'maintenance', 'route']

  it.each<[string, string | undefined]>([
    ['chekout', 'checkout'],
    ['chekcout', 'checkout'],
    ['Checkout', 'checkout'],
    ['mantenance', 'maintenance'],
    ['rotue', 'route'],
    ['sea', 'search'],
    ['x', undefined],
    ['billing', undefined],
    ['c'.repeat(1_000), undefined],
  ])('%s: %s', (typed, name) => {
    expect(findNearest(typed, names)).toBe(name)
  })
  it('has the nearest first, and no more than were asked for', () => {
    expect(listNearest('prod', ['prod-7f3k', 'prdo', 'prod-a', 'staging'], 2)).toEqual(['prod-7f3k', 'prod-a'])
  })
})
