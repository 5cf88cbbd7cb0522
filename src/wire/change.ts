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
export const itemDeleted = z
  .object({ key: keySchema, message: z.string(), revision, ...timeBox })
  .meta({ id: 'ItemDeleted' })
export const itemApplied = z
  .object({ key: keySchema, message: z.string(), revision, version, ...timeBox })
  .meta({ id: 'ItemApplied' })
export const patchApplied = z
  .object({ message: z.string(), revision, changed: z.array(keySchema), ...timeBox })
  .meta({ id: 'PatchApplied' })
