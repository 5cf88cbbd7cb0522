/** The events that watchers receive. */
import * as z from 'zod'
import { revert } from './flag.ts'
import { revision } from './field.ts'

export const watchEvent = z
  .object({
    type: z.enum(['snapshot', 'change', 'gone']),
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
  })
  .meta({
    id: 'WatchEvent',
    description: 'The `data` of a Server-Sent Event, a WebSocket message, the answer to a long poll.',
  })
