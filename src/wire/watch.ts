/** What watchers are told, on the wire. */
import * as z from 'zod'
import { revert } from './flag.ts'
import { revision } from './field.ts'

export const watchEvent = z
  .object({
    type: z.enum(['snapshot', 'change', 'gone']),
    revision,
    flags: z.record(z.string(), z.string()).optional().meta({ description: 'Of a snapshot: every flag.' }),
    changes: z
      .record(z.string(), z.string().nullable())
      .optional()
      .meta({ description: 'Of a change: the new values; null where a key was taken away.' }),
    reverts: z.record(z.string(), revert.nullable()).optional().meta({
      description:
        'The pending ends of time-boxes. Of a snapshot: all of them. Of a change: what differs; null where a key is in no time-box any more.',
    }),
  })
  .meta({
    id: 'WatchEvent',
    description: 'The `data` of a Server-Sent Event, a WebSocket message, the answer to a long poll.',
  })
