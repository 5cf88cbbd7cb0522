/** The events that watchers receive. */
import * as z from 'zod'
import { revert } from './flag.ts'
import { revision, time } from './field.ts'

/** What a status says. Each freeze is of the keys that its patterns match; null: of all keys. */
const held = z.int().nonnegative().meta({ description: 'How many changes are held.' })
const freezes = z
  .array(z.object({ keys: z.array(z.string()).nullable(), until: time.nullable() }))
  .meta({ description: 'The freezes that stand. `keys`: null for all keys. `until`: null until it is ended by hand.' })

export const watchEvent = z
  .object({
    type: z.enum(['snapshot', 'change', 'gone', 'status']),
    revision,
    flags: z.record(z.string(), z.string()).optional().meta({ description: 'For a snapshot: every flag.' }),
    changes: z
      .record(z.string(), z.string().nullable())
      .optional()
      .meta({ description: 'For a change: the new values; null for a flag that was deleted.' }),
    reverts: z.record(z.string(), revert.nullable()).optional().meta({
      description:
        'The pending ends of time-boxes. For a snapshot, all of them. For a change, those that differ; null for a key that is in no time-box any more.',
    }),
    held: held.optional().meta({ description: 'For a status: how many changes are held.' }),
    freezes: freezes.optional().meta({ description: 'For a status: the freezes that stand.' }),
    status: z
      .object({ held, freezes })
      .optional()
      .meta({ description: 'In the answer to a long poll with `status=1`.' }),
  })
  .meta({
    id: 'WatchEvent',
    description:
      'The `data` of a Server-Sent Event, a WebSocket message, the answer to a long poll. With `batch=1` a WebSocket message may be an array of these.',
  })
