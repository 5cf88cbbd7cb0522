/** History, undo, export and import. */
import * as z from 'zod'
import { GUARD_MAX_BYTES, guardSchema, STASH_MAX_GUARDS } from '../model/guard/guard.ts'
import { keySchema, STASH_MAX_ITEMS } from '../model/item.ts'
import { flagValue, MEDIA_TYPE } from './flag.ts'
import { reason, revision, stashId, time } from './field.ts'
import { guardChanges, timeBox, valueChanges } from './change.ts'

const person = z.object({ token_id: z.string(), label: z.string(), reason: z.string().optional() })

export const historyEntry = z.looseObject({
  revision,
  at: time,
  kind: z
    .string()
    .meta({ description: 'put, delete, patch, undo, import, revert, set_guard, freeze, add_token, recovered …' }),
  who: z.string().meta({ description: 'The label of the token; `stash` for a change that the stash made by itself.' }),
  token_id: z.string().nullable(),
  reason: z.string().nullable(),
  changes: valueChanges,
  guards: guardChanges.optional(),
  held_id: z.string().optional().meta({ description: 'The held change that this released or dropped.' }),
  approved_by: person.optional(),
  broke_glass: z.object({ by: z.string(), why: z.string() }).optional(),
  via: z
    .literal('link')
    .optional()
    .meta({ description: 'The change was applied through a link. `who` is the token that made the link.' }),
  pressed_reason: z
    .string()
    .optional()
    .meta({ description: 'The reason that was given when the link was used. `reason` was given when it was made.' }),
  shortened: z
    .array(z.string())
    .optional()
    .meta({ description: 'Pending reverts that no longer restore the keys of this change.' }),
  cancelled: z.array(z.string()).optional().meta({ description: 'Pending reverts that this change ended.' }),
  reverts_at: time.optional(),
  ends: z.int().optional().meta({ description: 'The revision that began the time-box which this change ends.' }),
  set_by: person.optional().meta({ description: 'For a revert: the token that set the time-box.' }),
  undoes: z.int().optional(),
  recovered: z.object({ from: z.int(), kv: z.int() }).optional().meta({
    description:
      'The storage had gone back to revision `from`, while readers had seen revision `kv`. The revisions between `from` and this one have no entry.',
  }),
  hash: z.string().meta({ description: 'SHA-256 over this entry and the hash of the entry before.' }),
})

export const history = z
  .object({
    stash_id: stashId,
    entries: z.array(historyEntry),
    next: z.int().nullable().meta({ description: 'The value of `before` for the next page; null on the last page.' }),
    first: z.int().meta({ description: 'The oldest revision that the history still has.' }),
  })
  .meta({ id: 'History' })

export const verified = z
  .object({
    stash_id: stashId,
    valid: z.boolean(),
    first: z.int(),
    head: z.int(),
    failure: z
      .object({ revision: z.int(), what: z.enum(['entry', 'item', 'guard', 'head']), key: z.string().optional() })
      .nullable()
      .meta({ description: 'The first revision that was altered.' }),
    message: z.string(),
  })
  .meta({ id: 'Verified' })

export const undoSpec = z.strictObject({ revision: z.int().min(1), reason: reason.optional() }).meta({ id: 'UndoSpec' })

const exportedItem = z.strictObject({
  key: keySchema,
  value: flagValue,
  content_type: z.string().regex(MEDIA_TYPE, 'takes one media type').optional(),
})
const exportedGuard = z.strictObject({ key: keySchema, guard: guardSchema })

const hasUniqueKeys = (list: { key: string }[]): boolean => new Set(list.map(({ key }) => key)).size === list.length

export const importSpec = z
  .strictObject({
    format: z.literal(1).optional(),
    stash_id: stashId.optional(),
    revision: revision.optional(),
    exported_at: z.string().optional(),
    name: z.string().nullable().optional(),
    description: z.string().nullable().optional(),
    items: z.array(exportedItem).max(STASH_MAX_ITEMS).refine(hasUniqueKeys, 'a key is listed twice').optional(),
    guards: z.array(exportedGuard).max(STASH_MAX_GUARDS).refine(hasUniqueKeys, 'a key is listed twice').optional(),
  })
  .meta({ id: 'ImportSpec', description: 'A file from an export. Only its items and guards are imported.' })

/** The limit suffices for the values of a full stash, with room for JSON's escapes, and for its guards. */
export const IMPORT_MAX_BYTES = 2 * 1024 * 1024 + 64 * GUARD_MAX_BYTES

export const exported = z
  .object({
    format: z.literal(1),
    stash_id: stashId,
    revision,
    exported_at: time,
    name: z.string().nullable(),
    description: z.string().nullable(),
    items: z.array(exportedItem),
    guards: z.array(z.object({ key: keySchema, guard: z.looseObject({ type: z.string() }) })),
  })
  .meta({ id: 'Export' })

export const imported = z
  .object({
    message: z.string(),
    revision,
    changed: z.array(keySchema),
    dry_run: z.boolean(),
    ...timeBox,
    changes: valueChanges.optional(),
    guards: guardChanges.optional(),
    waits_for: z.string().optional().meta({ description: 'For a dry run: what the change would wait for.' }),
  })
  .meta({
    id: 'Imported',
    description: 'Since every write has a dry run, the answer to one is DryRun, which has these members as well.',
  })
