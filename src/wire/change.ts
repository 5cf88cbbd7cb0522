/** Responses to changes of items and flags. */
import * as z from 'zod'
import { keySchema } from '../model/item.ts'
import { revision, time, version } from './field.ts'

export const applied = z.object({ message: z.string(), revision }).meta({ id: 'Applied' })

/** Members of the response to a time-boxed change. */
export const timeBox = {
  reverts_at: time.optional().meta({ description: 'When the time-box ends and the value from before is restored.' }),
  revert_id: z
    .string()
    .optional()
    .meta({ description: 'The held change that will restore it. DELETE …/held/{id} keeps the new value.' }),
}
/** The pending ends of time-boxes. A response lists at most 100 (`LISTED_MAX` in `model/time-box.ts`), so that it stays small. */
export const pendingEnds = z.array(
  z.object({ held_id: z.string(), key: keySchema, at: time, goes_back_to: z.string().nullable() }),
)

export const waitsFor = z.enum(['link', 'approval', 'time'])
export const valueChanges = z.array(
  z.object({ key: keySchema, before: z.string().nullable(), after: z.string().nullable() }),
)
export const guardChanges = z.array(z.object({ key: keySchema, before: z.unknown(), after: z.unknown() }))

/** The answer of every write to `dry_run=1`. */
export const dryRun = z
  .object({
    message: z.string(),
    revision: revision.meta({ description: 'The present revision of the stash. 0 for the creation of a stash.' }),
    changed: z.array(keySchema).max(0).meta({ description: 'Always empty, because nothing was changed.' }),
    dry_run: z.literal(true),
    does: z.string().nullable().meta({
      description: 'The kind of the history entry that the write would make; null if it would make none.',
    }),
    changes: valueChanges.meta({
      description: 'The values that would change: at once, or when the change that would be held is released.',
    }),
    guards: guardChanges,
    waits_for: waitsFor.optional().meta({ description: 'What the change would wait for. Absent if it would not.' }),
    due_at: time.optional(),
    expires_at: time.optional(),
    reverts_at: timeBox.reverts_at,
    ends: pendingEnds.optional().meta({
      description: 'For a freeze and a revocation: the time-boxes that would still end.',
    }),
    ends_truncated: z.literal(true).optional().meta({ description: 'There are more. GET …/held lists all of them.' }),
  })
  .meta({ id: 'DryRun' })

export const itemDeleted = z
  .object({ key: keySchema, message: z.string(), revision, ...timeBox })
  .meta({ id: 'ItemDeleted' })
export const itemApplied = z
  .object({ key: keySchema, message: z.string(), revision, version, ...timeBox })
  .meta({ id: 'ItemApplied' })
export const patchApplied = z
  .object({ message: z.string(), revision, changed: z.array(keySchema), ...timeBox })
  .meta({ id: 'PatchApplied' })
