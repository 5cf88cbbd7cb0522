/** Queries about held changes: the list, and the preview of a link. */
import { isExpired } from '../../model/decide/decide-held.ts'
import { toVisibleFreeze } from '../../model/decide/check-freeze.ts'
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
import { listKeyFreezes } from '../tables/key-freezes.ts'
import { flattenHeld, type FlatHeld } from '../tables/held-row.ts'
import { resolveLink } from '../write/resolve-held.ts'
import { toFreeze, getStash } from '../tables/stash-row.ts'
import { getRequester } from '../tables/tokens.ts'

export type HeldPage = {
  /** In the flat form that Workers of the version before read. `secret_hash` is always null here. */
  held: (FlatHeld & { madeBy: string })[]
  /** `after` of the next page; null on the last. */
  next: number | null
  /** The present freeze, with its reason, which only holders of a token may see. Absent in answers of older versions. */
  freeze?: Freeze | null
  /**
   * All present freezes, the one of the whole stash first. `reason` and `by` of a freeze of keys are null where the token does not
   * reach all of them. Absent in answers of older versions.
   */
  freezes?: { keys: string[] | null; until: number | null; reason: string | null; by: string | null }[]
}

/** A page ends after so many characters of changes, because an answer is one RPC message. */
const PAGE_MAX_CHARS = 4 * 1024 * 1024

/** The held changes all of whose keys the actor reaches, without secrets, lapses and thaws. */
export function listHeld(
  sql: SqlStorage,
  actor: TokenActor,
  { after, limit }: { after: number; limit: number },
  now: number,
): HeldPage {
  const page: HeldPage['held'] = []
  let size = 0
  let last = after
  const stored = toFreeze(getStash(sql))
  const freeze = isFrozen(stored, now) ? stored : null
  const freezes = [
    ...(freeze === null ? [] : [freeze]),
    ...listKeyFreezes(sql).filter((one) => isFrozen(one, now)),
  ].map((one: Freeze) => ({ keys: one.keys ?? null, ...toVisibleFreeze(one, actor) }))
  for (const { cursor, held } of iterateHeldAfter(sql, after)) {
    if (page.length === limit || size > PAGE_MAX_CHARS) return { held: page, next: last, freeze, freezes }
    last = cursor
    if (isInternal(held.kind) || isExpired(held, now) || !held.keys.every((key) => reaches(actor, key))) continue
    page.push({ ...flattenHeld(held), secret_hash: null, madeBy: getRequesterName(sql, held.madeBy, now) })
    size += JSON.stringify(held.change).length
  }
  return { held: page, next: null, freeze, freezes }
}

/** `getRequester` gives no label of a token that has ended, so its id is shown instead. */
function getRequesterName(sql: SqlStorage, madeBy: string | null, now: number): string {
  const requester = getRequester(sql, madeBy, now)
  return requester === null ? `${madeBy} (revoked)` : getActorLabel(requester)
}

export type LinkAnswer = {
  kind: 'link'
  profile: Profile
  /** The change that the link makes; for an approval, the change that is approved. */
  change: Edit
  approves: boolean
  preview: Preview
  /** The stash of the link. Absent in answers of older versions. */
  stash?: { name: string | null }
  /** Changes of the media type, by key. Null: the flag is absent on that side. */
  types?: { key: string; before: string | null; after: string | null }[]
  /** The maker of the link, and the requester of the change. */
  madeBy: string
  askedBy: string
  expiresAt: number
  reason: string | null
}

/** The preview of a link, for the person who decides whether to apply it. */
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

const isEdit = (change: Holdable): change is Edit =>
  change.kind !== 'approve' && change.kind !== 'thaw' && change.kind !== 'thaw_keys'
