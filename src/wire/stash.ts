/** Stashes: the request that creates a stash, its response, and the public facts of a stash. */
import * as z from 'zod'
import { PROFILES } from '../model/profile.ts'
import { isText, NOT_TEXT, revision, slug, stashId, time } from './field.ts'
import { publicFreezes } from './safeguard.ts'

export const JURISDICTIONS = ['eu', 'fedramp'] as const

export const stashSpec = z
  .strictObject({
    name: z.string().max(100).refine(isText, NOT_TEXT).optional(),
    description: z.string().max(1_000).refine(isText, NOT_TEXT).optional(),
    slug: slug.optional(),
    profile: z.enum(PROFILES).default('safeguarded'),
    jurisdiction: z.enum(JURISDICTIONS).optional().meta({
      description:
        'Keeps the stash and its history in this jurisdiction. Its public values are still copied to KV, which is global.',
    }),
  })
  .meta({ id: 'StashSpec' })

export const stashPatch = z
  .strictObject({
    slug: slug.optional(),
    name: z.string().max(100).refine(isText, NOT_TEXT).nullable().optional(),
    description: z.string().max(1_000).refine(isText, NOT_TEXT).nullable().optional(),
  })
  .meta({ id: 'StashPatch', description: 'What is left out stays; null clears a name or a description.' })

export const stashCreated = z
  .object({
    stash_id: stashId,
    master_token: z.string().meta({ description: 'Shown only in this response: the service stores only its hash.' }),
    message: z.string(),
    profile: z.enum(PROFILES),
    created_at: time,
    slug: slug.nullable(),
  })
  .meta({ id: 'StashCreated' })

export const stashFacts = z
  .object({
    stash_id: stashId,
    slug: slug.nullable(),
    name: z.string().nullable(),
    description: z.string().nullable(),
    profile: z.enum(PROFILES),
    revision,
    item_count: z.int(),
    frozen: z
      .boolean()
      .meta({ description: 'Whether every key is frozen. `freezes` has the freezes of some keys as well.' }),
    frozen_until: time
      .nullable()
      .meta({ description: 'null if not every key is frozen, or if that freeze has no end time.' }),
    freezes: publicFreezes.meta({ description: 'All present freezes, that of every key first.' }),
    freeze_reason: z.null().meta({
      deprecated: true,
      description: 'Always null, because reading the reason takes a token. GET …/held has it.',
    }),
    created_at: time,
  })
  .meta({ id: 'StashFacts' })

export const stashList = z
  .object({
    stashes: z.array(
      z.object({
        stash_id: stashId,
        slug: slug.nullable(),
        name: z.string().nullable(),
        created_at: time.nullable(),
        revision: revision.nullable(),
        items: z.int().nullable(),
      }),
    ),
    next: z
      .string()
      .nullable()
      .meta({ description: 'The value of `cursor` for the next page; null on the last page.' }),
    as_of: time.meta({ description: 'When KV was asked. KV shows a change after 60 seconds and more.' }),
  })
  .meta({ id: 'StashList', description: 'The members of a stash are null where an older version wrote its copy.' })
