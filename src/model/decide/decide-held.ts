/** Decides about held changes: makes links, checks releases by links and second persons, and declines or cancels. */
import { checkFreeze } from './check-freeze.ts'
import { createEntry, type Decision } from './decision.ts'
import type { Detail } from '../entry.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { isUnsafe, getMaxForMs } from '../guard/guard.ts'
import type { BrokenGlass } from '../freeze.ts'
import { isInternal, type Held, type HeldApproval, type HeldLink, type HeldRevert } from '../held.ts'
import { hold } from './hold.ts'
import type { Intent } from '../intent.ts'
import { isMaster, isSameLineage, isSameHolder, getActorLabel, permits, reaches, type Actor } from '../access/permit.ts'
import { ok, refuse, type Refusal, type Result } from '../refusal.ts'
import { toTokenId } from '../access/token.ts'

/**
 * Checks that the requester may write the keys or approve the held change, and that there is room for one more held change. The
 * other safeguards follow on release, when the change is decided afresh.
 */
export function decideLink(
  request: ChangeRequest,
  intent: Extract<Intent, { kind: 'hold_for_link' | 'hold_approval_for_link' }>,
  facts: Facts,
  now: number,
): Result<Decision> {
  const { secretHash, expiresAt } = intent
  const secret = { id: toTokenId(secretHash), kind: 'link', secretHash } as const
  if (intent.kind === 'hold_for_link') {
    const keys =
      intent.change.kind === 'patch' ? intent.change.changes.map(({ key }) => key) : [intent.change.key ?? '']
    const allowed = checkAbility(request.actor, 'write', keys)
    if (!allowed.ok) return allowed
    return hold(request, facts, now, {
      ...secret,
      expiresAt,
      change: intent.change,
      keys,
      decision: intent.decision ?? null,
    })
  }
  const approvable = checkApproval(facts.held, facts.requester, request.actor, now)
  if (!approvable.ok) return approvable
  return hold(request, facts, now, {
    ...secret,
    expiresAt: Math.min(expiresAt, approvable.value.expiresAt),
    change: { kind: 'approve', heldId: intent.heldId },
    keys: approvable.value.keys,
    decision: null,
  })
}

/** A link that may be used, and its requester, on whose behalf its change is decided. */
export type ReleasableLink = { held: HeldLink; actor: Actor }

/**
 * Checks a link before it is used. Held changes that are due do not come here, but to `stash/write/release-due.ts`.
 *
 * @param held the link; null where no link has the secret: it was used or voided, or never made
 * @param requester the actor that made it, with its present permissions; null where its token is gone
 */
export function checkLink(held: HeldLink | null, requester: Actor | null, now: number): Result<ReleasableLink> {
  // All of these have one code, so that a caller who guesses secrets does not learn which links existed.
  if (held === null || requester === null || isExpired(held, now)) return refuse({ code: 'link_spent' })
  return ok({ held, actor: requester })
}

/**
 * Whether this held change waits for a second person, and `approver` may be that person.
 *
 * @param requester the actor that requested it, with its present permissions; null where its token is gone
 */
export function checkApproval(
  held: Held | null,
  requester: Actor | null,
  approver: Actor,
  now: number,
): Result<HeldApproval> {
  if (!permits(approver, 'approve')) return refuseAbility(approver, 'approve')
  // An approver who does not reach all keys of the held change must not learn that it exists.
  if (
    held === null ||
    isExpired(held, now) ||
    isInternal(held.kind) ||
    !held.keys.every((key) => reaches(approver, key))
  )
    return refuse({ code: 'held_not_found' })
  if (held.kind !== 'approval') return refuse({ code: 'not_awaiting_approval' })
  if (requester === null) return refuse({ code: 'requester_gone' })
  if (isSameHolder(requester, approver)) return refuse({ code: 'own_request' })
  // Otherwise one person with the master token could make a request, grant a second token, and approve with that.
  if (isMaster(requester) && !wasGrantedBefore(approver, held)) return refuse({ code: 'granted_after_request' })
  return ok(held)
}

/** Compares revisions, because two requests may have the same millisecond. Rows of older versions have times only. */
function wasGrantedBefore(approver: Actor, { asked, madeAt }: HeldApproval): boolean {
  if (approver.kind !== 'token') return false
  if (approver.granted === null) return asked !== null || approver.createdAt <= madeAt
  return asked !== null && approver.granted <= asked
}

/** The requester may withdraw a held change; an approver may decline an approval request, and a writer may cancel any other. */
export function decideDrop(request: ChangeRequest, facts: Facts, now: number): Result<Decision> {
  const { actor } = request
  const { held, requester } = facts
  if (actor.kind === 'anonymous') return refuse({ code: 'token_missing' })
  if (held === null || isExpired(held, now) || isInternal(held.kind)) return refuse({ code: 'held_not_found' })
  const own = requester !== null && isSameLineage(requester, actor)
  if (!own && !held.keys.every((key) => reaches(actor, key))) return refuse({ code: 'held_not_found' })
  const declines = held.kind === 'approval' && !own
  const ability = declines ? 'approve' : 'write'
  const allowed = own ? ok(null) : checkAbility(actor, ability, held.keys)
  if (!allowed.ok) return allowed
  const free = held.kind === 'revert' ? checkRevertDrop(request, held, facts, now) : ok(null)
  if (!free.ok) return free

  const because = declines ? 'declined' : 'cancelled'
  const detail = { ...toDroppedDetail(held, requester, because), ...(free.value && { brokeGlass: free.value }) }
  return ok({
    applied: { revision: facts.revision + 1, changed: [] },
    entry: createEntry('drop_held', detail),
    effects: [{ kind: 'drop', heldId: held.id }],
  })
}

/** Without its revert a time-boxed change is permanent, so the safeguards of a permanent change apply. */
function checkRevertDrop(
  request: ChangeRequest,
  held: HeldRevert,
  facts: Facts,
  now: number,
): Result<BrokenGlass | null> {
  const freezeOverride = checkFreeze(request, held.keys, false, facts, now)
  if (!freezeOverride.ok) return freezeOverride
  for (const key of held.keys) {
    const guard = facts.guards.get(key)?.guard
    if (guard === undefined) continue
    const maxFor = getMaxForMs(guard)
    if (maxFor !== null && isUnsafe(guard, facts.items.get(key)?.value ?? null)) {
      return refuse({
        code: 'time_box_required',
        key,
        max_for: guard.max_for ?? '',
        safe_value: guard.safe_value ?? '',
      })
    }
    if (guard.reason_required === true && (request.reason ?? '').trim() === '')
      return refuse({ code: 'reason_required', key })
    if (guard.approvals === 1) return refuse({ code: 'approval_required', key })
  }
  return freezeOverride
}

/** The detail of the log entry of a held change that was not applied. */
export function toDroppedDetail(
  held: Held,
  requester: Actor | null,
  because: NonNullable<Detail['dropped']>['because'],
  refusal?: Refusal,
): Detail {
  const { id, kind, keys, reason, change } = held
  const madeBy = requester === null ? (held.madeBy ?? 'stash') : getActorLabel(requester)
  return {
    dropped: { id, kind, keys, reason, does: change.kind, madeBy, because, ...(refusal && { refusal: refusal.code }) },
  }
}

export const isExpired = (held: Held, now: number): boolean => 'expiresAt' in held && held.expiresAt <= now

function checkAbility(actor: Actor, ability: 'write' | 'approve', keys: string[]): Result<null> {
  if (!permits(actor, ability)) return refuseAbility(actor, ability)
  const beyond = keys.find((key) => !permits(actor, ability, key))
  return beyond === undefined ? ok(null) : refuse({ code: 'not_permitted', needs: ability, key: beyond })
}

const refuseAbility = (actor: Actor, needs: string) =>
  refuse(actor.kind === 'anonymous' ? { code: 'token_missing' } : { code: 'not_permitted', needs })
