/** The shapes of tokens, guards, freezes and held changes on the wire. See `wire.ts`. */
import * as z from 'zod'
import { durationSchema } from '../model/duration.ts'
import { guardSchema } from '../model/guard.ts'
import { keySchema } from '../model/item.ts'
import { patternSchema } from '../model/pattern.ts'
import { ABILITIES } from '../model/permit.ts'
import { REASON_MAX_CHARS, parseTime, TIME_EXPECTED } from './parse.ts'
import { isText, NOT_TEXT, revision, stashId, time, timeBox, version } from './wire.ts'

const tokenId = z.string().regex(/^[0-9a-f]{16}$/)
/** Names that history gives to others. */
const RESERVED = ['master', 'stash', 'anonymous']
const label = z.string().min(1).max(100)
const newLabel = label
  .refine((text) => isText(text) && !/\p{C}/u.test(text), 'a label has no control characters')
  .refine((text) => !RESERVED.includes(text.trim().toLowerCase()), `a label is none of ${RESERVED.join(', ')}`)
const abilities = z.array(z.enum(ABILITIES)).min(1).max(ABILITIES.length)
const patterns = z.array(patternSchema).min(1).max(50)
export const reason = z.string().max(REASON_MAX_CHARS).refine(isText, NOT_TEXT)

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

export const guardSpec = guardSchema
export const guardFacts = z.looseObject({ key: keySchema, version, type: z.string() }).meta({
  id: 'GuardFacts',
  description: 'The guard as it was set, with its key and version.',
})
export const guardList = z
  .object({ stash_id: stashId, revision, guards: z.array(guardFacts) })
  .meta({ id: 'GuardList' })
export const guardApplied = z
  .object({ key: keySchema, message: z.string(), revision, version: version.optional() })
  .meta({ id: 'GuardApplied' })

export const freezeSpec = z
  .strictObject({
    until: z
      .string()
      .refine((text) => parseTime(text) !== null, TIME_EXPECTED)
      .optional()
      .meta({ format: 'date-time', description: 'Left out: until somebody ends it.' }),
    reason: reason.optional(),
  })
  .meta({ id: 'FreezeSpec' })
export const frozen = z
  .object({ message: z.string(), revision, until: time.nullable(), reason: z.string().nullable() })
  .meta({ id: 'Frozen' })

const waitsFor = z.enum(['link', 'approval', 'time'])
export const heldReply = z
  .object({
    message: z.string(),
    held_id: z.string(),
    waits_for: waitsFor,
    due_at: time.nullable(),
    expires_at: time.nullable(),
  })
  .meta({ id: 'Held' })

export const heldList = z
  .object({
    stash_id: stashId,
    held: z.array(
      z.object({
        held_id: z.string(),
        kind: z.enum(['link', 'approval', 'schedule', 'revert']),
        waits_for: waitsFor,
        change: z
          .looseObject({ kind: z.string() })
          .meta({ description: 'What it does, in the words of the write it was.' }),
        keys: z.array(z.string()),
        made_by: z.string().meta({ description: "The token's label; stash for what it does by itself." }),
        made_at: time,
        reason: z.string().nullable(),
        due_at: time.nullable(),
        expires_at: time.nullable(),
        decision: z.string().nullable(),
        ends: z.int().nullable().meta({ description: 'The revision whose time-box it ends.' }),
        approved_by: z.string().nullable(),
      }),
    ),
    next: z.int().nullable().meta({ description: 'What `after` must be for the next page; null on the last.' }),
  })
  .meta({ id: 'HeldList' })

export const changeApplied = z
  .object({
    message: z.string(),
    revision,
    changed: z.array(keySchema),
    ...timeBox,
  })
  .meta({ id: 'ChangeApplied' })
