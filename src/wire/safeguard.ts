/** Guards, freezes and held changes. */
import * as z from 'zod'
import { patternSchema } from '../model/access/pattern.ts'
import { FREEZE_MAX_PATTERNS, STASH_MAX_KEY_FREEZES } from '../model/freeze.ts'
import { guardSchema } from '../model/guard/guard.ts'
import { keySchema } from '../model/item.ts'
import { parseTime, reason, revision, stashId, time, TIME_EXPECTED, version } from './field.ts'
import { applied, pendingEnds, timeBox, waitsFor } from './change.ts'

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

/** The patterns of a freeze in a request. */
export const freezeKeys = z.array(patternSchema).min(1).max(FREEZE_MAX_PATTERNS)
/** The patterns of a freeze in an answer. */
const frozenKeys = z.array(z.string()).nullable().meta({
  description: 'The patterns of the frozen keys, sorted and without duplicates. null: every key.',
})
const publicFreeze = { keys: frozenKeys, until: time.nullable() }
const FREEZES_MAX = 1 + STASH_MAX_KEY_FREEZES
export const publicFreezes = z.array(z.object(publicFreeze)).max(FREEZES_MAX)

export const freezeSpec = z
  .strictObject({
    keys: freezeKeys.optional().meta({
      description:
        'Freezes only the keys that one of these patterns matches. If absent, or where a pattern is *, every key is frozen.',
    }),
    until: z
      .string()
      .refine((text) => parseTime(text) !== null, TIME_EXPECTED)
      .optional()
      .meta({
        format: 'date-time',
        description: 'When the freeze ends by itself. If absent, it lasts until it is ended.',
      }),
    reason: reason.optional(),
  })
  .meta({ id: 'FreezeSpec' })
export const frozen = z
  .object({
    message: z.string(),
    revision,
    keys: frozenKeys,
    until: time.nullable(),
    reason: z.string().nullable(),
    reverts: pendingEnds.meta({
      description: 'Time-boxes that will still end during the freeze. `goes_back_to` is null if the flag is deleted.',
    }),
    reverts_truncated: z
      .literal(true)
      .optional()
      .meta({ description: 'There are more. GET …/held lists all of them.' }),
  })
  .meta({ id: 'Frozen' })
export const unfrozen = applied
  .extend({ still: publicFreezes.optional().meta({ description: 'The freezes that still stand.' }) })
  .meta({ id: 'Unfrozen' })

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
          .meta({ description: 'The change, with the field names of its write.' }),
        keys: z.array(z.string()),
        made_by: z
          .string()
          .meta({ description: 'The label of the token; `stash` for a change that the stash made by itself.' }),
        made_at: time,
        reason: z.string().nullable(),
        due_at: time.nullable(),
        expires_at: time.nullable(),
        decision: z.string().nullable(),
        ends: z.int().nullable().meta({ description: 'The revision that began the time-box which this change ends.' }),
        approved_by: z.string().nullable(),
        set_by: z
          .object({ token_id: z.string(), label: z.string() })
          .nullable()
          .meta({ description: 'For a revert: the token that set the time-box, with the label it had then.' }),
      }),
    ),
    next: z.int().nullable().meta({ description: 'The value of `after` for the next page; null on the last page.' }),
    freeze: z
      .object({ until: time.nullable(), reason: z.string().nullable(), by: z.string() })
      .nullable()
      .optional()
      .meta({ description: 'The present freeze of every key and its reason; null if there is none.' }),
    freezes: z
      .array(z.object({ ...publicFreeze, reason: z.string().nullable(), by: z.string().nullable() }))
      .max(FREEZES_MAX)
      .optional()
      .meta({
        description:
          'All present freezes, that of every key first. `reason` and `by` of a freeze of some keys are null for a token that does not reach all of them.',
      }),
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
