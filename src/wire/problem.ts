/** A refusal as a problem document (RFC 9457). */
import * as z from 'zod'

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'What happened. Codes are stable.' }),
    detail: z.string().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Further members are facts about the refusal.' })
