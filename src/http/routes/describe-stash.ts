/** `PATCH /stash/{id}`: sets the name, the description and, once, the slug of a stash. It takes a master token or the admin token. */
import { isSatisfied, type Precondition } from '../../model/decide/precondition.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { writeAsTokenOrAdmin } from '../request/admin.ts'
import { checkSlug, claimSlug, type SlugRules } from '../request/claim-slug.ts'
import { readJson } from '../request/parse.ts'
import type { Standing } from '../request/write.ts'
import { json } from '../response/reply.ts'
import type { Ctx } from '../scope.ts'
import { stashPatch } from '../../wire/stash.ts'
import type { applied } from '../../wire/change.ts'
import type * as z from 'zod'

const PATCH_MAX_BYTES = 16 * 1024

export function describeStash(c: Ctx, slugs: SlugRules): Promise<Response> {
  return writeAsTokenOrAdmin(c, {
    read: async () => {
      const patch = await readJson(c.req.raw, stashPatch, { limit: PATCH_MAX_BYTES })
      if (!patch.ok) return patch
      const fits = checkSlug(patch.value.slug ?? null, slugs)
      if (!fits.ok) return fits
      const { slug, name, description } = patch.value
      return ok({
        intent: {
          kind: 'describe_stash',
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description }),
          ...(slug !== undefined && { slug }),
        },
      })
    },
    prepare: async ({ intent, credential, condition }, { dryRun, ...standing }) => {
      if (intent.kind !== 'describe_stash' || typeof intent.slug !== 'string') return ok(null)
      const isAdmin = credential.kind === 'admin'
      const allowed = checkStanding(standing, { slug: intent.slug, isAdmin, condition })
      if (!allowed.ok) return allowed
      return claimSlug(c.env, { slug: intent.slug, stashId: c.req.param('stash') ?? '', isAdmin, dryRun })
    },
    reply: ({ revision }) => json({ message: 'Stash described', revision } satisfies z.infer<typeof applied>),
  })
}

type Claim = { slug: string; isAdmin: boolean; condition: Precondition | undefined }

/** What the stash decides again when the intent is applied. A write that it will refuse must not claim a slug: a claim is for good. */
function checkStanding(
  { master, slug: present, revision }: Standing,
  { slug, isAdmin, condition = {} }: Claim,
): Result<null> {
  // The object still runs a version without slugs.
  if (master === undefined || present === undefined || revision === undefined) return refuse({ code: 'unreachable' })
  if (!isAdmin && !master) return refuse({ code: 'not_permitted', needs: 'master' })
  // A repeat claims nothing new. The stash may have its first answer, which was to a condition that was met then.
  if (present !== null) return present === slug ? ok(null) : refuse({ code: 'slug_set', slug: present })
  return isSatisfied(condition, revision)
    ? ok(null)
    : refuse({ code: 'version_conflict', current: revision, of: 'stash' })
}
