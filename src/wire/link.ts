/** Links: the responses to a request that makes a link, and to one that uses it. */
import * as z from 'zod'
import { revision, time, version } from './field.ts'
import { timeBox } from './change.ts'

export const link = z
  .object({
    url: z.string(),
    presigned_url: z.string(),
    expires_at: time,
    operation: z.enum(['upsert', 'approve']),
    held_id: z.string(),
  })
  .meta({ id: 'Link' })
export const linkUsed = z
  .object({ success: z.literal(true), id: z.string(), message: z.string(), revision, version, ...timeBox })
  .meta({ id: 'LinkUsed' })
