/**
 * Decides a change of a stash's name, description and slug. A freeze does not stop it, because no flag changes. A stash gets a slug
 * once: links and scripts have it, so it must not name another stash later.
 */
import { createEntry, type Decision } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { Description } from '../entry.ts'
import type { Intent } from '../intent.ts'
import { isMaster } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'

const FIELDS = ['name', 'description', 'slug'] as const

export function decideDescription(
  { actor }: ChangeRequest,
  intent: Extract<Intent, { kind: 'describe_stash' }>,
  { described, revision }: Facts,
): Result<Decision> {
  if (actor.kind === 'anonymous') return refuse({ code: 'token_missing' })
  if (actor.kind !== 'admin' && !isMaster(actor)) return refuse({ code: 'not_permitted', needs: 'master' })
  const refused = checkSlug(described.slug, intent.slug, actor.kind === 'admin')
  if (!refused.ok) return refused

  const before: Partial<Description> = {}
  const after: Partial<Description> = {}
  for (const field of FIELDS) {
    const value = intent[field]
    if (value === undefined || value === described[field]) continue
    before[field] = described[field]
    after[field] = value
  }
  // A repeat, such as one that completes a claim of the slug, makes no second revision.
  if (Object.keys(after).length === 0) {
    return ok({ applied: { revision, changed: [] }, entry: null, effects: [] })
  }
  return ok({
    applied: { revision: revision + 1, changed: [] },
    entry: createEntry('describe', { described: { before, after } }),
    effects: [{ kind: 'describe', described: { ...described, ...after } }],
  })
}

function checkSlug(present: string | null, wanted: string | null | undefined, isAdmin: boolean): Result<null> {
  if (wanted === undefined || present === null || wanted === present) return ok(null)
  return wanted === null && isAdmin ? ok(null) : refuse({ code: 'slug_set', slug: present })
}
