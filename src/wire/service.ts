/** What the service says of itself at `/healthz`. */
import * as z from 'zod'

export const health = z
  .object({
    status: z.literal('ok'),
    version: z.string().meta({ description: 'Of the code that answers: in a gradual deploy two versions answer.' }),
    creation: z.enum(['admin_token', 'open', 'closed']).meta({
      description: 'Who may create stashes: whoever holds the admin token, anyone, or, until one is set, nobody.',
    }),
  })
  .meta({ id: 'Health' })
