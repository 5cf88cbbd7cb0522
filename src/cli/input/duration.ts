/** Reads durations as people write them: `30m`, `1h30m`, `90 min`, `2 hours`. The service takes one number with one unit. */
import { Misuse } from '../exit.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** By the beginnings of the words that people use. */
const UNITS: [RegExp, number][] = [
  [/^s(?:ecs?|econds?)?$/, SECOND],
  [/^m(?:ins?|inutes?)?$/, MINUTE],
  [/^h(?:rs?|ours?)?$/, HOUR],
  [/^d(?:ays?)?$/, DAY],
  [/^w(?:eeks?)?$/, 7 * DAY],
]

/** The service takes no longer one: more is a typing error. */
const MOST_MS = 366 * DAY

/** @throws {Misuse} @param option named in the message: `--for` */
export function parseDuration(option: string, text: string): number {
  const parts = [...text.toLowerCase().matchAll(/(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)\s*,?\s*/gy)]
  const isWhole = parts.length > 0 && parts.length <= 5 && parts.map(([part]) => part).join('').length === text.length
  const ms = isWhole ? parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * toUnitMs(unit), 0) : NaN
  if (ms > 0 && ms <= MOST_MS && Number.isSafeInteger(ms)) return ms
  const number = /^\d+$/.exec(text.trim())?.[0]
  if (number !== undefined && Number(number) > 0)
    throw new Misuse(`${option} ${number} has no unit: ${number}s, ${number}m, ${number}h or ${number}d?`)
  throw new Misuse(
    ms > MOST_MS || ms === 0
      ? `${option} takes a duration of more than nothing, and of at most 366 days; "${text.slice(0, 60)}" is not one.`
      : `${option} takes a duration such as 90s, 30m, 1h30m, "90 min" or 7d; "${text.slice(0, 60)}" is not one.`,
  )
}

const toUnitMs = (word: string): number => UNITS.find(([name]) => name.test(word))?.[1] ?? NaN

/** As the service takes it: in the largest unit that has a whole number. Parts of a second are rounded up. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / SECOND) * SECOND
  for (const [unit, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
  ] as const)
    if (seconds % size === 0) return `${seconds / size}${unit}`
  return `${seconds / SECOND}s`
}
