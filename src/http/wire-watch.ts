/** The shape of what watchers are told. See `wire.ts`. */
import * as z from 'zod'
import { revision } from './wire.ts'

export const watchEvent = z
  .object({
    type: z.enum(['snapshot', 'change', 'gone']),
    revision,
    flags: z.record(z.string(), z.string()).optional().meta({ description: 'Of a snapshot: every flag.' }),
    changes: z
      .record(z.string(), z.string().nullable())
      .optional()
      .meta({ description: 'Of a change: the new values; null where a key was taken away.' }),
  })
  .meta({
    id: 'WatchEvent',
    description: 'The `data` of a Server-Sent Event, a WebSocket message, the answer to a long poll.',
  })
