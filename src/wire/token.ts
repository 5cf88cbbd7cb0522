/** Tokens: the requests that grant and rotate tokens, the responses to all changes of tokens, and the list of tokens. */
import * as z from 'zod'
import { durationSchema } from '../model/duration.ts'
import { patternSchema } from '../model/access/pattern.ts'
import { ABILITIES } from '../model/access/ability.ts'
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
    const issue = findLabelIssue(text)
    if (issue !== null) context.addIssue({ code: 'custom', message: issue })
  })
const abilities = z.array(z.enum(ABILITIES)).min(1).max(ABILITIES.length)
const patterns = z.array(patternSchema).min(1).max(50)

export const tokenSpec = z
  .strictObject({
    label: newLabel.meta({ description: 'Who or what the token is for. The history names it.' }),
    can: abilities,
    keys: patterns
      .default(['*'])
      .meta({ description: 'Patterns of the keys that the token is for. * stands for any characters.' }),
    expires_in: durationSchema
      .optional()
      .meta({ description: 'If absent, the token lasts as long as the token that grants it.' }),
  })
  .meta({ id: 'TokenSpec' })

const tokenFacts = { token_id: tokenId, label, can: abilities, keys: patterns, expires_at: time.nullable() }

export const tokenCreated = z
  .object({
    ...tokenFacts,
    token: z.string().meta({ description: 'Shown only in this response: the service stores only its hash.' }),
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenCreated' })

export const tokenRevoked = z
  .object({
    message: z.string(),
    revision,
    leaves: pendingEnds.meta({
      description: 'Time-boxes that the token had set, which still end. `goes_back_to` is null if the flag is deleted.',
    }),
    leaves_truncated: z.literal(true).optional().meta({ description: 'There are more. GET …/held lists all of them.' }),
  })
  .meta({ id: 'TokenRevoked' })

export const rotateSpec = z
  .strictObject({
    overlap: durationSchema
      .optional()
      .meta({ description: 'How long the old token still works. If absent, it ends at once.' }),
  })
  .meta({ id: 'RotateSpec' })

export const tokenRotated = z
  .object({
    token_id: tokenId,
    token: z.string().meta({ description: 'The new master token. Shown only in this response.' }),
    master_token: z.string().meta({ description: 'The same as `token`, under the name that creating a stash uses.' }),
    old_token_until: time,
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenRotated' })

export const tokenReplaced = z
  .object({
    ...tokenFacts,
    token: z.string().meta({
      description: 'The successor, with the same label, abilities, keys and expiry. Shown only in this response.',
    }),
    old_token_until: time,
    message: z.string(),
    revision,
  })
  .meta({ id: 'TokenReplaced' })

export const stashRecovered = z
  .object({
    token_id: tokenId,
    token: z.string().meta({ description: 'The new master token. Shown only in this response.' }),
    master_token: z.string().meta({ description: 'The same as `token`, under the name that creating a stash uses.' }),
    leaves: z
      .array(z.object({ token_id: tokenId, label, can: abilities, keys: patterns }))
      .meta({ description: 'The tokens that are still valid. Empty with `all=1`.' }),
    message: z.string(),
    revision,
  })
  .meta({ id: 'StashRecovered' })

const listedFacts = {
  ...tokenFacts,
  master: z.boolean(),
  created_at: time,
  made_by: tokenId.nullable().meta({ description: 'The token that granted it; null for a first or recovered master.' }),
  holder: tokenId.nullable().meta({
    description:
      'The holder: the first token below a master token from which this one descends. Tokens of one holder count as one person.',
  }),
}

export const ownToken = z.object(listedFacts).meta({ id: 'OwnToken' })

export const tokenList = z
  .object({
    stash_id: stashId,
    tokens: z.array(
      z.object({
        ...listedFacts,
        last_used_at: time.nullable().meta({ description: 'Accurate to ten minutes.' }),
      }),
    ),
  })
  .meta({ id: 'TokenList' })
