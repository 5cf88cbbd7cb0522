/** The response of `/healthz`. */
import * as z from 'zod'

export const health = z
  .object({
    status: z.literal('ok'),
    version: z
      .string()
      .meta({ description: 'The version of the code that answers. During a gradual deploy, two versions do.' }),
    isolate: z.string().meta({
      description:
        'A random name of the process that answers, to count them by. Each deploy and each restart makes new ones.',
    }),
    creation: z.enum(['admin_token', 'open', 'closed']).meta({
      description:
        'Who can create stashes: holders of the admin token, anyone (`open`), or no one until an admin token is set (`closed`).',
    }),
  })
  .meta({ id: 'Health' })
