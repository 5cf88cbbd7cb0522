/** Durations as callers write them: `90s`, `30m`, `2h`, `7d`. Whole numbers, one unit. */
import * as z from 'zod'

const UNITS = { s: 1_000, m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 } as const

/** The longest duration, and how far ahead a schedule or the end of a freeze may be: more is taken for a typing error. */
export const DURATION_MAX_MS = 366 * UNITS.d

export const DURATION_EXPECTED = 'a duration such as 90s, 30m, 2h or 7d, at most 366d'

/** The duration in ms; null where the text is not a duration, is zero, or is too long. */
export function parseDuration(text: string): number | null {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) return null
  const ms = Number(digits) * UNITS[unit as keyof typeof UNITS]
  return ms > 0 && ms <= DURATION_MAX_MS ? ms : null
}

/** Writes the duration in the largest unit that expresses it exactly. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNITS).toReversed()
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ['s', UNITS.s]
  return `${Math.round(ms / size)}${unit}`
}

export const durationSchema = z
  .string()
  .refine((text) => parseDuration(text) !== null, DURATION_EXPECTED)
  .meta({ examples: ['30m', '2h'], pattern: '^\\d{1,9}[smhd]$' })
