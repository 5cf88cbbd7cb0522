/**
 * The shapes on the wire, as zod schemas: requests are validated by them, answers are typed by them, and
 * the OpenAPI document is made from them.
 */
import * as z from 'zod'
import { keySchema, STASH_MAX_ITEMS } from '../model/item.ts'
import { PROFILES } from '../model/profile.ts'
import { JURISDICTIONS } from './address.ts'

export const time = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC' })
export const revision = z
  .int()
  .min(0)
  .meta({ description: "The stash's revision: each accepted change makes the next." })
export const version = z.int().min(1).meta({ description: 'The revision that last changed the item.' })
export const stashId = z.string().regex(/^[0-9a-f]{64}$/)

export const isText = (text: string): boolean => text.isWellFormed()
export const NOT_TEXT = 'half a surrogate pair is not text'

export const stashSpec = z
  .strictObject({
    name: z.string().max(100).refine(isText, NOT_TEXT).optional(),
    description: z.string().max(1_000).refine(isText, NOT_TEXT).optional(),
    profile: z.enum(PROFILES).default('safeguarded'),
    jurisdiction: z.enum(JURISDICTIONS).optional().meta({
      description: 'Keeps the stash and its history there. Public values are in KV all the same, which is global.',
    }),
  })
  .meta({ id: 'StashSpec' })

export const stashCreated = z
  .object({
    stash_id: stashId,
    master_token: z.string().meta({ description: 'Shown this once: only its hash is kept.' }),
    message: z.string(),
    profile: z.enum(PROFILES),
    created_at: time,
  })
  .meta({ id: 'StashCreated' })

export const stashFacts = z
  .object({
    stash_id: stashId,
    name: z.string().nullable(),
    description: z.string().nullable(),
    profile: z.enum(PROFILES),
    revision,
    item_count: z.int(),
    frozen: z.boolean(),
    frozen_until: time.nullable().meta({ description: 'null while nothing is frozen, or until somebody ends it.' }),
    freeze_reason: z
      .null()
      .meta({ deprecated: true, description: 'Always null: the reason takes a token. GET …/held has it.' }),
    created_at: time,
  })
  .meta({ id: 'StashFacts' })

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

/** What comes back by itself, as a member of an answer. */
export const revert = z.object({
  at: time.meta({
    description: 'When the time-box ends. From then on the value counts, also where nothing else is heard.',
  }),
  to: z.string().nullable().meta({ description: 'The value that comes back; null: the flag goes away.' }),
})

export const flags = z
  .object({
    stash_id: stashId,
    revision,
    flags: z.record(z.string(), z.string()),
    reverts: z
      .record(z.string(), revert)
      .optional()
      .meta({ description: 'By key: the pending ends of time-boxes. Absent where there are none.' }),
  })
  .meta({ id: 'Flags' })

/**
 * One media type with its parameters (RFC 9110 §8.3.1), of characters that a header can hold. A list of types means
 * different things to different readers.
 */
export const MEDIA_TYPE =
  /^(?=.{1,255}$)[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/

export const flagValue = z
  .string('a value is a string: write "true", in quotes')
  .min(1, 'a value has at least one byte; null takes the key away')
  .refine(isText, NOT_TEXT)

/** A full stash taken away and another put in its place. */
const PATCH_MAX_KEYS = 2 * STASH_MAX_ITEMS

/** Validated one by one and returned as a list, documented as an object: `__proto__` is a legal key, and records lose it. */
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
      // The first few wrong ones are as good as all of them.
      if (context.issues.length >= 10) break
      changes.push({ key: name, value: value.data ?? null })
    }
    return changes
  })
  .refine((changes) => changes.length > 0, 'the patch is empty')
export const documentedAs = new Map<z.ZodType, z.ZodType>([[flagsPatch, patchObject]])

export const applied = z.object({ message: z.string(), revision }).meta({ id: 'Applied' })

/** Where a change is time-boxed. */
export const timeBox = {
  reverts_at: time.optional().meta({ description: 'When the value goes back to what it was.' }),
  revert_id: z.string().optional().meta({ description: 'The held change that will do it. DELETE it to stay.' }),
}
/** What pending time-boxes will still put back. At most 100, so that the answer has an end. */
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

export const link = z
  .object({
    url: z.string(),
    presigned_url: z.string(),
    expires_at: time,
    operation: z.enum(['upsert', 'approve']),
    held_id: z.string(),
  })
  .meta({ id: 'Link' })
export const linkUsed = z
  .object({ success: z.literal(true), id: z.string(), message: z.string(), revision, version, ...timeBox })
  .meta({ id: 'LinkUsed' })

export const health = z
  .object({
    status: z.literal('ok'),
    version: z.string().meta({ description: 'Of the code that answers: in a gradual deploy two versions answer.' }),
    creation: z.enum(['admin_token', 'open', 'closed']).meta({
      description: 'Who may create stashes: whoever holds the admin token, anyone, or, until one is set, nobody.',
    }),
  })
  .meta({ id: 'Health' })

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; says what happened.' }),
    detail: z.string().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Further members are facts that help the caller act.' })
