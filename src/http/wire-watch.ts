/** The shape of what watchers are told. See `wire.ts`. */
import * as z from 'zod'
import { revert, revision } from './wire.ts'

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
