/**
 * Decides a change of items or guards. The order is fixed, and each step may refuse:
 *
 *   credential → freeze → precondition → guard → time-box → limits → approval
 *
 * Limits come before the approval, so that no person is asked to approve an impossible change. The credential comes first, so
 * that a caller who may not write does not learn the current version. The stash's own changes (the end of a time-box, a
 * lapse) were decided when they were set up: only limits can stop them, and the absence of an item that is to lapse. An edit
 * that passes goes on in `to-decision.ts`.
 */
import { toDecision } from './to-decision.ts'
import type { Decision, Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { BrokenGlass } from '../freeze.ts'
import { APPROVAL_LIFETIME_MS, type Held } from '../held.ts'
import { checkFreeze } from './check-freeze.ts'
import { checkGuards, needsApproval, getReason } from './check-guards.ts'
import { hold } from './hold.ts'
import type { Edit, Intent } from '../intent.ts'
import type { Ability } from '../access/ability.ts'
import { isMaster, permits, reaches, type Actor, type Person } from '../access/permit.ts'
import { getPlanKeys, createPlan, getAffectedKeys, type Plan } from './plan.ts'
import { isSatisfied } from './precondition.ts'
import { ok, refuse, type Refusal, type Result } from '../refusal.ts'
import { checkLimits } from './check-limits.ts'
import { checkTiming } from './check-timing.ts'

export function decideEdit(request: ChangeRequest, intent: Edit, facts: Facts, now: number): Result<Decision> {
  const plan = createPlan(intent, facts, now)
  const wasDecidedBefore = request.actor.kind === 'system'

  const allowed = checkPermission(request.actor, intent, plan, facts)
  if (!allowed.ok) return allowed
  const approvable = checkApprover(request.approver, plan)
  if (!approvable.ok) return approvable
  // During a freeze, a change may be scheduled for a time after it.
  const happensAt = Math.max(now, intent.at ?? now)
  const replacesAll = intent.kind === 'import' && intent.replace
  const freezeOverride = wasDecidedBefore
    ? ok(null)
    : checkFreeze(request, getPlanKeys(plan), replacesAll, facts, happensAt)
  if (!freezeOverride.ok) return freezeOverride
  const current = checkPreconditions(intent, plan, facts)
  if (!current.ok) return current
  if (!wasDecidedBefore) {
    const fits = checkGuards(intent, plan, getReason(request), facts)
    if (!fits.ok) return fits
    const timely = checkTiming(intent, request.release, now)
    if (!timely.ok) return timely
  }

  // The room that is left is for changes that were decided before, above all the ends of time-boxes. Pruning may make room before
  // the caller tries again.
  if (facts.storageFull && !wasDecidedBefore) return refuse({ code: 'storage_full', retry_after_s: STORAGE_RETRY_S })
  const fitting = checkLimits(plan, facts, request)
  if (!fitting.ok) return fitting

  const held = wasDecidedBefore ? null : holdForApprovalOrTime(request, intent, plan, freezeOverride.value, facts, now)
  const decision = held ?? toDecision(request, intent, plan, freezeOverride.value, facts, now)
  return decision.ok ? ok({ ...decision.value, effects: [...voidLinks(request), ...decision.value.effects] }) : decision
}

export function decideDeleteStash(
  request: ChangeRequest,
  intent: Extract<Intent, { kind: 'delete_stash' }>,
  facts: Facts,
  now: number,
): Result<Decision> {
  if (!isMaster(request.actor) && request.actor.kind !== 'admin')
    return refuse({ code: 'not_permitted', needs: 'master' })
  const freezeOverride = checkFreeze(request, [], true, facts, now)
  if (!freezeOverride.ok) return freezeOverride
  if (!isSatisfied(intent.condition ?? {}, facts.revision)) {
    return refuse({ code: 'version_conflict', current: facts.revision, of: 'stash' })
  }
  const revision = facts.revision + 1
  return ok({ applied: { revision, changed: [] }, entry: null, effects: [{ kind: 'mark_deleted' }] })
}

function checkPermission(actor: Actor, intent: Edit, { items, guards }: Plan, facts: Facts): Result<null> {
  if (actor.kind === 'anonymous') return checkAnonymous(intent, facts)
  const first: Ability = intent.kind === 'set_guard' || intent.kind === 'remove_guard' ? 'guard' : 'write'
  if (!permits(actor, first)) return refuse({ code: 'not_permitted', needs: first })
  // This is checked after the ability, because only writers may learn whether history has the revision.
  if (intent.kind === 'undo' && facts.undoing === null) {
    return refuse({ code: 'revision_not_found', revision: intent.revision })
  }
  // An import needs the ability for every key that it names. Unchanged ones count: otherwise the answer would disclose values.
  const named = intent.kind === 'import' ? intent : { items: [], guards: [] }
  const needs = [
    ...named.items.map(({ key }) => ({ ability: 'write' as const, key })),
    ...named.guards.map(({ key }) => ({ ability: 'guard' as const, key })),
    ...items.map(({ key }) => ({ ability: 'write' as const, key })),
    ...guards.map(({ key }) => ({ ability: 'guard' as const, key })),
  ]
  const beyond = needs.find(({ ability, key }) => !permits(actor, ability, key))
  if (beyond === undefined) return ok(null)
  // The caller did not name the keys of an undo, so a key beyond their reach must not be disclosed.
  const key = intent.kind === 'undo' && !reaches(actor, beyond.key) ? '*' : beyond.key
  return refuse({ code: 'not_permitted', needs: beyond.ability, key })
}

/** The edit may change more keys by now than at its request: the second person must be allowed to approve these as well. */
function checkApprover(approver: ChangeRequest['approver'], plan: Plan): Result<null> {
  const beyond = approver === null ? undefined : getPlanKeys(plan).find((key) => !permits(approver, 'approve', key))
  return beyond === undefined ? ok(null) : refuse({ code: 'not_permitted', needs: 'approve', key: beyond })
}

/** The WrenDB profile lets anyone create a key. Overwriting one without a token is refused in every profile. */
function checkAnonymous(intent: Edit, facts: Facts): Result<null> {
  if (facts.profile !== 'wrendb' || intent.kind !== 'put') return refuse({ code: 'token_missing' })
  const existing = facts.items.get(intent.key ?? facts.newKey)
  if (existing !== undefined) return refuse({ code: 'item_exists', key: existing.key, current: existing.version })
  // A time-box has deleted the item for now, and its revert will restore it, so the key counts as taken.
  const away = facts.reverts.get(intent.key ?? facts.newKey)
  return away === undefined ? ok(null) : refuse({ code: 'item_exists', key: intent.key ?? '', current: away.ends })
}

/**
 * Checks If-Match and If-None-Match, then the requirements of the operation itself: an item to delete, a guard to remove, and
 * for an undo no later changes.
 */
function checkPreconditions(intent: Edit, plan: Plan, facts: Facts): Result<null> {
  const { current, of } = getCurrentVersion(intent, plan, facts)
  if (!isSatisfied(intent.condition ?? {}, current)) return refuse({ code: 'version_conflict', current, of })
  // A key that is absent within a time-box can be deleted for good.
  const isAway = intent.kind === 'delete' && facts.reverts.has(intent.key)
  if (intent.kind === 'delete' && current === null && !isAway)
    return refuse({ code: 'item_not_found', key: intent.key })
  if (intent.kind === 'remove_guard' && current === null) return refuse({ code: 'guard_not_found', key: intent.key })
  return intent.kind === 'undo' ? checkLaterChanges(intent.revision, facts) : ok(null)
}

type CurrentVersion = Pick<Extract<Refusal, { code: 'version_conflict' }>, 'current' | 'of'>

/** A change of several items or guards has its condition on the stash's revision. */
function getCurrentVersion(intent: Edit, { items, guards }: Plan, { revision }: Facts): CurrentVersion {
  switch (intent.kind) {
    case 'put':
    case 'delete':
      return { current: items[0]?.before?.version ?? null, of: 'item' }
    case 'set_guard':
    case 'remove_guard':
      return { current: guards[0]?.before?.version ?? null, of: 'guard' }
    case 'patch':
    case 'undo':
    case 'import':
      return { current: revision, of: 'stash' }
  }
}

/** An undo that would revert a later change as well is refused, also where that change left the same value. */
function checkLaterChanges(revision: number, { undoing }: Facts): Result<null> {
  if (undoing === null || undoing.length === 0) return refuse({ code: 'nothing_to_undo', revision })
  const later = undoing.filter(({ lastChanged }) => lastChanged !== revision)
  if (later.length === 0) return ok(null)
  return refuse({
    code: 'later_changes',
    revision,
    by: later.slice(0, 20).map(({ key, lastChanged }) => ({ key, revision: lastChanged })),
  })
}

const STORAGE_RETRY_S = 60

/** Approval comes before the schedule, so that an approved change is applied at its time without another approval. */
function holdForApprovalOrTime(
  request: ChangeRequest,
  intent: Edit,
  plan: Plan,
  brokeGlass: BrokenGlass | null,
  facts: Facts,
  now: number,
): Result<Decision> | null {
  const at = intent.at !== undefined && intent.at > now ? intent.at : null
  const keys = getAffectedKeys(intent, plan)
  if (needsApproval(plan, approvedKeys(request, getPlanKeys(plan)), facts)) {
    // An approval after the scheduled time would be too late.
    const expiresAt = Math.min(now + APPROVAL_LIFETIME_MS, at ?? Infinity)
    // Where the scheduled time has passed, the change must not wait for it again after the approval.
    const { at: _past, ...change } = intent
    const terms = { kind: 'approval' as const, keys, expiresAt, dueAt: expiresAt, brokeGlass }
    return hold(request, facts, now, { ...terms, change: at === null ? change : intent })
  }
  if (at === null) return null
  const approver = request.approver ?? getApprover(request.release)
  const approvedBy = approver && { id: approver.id, label: approver.label }
  return hold(request, facts, now, { kind: 'schedule', change: intent, keys, dueAt: at, approvedBy, brokeGlass })
}

/** The keys that are approved: for a schedule, the keys that it had when it was approved. */
function approvedKeys({ approver, release }: ChangeRequest, keys: string[]): string[] {
  if (approver !== null) return keys
  return release !== null && getApprover(release) !== null ? release.keys : []
}

const getApprover = (release: Held | null): Person | null => (release?.kind === 'schedule' ? release.approvedBy : null)

/** The first link of a decision to be used voids the others, as far as its maker reaches their keys. */
function voidLinks({ release, actor }: ChangeRequest): Effect[] {
  const decision = release?.kind === 'link' ? release.decision : null
  return decision === null || actor.kind !== 'token' ? [] : [{ kind: 'drop_decision', decision, by: actor }]
}
