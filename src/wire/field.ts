/** Fields that several schemas share. */
import * as z from 'zod'
import { SLUG_EXPECTED } from '../model/slug.ts'

export const time = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC' })
export const revision = z
  .int()
  .min(0)
  .meta({ description: 'The revision of the stash. Each accepted change increases it by one.' })
export const version = z.int().min(1).meta({ description: 'The revision that last changed the item.' })
export const stashId = z.string().regex(/^[0-9a-f]{64}$/)
export const slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{2,39}$/, `takes ${SLUG_EXPECTED}`)
  .meta({
    description:
      'The name that paths may have instead of the id. It is public, is set once, and is unique in the deployment.',
  })

export const isText = (text: string): boolean => text.isWellFormed()
export const NOT_TEXT = 'must be valid Unicode: it has half a surrogate pair'

/** The longest reason of a change. */
export const REASON_MAX_CHARS = 500
export const reason = z.string().max(REASON_MAX_CHARS).refine(isText, NOT_TEXT)

export const TIME_EXPECTED = 'a time in ISO 8601, UTC: 2026-11-24T03:00:00Z'

/** A time in ms since the epoch; null if the text is not an ISO 8601 time in UTC. */
export function parseTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/.test(text)) return null
  const at = Date.parse(text)
  // The parser turns 30 February into 2 March.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text.slice(0, 10) ? null : at
}
