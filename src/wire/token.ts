/** Tokens on the wire. */
import * as z from 'zod'
import { durationSchema } from '../model/duration.ts'
import { patternSchema } from '../model/access/pattern.ts'
import { ABILITIES } from '../model/access/permit.ts'
import { findLabelIssue } from '../model/access/label.ts'
import { isText, NOT_TEXT, revision, stashId, time } from './field.ts'
import { pendingEnds } from './change.ts'

export const tokenId = z.string().regex(/^[0-9a-f]{16}$/)
const label = z.string().min(1).max(150)
const newLabel = z
  .string()
  .min(1)
  .max(100)
  .refine(isText, NOT_TEXT)
  .superRefine((text, context) => {
    const misfit = findLabelIssue(text)
    if (misfit !== null) context.addIssue({ code: 'custom', message: misfit })
  })
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

export const tokenRevoked = z
  .object({
    message: z.string(),
    revision,
    leaves: pendingEnds.meta({ description: 'Time-boxes that the token had set: they still end. null: the key goes.' }),
    leaves_truncated: z.literal(true).optional().meta({ description: 'There are more. GET …/held lists them all.' }),
  })
  .meta({ id: 'TokenRevoked' })

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

export const tokenReplaced = z
  .object({
    ...tokenFacts,
    token: z.string().meta({ description: 'The successor: the same label, abilities, keys and end. Shown this once.' }),
    old_token_until: time,
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenReplaced' })

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
        holder: tokenId.nullable().meta({
          description:
            'Whose hand it is in: the first token below a master that it descends from. Two of one holder are one person.',
        }),
      }),
    ),
  })
  .meta({ id: 'TokenList' })
