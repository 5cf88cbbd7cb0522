/** The response of a gate that is closed. An open gate answers 204, without a body. */
import * as z from 'zod'
import { keySchema } from '../model/item.ts'
import { time } from './field.ts'

export const gateClosed = z
  .object({
    gate: z.enum(['closed', 'unknown']),
    key: keySchema,
    value: z.string().nullable().meta({
      description: 'The value of the flag. null if the gate is unknown, or if the value is longer than 200 characters.',
    }),
    until: time.nullable().meta({ description: 'When the time-box of the flag ends; null if it has none.' }),
  })
  .meta({ id: 'GateClosed' })
