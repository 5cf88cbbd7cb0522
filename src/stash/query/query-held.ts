/** Questions about held changes: all that wait, and what one link would do. */
import { isExpired } from '../../model/decide/decide-held.ts'
import { isFrozen, type Freeze } from '../../model/freeze.ts'
import { isInternal } from '../../model/held.ts'
import type { Credential, Edit, Holdable } from '../../model/intent.ts'
import { getActorLabel, reaches, type TokenActor } from '../../model/access/permit.ts'
import { createPlan, toPreview } from '../../model/decide/plan.ts'
import type { Preview } from '../../model/intent.ts'
import type { Profile } from '../../model/profile.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { gatherFacts } from '../write/gather-facts.ts'
import { findHeld, iterateHeldAfter } from '../tables/held.ts'
import { flattenHeld, type FlatHeld } from '../tables/held-row.ts'
import { resolveLink } from '../write/resolve-held.ts'
import { toFreeze, getStash } from '../tables/stash-row.ts'
import { getRequester } from '../tables/tokens.ts'

export type HeldPage = {
  /** Flat, as the version before has it. `secret_hash` is always null here. */
  held: (FlatHeld & { madeBy: string })[]
  /** What `after` must be for the next page; null on the last. */
  next: number | null
  /** What stands in the way of every change; its reason is for those who hold a token. Absent: the object is of a version before. */
  freeze?: Freeze | null
}

/** A page ends where its values have come to this: an answer crosses RPC in one piece. */
const PAGE_MAX_CHARS = 4 * 1024 * 1024

/** What waits and concerns the actor's keys, without secrets. */
export function listHeld(
  sql: SqlStorage,
  actor: TokenActor,
  { after, limit }: { after: number; limit: number },
  now: number,
): HeldPage {
  const page: HeldPage['held'] = []
  let size = 0
  let last = after
  const standing = toFreeze(getStash(sql))
  const freeze = isFrozen(standing, now) ? standing : null
  for (const { cursor, held } of iterateHeldAfter(sql, after)) {
    if (page.length === limit || size > PAGE_MAX_CHARS) return { held: page, next: last, freeze }
    last = cursor
    if (isInternal(held.kind) || isExpired(held, now) || !held.keys.every((key) => reaches(actor, key))) continue
    page.push({ ...flattenHeld(held), secret_hash: null, madeBy: getRequesterName(sql, held.madeBy, now) })
    size += JSON.stringify(held.change).length
  }
  return { held: page, next: null, freeze }
}

/** A token that is gone has no label any more; its id stands in history. */
function getRequesterName(sql: SqlStorage, madeBy: string | null, now: number): string {
  const maker = getRequester(sql, madeBy, now)
  return maker === null ? `${madeBy} (revoked)` : getActorLabel(maker)
}

export type LinkAnswer = {
  kind: 'link'
  profile: Profile
  /** What pressing it does: of an approval, what is approved. */
  change: Edit
  approves: boolean
  preview: Preview
  /** The stash that it is for. Absent: an object that still runs the version before does not say. */
  stash?: { name: string | null }
  /** Where the media type changes, by key; of a flag that is new or taken away, null on that side. */
  types?: { key: string; before: string | null; after: string | null }[]
  /** Who made the link, and who asked for the change. */
  madeBy: string
  askedBy: string
  expiresAt: number
  reason: string | null
}

/** What a link would do, for the person about to press the button. */
export function answerLink(sql: SqlStorage, credential: Credential, now: number): Result<LinkAnswer> {
  const released = resolveLink(sql, credential, now)
  if (!released.ok) return released
  const { held: link, actor } = released.value
  const approved = link.change.kind === 'approve' ? findHeld(sql, link.change.heldId) : null
  const { change, reason, madeBy } = approved ?? link
  if (!isEdit(change)) return refuse({ code: 'link_spent' })
  const stash = getStash(sql)
  const plan = createPlan(change, gatherFacts(sql, stash, { intent: change, actor }, now), now)
  return ok({
    kind: 'link',
    profile: stash.profile,
    change,
    approves: approved !== null,
    preview: toPreview(plan),
    stash: { name: stash.name },
    types: plan.items.flatMap(({ key, before, after }) =>
      before?.type === after?.type ? [] : [{ key, before: before?.type ?? null, after: after?.type ?? null }],
    ),
    madeBy: getActorLabel(actor),
    askedBy: approved === null ? getActorLabel(actor) : getRequesterName(sql, madeBy, now),
    expiresAt: link.expiresAt,
    reason,
  })
}

const isEdit = (change: Holdable): change is Edit => change.kind !== 'approve' && change.kind !== 'thaw'
