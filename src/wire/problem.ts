/** A refusal on the wire (RFC 9457). */
import * as z from 'zod'

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; says what happened.' }),
    detail: z.string().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Further members are facts that help the caller act.' })
