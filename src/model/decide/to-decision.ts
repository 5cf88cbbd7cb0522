/**
 * Turns an edit that has passed every safeguard into a decision: the revision, the log entry, and the held changes that it
 * makes or drops. Two refusals are left to this point: a time-box of guards, and one for which there is no room.
 */
import type { Decision, Effect } from './decision.ts'
import type { Detail, EntryKind } from '../entry.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { checkRoom } from './hold.ts'
import type { Edit } from '../intent.ts'
import type { BrokenGlass } from '../freeze.ts'
import type { HeldRevert } from '../held.ts'
import { countBytes } from '../item.ts'
import { LIMITED_SHARE, reachesAll } from '../access/permit.ts'
import { getPlanKeys, type ItemChange, type Plan } from './plan.ts'
import { WRENDB_ITEM_LIFETIME_MS } from '../profile.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { cancelReverts, toRevertDetail, getRevertValue, REVERTS_MAX, createRevert } from '../time-box.ts'

export function toDecision(
  request: ChangeRequest,
  intent: Edit,
  plan: Plan,
  brokeGlass: BrokenGlass | null,
  facts: Facts,
  now: number,
): Result<Decision> {
  const { release } = request
  // A delete of an absent key changes no item. It makes a revision only where it ends or moves a time-box of the key.
  const items = plan.items.filter(({ before, after }) => before !== null || after !== null)
  const guards = plan.guards.filter(({ before, after }) => before !== null || after !== null)
  const changed = [...new Set(getPlanKeys({ items, guards }))]
  const cancelled = cancelReverts(plan.items, request.release, facts)
  if (changed.length === 0 && cancelled.effects.length === 0) {
    return ok({ applied: { revision: facts.revision, changed }, entry: null, effects: [] })
  }

  if (guards.length > 0 && intent.forMs !== undefined) {
    const expected = 'nothing where guards change: they are there to stay'
    return refuse({ code: 'invalid_query', parameter: 'for', expected })
  }
  const revision = facts.revision + 1
  // A time-boxed delete of a key that is absent within a time-box moves the end of that one. A delete of a key that has no value
  // to put back gets no revert: its release would make no revision, so watchers would get no event.
  const boxed = plan.items.filter(
    (change) =>
      (change.before !== null || change.after !== null || facts.reverts.has(change.key)) &&
      (change.after !== null || getRevertValue(change, facts).value !== null),
  )
  const { forMs } = intent
  const reverts = forMs !== undefined && boxed.length > 0 ? createRevert(boxed, forMs, request, facts, now) : null
  const room = reverts === null ? ok(null) : checkTimeBox(reverts, cancelled.freed, request, facts)
  if (!room.ok) return room
  const detail: Detail = {
    ...getApproval(request),
    ...(brokeGlass && { brokeGlass }),
    ...(cancelled.ended.length > 0 && { cancelled: cancelled.ended }),
    ...(cancelled.shortened.length > 0 && { shortened: cancelled.shortened }),
    ...(release?.kind === 'link' && { via: 'link' as const }),
    ...(!isBlank(request.pressedReason) && { pressedReason: request.pressedReason ?? '' }),
    ...(reverts && { revertsAt: reverts.dueAt }),
    ...toRevertDetail(items, plan.items, reverts, facts),
    ...(release?.kind === 'revert' && { ends: release.ends, ...(release.setBy && { setBy: release.setBy }) }),
    ...(intent.kind === 'undo' && { undoes: intent.revision }),
  }
  return ok({
    applied: {
      revision,
      changed,
      ...(reverts && { reverts: { heldId: reverts.id, at: reverts.dueAt } }),
    },
    entry: {
      kind: getEntryKind(request, intent),
      items,
      guards,
      detail: Object.keys(detail).length === 0 ? null : detail,
    },
    effects: [
      ...cancelled.effects,
      ...(reverts ? [{ kind: 'hold' as const, held: reverts }] : []),
      ...(facts.profile === 'wrendb' ? items.map((change) => createLapse(change, now)) : []),
    ],
  })
}

/** Checks the limits for reverts: they are held changes, and every copy of the stash has their values. */
function checkTimeBox(
  { change, keys }: HeldRevert,
  freed: number,
  { actor }: ChangeRequest,
  facts: Facts,
): Result<null> {
  const room = checkRoom(change, facts)
  if (!room.ok) return room
  const limited = actor.kind === 'token' && !reachesAll(actor)
  const share = limited ? LIMITED_SHARE : 1
  const [limit, limit_bytes] = [Math.floor(REVERTS_MAX.keys * share), Math.floor(REVERTS_MAX.bytes * share)]
  const count = facts.revertCount + keys.filter((key) => !facts.reverts.has(key)).length
  const bytes = facts.revertBytes - freed + countBytes(JSON.stringify(change))
  if (count <= limit && bytes <= limit_bytes) return ok(null)
  return refuse({ code: 'time_boxes_too_large', limit, limit_bytes, ...(limited && { share: true as const }) })
}

const getEntryKind = ({ release }: ChangeRequest, { kind }: Edit): EntryKind =>
  release?.kind === 'revert' ? 'revert' : kind

const isBlank = (text: string | null | undefined): boolean => (text ?? '').trim() === ''

function getApproval({ approver, approverReason = null, release }: ChangeRequest): Pick<Detail, 'approvedBy'> {
  if (approver !== null) {
    const { id, label } = approver
    return { approvedBy: { id, label, ...(approverReason !== null && { reason: approverReason }) } }
  }
  return release?.kind === 'schedule' && release.approvedBy ? { approvedBy: release.approvedBy } : {}
}

/** In the WrenDB profile each write restarts the lifetime of its item: a delete is held until the lifetime ends. */
function createLapse({ key, after }: ItemChange, now: number): Effect {
  const id = `lapse:${key}`
  if (after === null) return { kind: 'drop', heldId: id }
  return {
    kind: 'hold',
    held: {
      id,
      kind: 'lapse',
      change: { kind: 'delete', key },
      keys: [key],
      reason: 'not written for 30 days',
      madeBy: null,
      madeAt: now,
      dueAt: now + WRENDB_ITEM_LIFETIME_MS,
    },
  }
}
