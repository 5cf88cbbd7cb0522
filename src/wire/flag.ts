/** Items and flags on the wire: lists, values, and a patch of several flags. */
import * as z from 'zod'
import { isText, NOT_TEXT, revision, stashId, time, version } from './field.ts'
import { keySchema, STASH_MAX_ITEMS } from '../model/item.ts'

export const itemList = z
  .object({
    stash_id: stashId,
    revision,
    total: z.int(),
    items: z.array(
      z.object({
        key: keySchema,
        value: z.string(),
        stash_id: stashId,
        content_type: z.string(),
        version,
        created_at: time,
        updated_at: time,
      }),
    ),
  })
  .meta({ id: 'ItemList' })

/** The pending end of a time-box, as a member of a response. */
export const revert = z.object({
  at: time.meta({
    description:
      'When the time-box ends. From then on `to` is the value, even if the client hears nothing more from the service.',
  }),
  to: z.string().nullable().meta({ description: 'The value that is restored; null if the flag is deleted.' }),
})

export const flags = z
  .object({
    stash_id: stashId,
    revision,
    flags: z.record(z.string(), z.string()),
    reverts: z
      .record(z.string(), revert)
      .optional()
      .meta({ description: 'The pending ends of time-boxes, by key. Absent if there are none.' }),
  })
  .meta({ id: 'Flags' })

export const flagMeta = z.object({
  value: z.string(),
  version,
  type: z.string().nullable().meta({ description: 'The type of its guard; null if it has none.' }),
  changed_at: time.nullable().meta({
    description: 'When the value was written. null while the copy is of an older version of the service.',
  }),
  until: time.nullable().meta({ description: 'When its time-box ends; null if it has none.' }),
  safe: z
    .boolean()
    .nullable()
    .meta({ description: 'Whether the value is the safe value of its guard; null if the guard has none.' }),
  about: z.string().nullable().meta({ description: 'The public text of the `about` of its guard.' }),
})

export const flagsWithMeta = flags
  .extend({ flags: z.record(z.string(), flagMeta) })
  .meta({ id: 'FlagsWithMeta', description: 'The answer with `meta=1`.' })

/**
 * One media type with its parameters (RFC 9110 §8.3.1), of characters that a header can hold. A list of types is refused,
 * because clients do not agree which of its types applies.
 */
export const MEDIA_TYPE =
  /^(?=.{1,255}$)[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/

export const flagValue = z
  .string('a value is a string: write "true", in quotes')
  .min(1, 'a value has at least one byte; null deletes the flag')
  .refine(isText, NOT_TEXT)

/** The limit suffices to delete every flag of a full stash and to create as many others. */
const PATCH_MAX_KEYS = 2 * STASH_MAX_ITEMS

/**
 * The schema that documents a patch. `flagsPatch` validates a patch member by member and parses it into a list, because a
 * record would lose the legal key `__proto__`.
 */
const patchObject = z.record(keySchema, flagValue.nullable()).meta({ id: 'FlagsPatch' })
export const flagsPatch = z
  .custom<object>(
    (raw) => typeof raw === 'object' && raw !== null && !Array.isArray(raw),
    'a patch is an object: {"<key>": "<value>" or null}',
  )
  .refine((raw) => Object.keys(raw).length <= PATCH_MAX_KEYS, `a patch names at most ${PATCH_MAX_KEYS} keys`)
  .transform((raw, context) => {
    const changes: { key: string; value: string | null }[] = []
    for (const [name, given] of Object.entries(raw as Record<string, unknown>)) {
      const key = keySchema.safeParse(name)
      const value = flagValue.nullable().safeParse(given)
      for (const { message } of [...(key.error?.issues ?? []), ...(value.error?.issues ?? [])]) {
        context.addIssue({ code: 'custom', path: [name.slice(0, 200)], message })
      }
      // The response lists only the first ten issues.
      if (context.issues.length >= 10) break
      changes.push({ key: name, value: value.data ?? null })
    }
    return changes
  })
  .refine((changes) => changes.length > 0, 'the patch is empty')
export const documentedAs = new Map<z.ZodType, z.ZodType>([[flagsPatch, patchObject]])
