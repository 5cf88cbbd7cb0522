/** `PATCH /stash/{id}`: sets the name, the description and, once, the slug of a stash. It takes a master token or the admin token. */
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
    prepare: async ({ intent, credential }, { dryRun, ...standing }) => {
      if (intent.kind !== 'describe_stash' || typeof intent.slug !== 'string') return ok(null)
      const isAdmin = credential.kind === 'admin'
      const allowed = checkStanding(standing, intent.slug, isAdmin)
      if (!allowed.ok) return allowed
      return claimSlug(c.env, { slug: intent.slug, stashId: c.req.param('stash') ?? '', isAdmin, dryRun })
    },
    reply: ({ revision }) => json({ message: 'Stash described', revision } satisfies z.infer<typeof applied>),
  })
}

/** What the stash decides again when the intent is applied: a caller that it will refuse must not be able to claim slugs. */
function checkStanding({ master, slug: present }: Standing, slug: string, isAdmin: boolean): Result<null> {
  // The object still runs a version without slugs.
  if (master === undefined || present === undefined) return refuse({ code: 'unreachable' })
  if (!isAdmin && !master) return refuse({ code: 'not_permitted', needs: 'master' })
  return present === null || present === slug ? ok(null) : refuse({ code: 'slug_set', slug: present })
}
