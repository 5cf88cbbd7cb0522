/**
 * Reads times as people write them, by the clock and in the zone of this machine unless they name a zone: `02:00`,
 * `tomorrow 02:00`, `2026-12-01 02:00`, `2026-12-01T02:00:00Z`, `in 30m`.
 */
import { Misuse } from '../exit.ts'
import { parseDuration } from './duration.ts'

const DAY_MS = 24 * 60 * 60_000

/**
 * @param option named in the message: `--at`
 * @returns the time in UTC, as the service takes it
 * @throws {Misuse} if it is not a time. Whether it is over, the service says.
 */
export function parseTime(option: string, text: string, now = Date.now()): string {
  const typed = text.trim().toLowerCase()
  const after = /^(?:in\s+|\+)(.+)$/.exec(typed)?.[1]
  if (after !== undefined) return new Date(now + parseDuration(option, after)).toISOString()
  const at = parseClock(typed, now) ?? parseDate(typed)
  if (at !== null) return at.toISOString()
  throw new Misuse(
    `${option} takes a time such as 02:00, "tomorrow 02:00", "2026-12-01 02:00" (here) or 2026-12-01T02:00:00Z; "${text.slice(0, 60)}" is not one.`,
  )
}

/**
 * A time that is over: `2h` (ago), `02:00` (the last one), `yesterday 02:00`, or a date.
 * @returns ms since the epoch
 */
export function parsePast(option: string, text: string, now = Date.now()): number {
  const typed = text
    .trim()
    .toLowerCase()
    .replace(/\s+ago$/, '')
  if (/^\d+(?:\.\d+)?\s*[a-z]/.test(typed) && !DATE.test(typed)) return now - parseDuration(option, typed)
  const [, yesterday] = /^yesterday\s+(.+)$/.exec(typed) ?? []
  const at = new Date(parseTime(option, yesterday === undefined ? typed : `today ${yesterday}`, now))
  const isNextClock = /^\d{1,2}:\d\d/.test(typed) && at.getTime() > now
  if (yesterday !== undefined || isNextClock) at.setDate(at.getDate() - 1)
  if (at.getTime() <= now) return at.getTime()
  throw new Misuse(
    `${option} takes a time that is over, such as 2h, 02:00 or "yesterday 02:00"; "${text.slice(0, 60)}" is not.`,
  )
}

/** `02:00` is the next time that the clock here shows it. */
function parseClock(typed: string, now: number): Date | null {
  const [, day, hours = '', minutes = '', seconds = '0'] =
    /^(today|tomorrow)?\s*(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(typed) ?? []
  if (hours === '' || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const at = new Date(now)
  at.setHours(Number(hours), Number(minutes), Number(seconds), 0)
  const isTomorrow = day === 'tomorrow' || (day === undefined && at.getTime() <= now)
  if (isTomorrow) at.setDate(at.getDate() + 1)
  return at
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[t\s]+(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?)?\s*(z|utc|[+-]\d\d:?\d\d)?$/

function parseDate(typed: string): Date | null {
  const found = DATE.exec(typed)
  if (found === null) return null
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = found
    .slice(1, 8)
    .map((digits, i) => Number((i === 6 ? digits?.padEnd(3, '0') : digits) ?? 0))
  if (hours > 23 || minutes > 59 || seconds > 59) return null
  const local = new Date(year, month - 1, day, hours, minutes, seconds, ms)
  const utc = new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds, ms))
  // 31 November would be 1 December.
  if (utc.getUTCMonth() !== month - 1 || utc.getUTCDate() !== day) return null
  const zone = found[8]
  return zone === undefined ? local : new Date(utc.getTime() - toOffsetMs(zone))
}

function toOffsetMs(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  if (sign === undefined) return 0
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000
  return Math.max(-DAY_MS, Math.min(DAY_MS, sign === '-' ? -ms : ms))
}
