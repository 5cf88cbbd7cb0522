/** The shapes of tokens on the wire. See `wire.ts`. */
import * as z from 'zod'
import { durationSchema } from '../model/duration.ts'
import { patternSchema } from '../model/pattern.ts'
import { ABILITIES } from '../model/permit.ts'
import { isText, revision, stashId, time } from './wire.ts'

export const tokenId = z.string().regex(/^[0-9a-f]{16}$/)
/** Names that history gives to others. */
const RESERVED = ['master', 'stash', 'anonymous']
const label = z.string().min(1).max(100)
const newLabel = label
  .refine((text) => isText(text) && !/\p{C}/u.test(text), 'a label has no control characters')
  .refine((text) => !RESERVED.includes(text.trim().toLowerCase()), `a label is none of ${RESERVED.join(', ')}`)
const abilities = z.array(z.enum(ABILITIES)).min(1).max(ABILITIES.length)
const patterns = z.array(patternSchema).min(1).max(50)

export const tokenSpec = z
  .strictObject({
    label: newLabel.meta({ description: 'Who or what it is for: history names it.' }),
    can: abilities,
    keys: patterns.default(['*']).meta({ description: 'Patterns of the keys it counts for: * stands for any run.' }),
    expires_in: durationSchema.optional().meta({ description: 'Left out: as long as the token that grants it.' }),
  })
  .meta({ id: 'TokenSpec' })

const tokenFacts = { token_id: tokenId, label, can: abilities, keys: patterns, expires_at: time.nullable() }

export const tokenCreated = z
  .object({
    ...tokenFacts,
    token: z.string().meta({ description: 'Shown this once: only its hash is kept.' }),
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenCreated' })

export const rotateSpec = z
  .strictObject({
    overlap: durationSchema
      .optional()
      .meta({ description: 'How long the old one goes on working. Left out: not at all.' }),
  })
  .meta({ id: 'RotateSpec' })

export const tokenRotated = z
  .object({
    token_id: tokenId,
    token: z.string().meta({ description: 'The new master token. Shown this once.' }),
    master_token: z.string().meta({ description: 'The same, by the name it had when the stash was created.' }),
    old_token_until: time,
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenRotated' })

export const stashRecovered = z
  .object({
    token_id: tokenId,
    token: z.string().meta({ description: 'The new master token. Shown this once.' }),
    master_token: z.string().meta({ description: 'The same, by the name it had when the stash was created.' }),
    leaves: z
      .array(z.object({ token_id: tokenId, label, can: abilities, keys: patterns }))
      .meta({ description: 'The tokens that still count. None with `all=1`.' }),
    message: z.string(),
    revision,
  })
  .meta({ id: 'StashRecovered' })

export const tokenList = z
  .object({
    stash_id: stashId,
    tokens: z.array(
      z.object({
        ...tokenFacts,
        master: z.boolean(),
        created_at: time,
        last_used_at: time.nullable().meta({ description: 'To within ten minutes.' }),
        made_by: tokenId.nullable(),
      }),
    ),
  })
  .meta({ id: 'TokenList' })
