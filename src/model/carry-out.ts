/**
 * What an edit that every safeguard let through comes to: the revision, its entry in the log, and what is held or dropped
 * along with it. Nothing here refuses for who asks; two things that cannot be done are found out only now.
 */
import type { Decision, Effect } from './decision.ts'
import type { Detail, EntryKind } from './entry.ts'
import type { Facts, Motion } from './facts.ts'
import { checkRoom } from './hold.ts'
import type { Edit } from './intent.ts'
import type { Held } from './held.ts'
import { bytesOf } from './item.ts'
import { LIMITED_SHARE, reachesAll } from './permit.ts'
import { keysIn, type ItemChange, type Plan } from './plan.ts'
import { WRENDB_ITEM_LIFETIME_MS } from './profile.ts'
import { ok, refuse, type Result } from './refusal.ts'
import { cancelReverts, detailOfReverts, endOf, REVERTS_MAX, revertOf } from './time-box.ts'

export function carryOut(
  motion: Motion,
  intent: Edit,
  plan: Plan,
  brokeGlass: Detail['brokeGlass'] | null | undefined,
  facts: Facts,
  now: number,
): Result<Decision> {
  // Taking away what is not there changes nothing, and makes no revision.
  const items = plan.items.filter(({ before, after }) => before !== null || after !== null)
  const guards = plan.guards.filter(({ before, after }) => before !== null || after !== null)
  const changed = [...new Set(keysIn({ items, guards }))]
  const cancelled = cancelReverts(plan.items, motion.release, facts)
  if (changed.length === 0 && cancelled.effects.length === 0) {
    return ok({ applied: { revision: facts.revision, changed }, entry: null, effects: [] })
  }

  if (guards.length > 0 && 'forMs' in intent && intent.forMs !== undefined) {
    const expected = 'nothing where guards change: they are there to stay'
    return refuse({ code: 'invalid_query', parameter: 'for', expected })
  }
  const revision = facts.revision + 1
  // What is away for a time, and is taken away for another, comes back in the end. Where nothing comes back to a key that is
  // away, nothing ends: that would be no revision, and watchers would never hear of it.
  const boxed = plan.items.filter(
    (change) =>
      (change.before !== null || change.after !== null || facts.reverts.has(change.key)) &&
      (change.after !== null || endOf(change, facts).value !== null),
  )
  const isBoxed = 'forMs' in intent && intent.forMs !== undefined && boxed.length > 0
  const reverts = isBoxed ? revertOf(boxed, intent.forMs ?? 0, motion, facts, now) : null
  const room = reverts === null ? ok(null) : checkTimeBox(reverts, cancelled.freed, motion, facts)
  if (!room.ok) return room
  const detail: Detail = {
    ...approvalOf(motion),
    ...(brokeGlass && { brokeGlass }),
    ...(cancelled.ended.length > 0 && { cancelled: cancelled.ended }),
    ...(cancelled.shortened.length > 0 && { shortened: cancelled.shortened }),
    ...(motion.release?.kind === 'link' && { via: 'link' as const }),
    ...(!isBlank(motion.pressedReason) && { pressedReason: motion.pressedReason ?? '' }),
    ...(reverts && { revertsAt: reverts.due_at ?? 0 }),
    ...detailOfReverts(items, plan.items, reverts, facts),
    ...(motion.release?.kind === 'revert' && { ends: motion.release.ends ?? 0 }),
    ...(motion.release?.kind === 'revert' && motion.release.set_by && { setBy: motion.release.set_by }),
    ...(intent.kind === 'undo' && { undoes: intent.revision }),
  }
  return ok({
    applied: {
      revision,
      changed,
      ...(reverts && { reverts: { heldId: reverts.id, at: reverts.due_at ?? 0 } }),
    },
    entry: {
      kind: kindOf(motion, intent),
      items,
      guards,
      detail: Object.keys(detail).length === 0 ? null : detail,
    },
    effects: [
      ...cancelled.effects,
      ...(reverts ? [{ kind: 'hold' as const, held: reverts }] : []),
      ...(facts.profile === 'wrendb' ? items.map((change) => lapseOf(change, now)) : []),
    ],
  })
}

/** What goes back is held, and lies in every copy of the stash. */
function checkTimeBox({ change, keys }: Held, freed: number, { actor }: Motion, facts: Facts): Result<null> {
  const room = checkRoom(change, facts)
  if (!room.ok) return room
  const limited = actor.kind === 'token' && !reachesAll(actor)
  const share = limited ? LIMITED_SHARE : 1
  const [limit, limit_bytes] = [Math.floor(REVERTS_MAX.keys * share), Math.floor(REVERTS_MAX.bytes * share)]
  const count = facts.revertCount + keys.filter((key) => !facts.reverts.has(key)).length
  const bytes = facts.revertBytes - freed + bytesOf(JSON.stringify(change))
  if (count <= limit && bytes <= limit_bytes) return ok(null)
  return refuse({ code: 'time_boxes_too_large', limit, limit_bytes, ...(limited && { share: true as const }) })
}

const kindOf = ({ release }: Motion, { kind }: Edit): EntryKind => (release?.kind === 'revert' ? 'revert' : kind)

const isBlank = (text: string | null | undefined): boolean => (text ?? '').trim() === ''

function approvalOf({ approver, approverReason = null, release }: Motion): Pick<Detail, 'approvedBy'> {
  if (approver !== null) {
    const { id, label } = approver
    return { approvedBy: { id, label, ...(approverReason !== null && { reason: approverReason }) } }
  }
  return release?.approved_by ? { approvedBy: release.approved_by } : {}
}

/** In the WrenDB profile each write (re)starts its item's lifetime: a delete, held until the item is too old. */
function lapseOf({ key, after }: ItemChange, now: number): Effect {
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
      made_by: null,
      made_at: now,
      secret_hash: null,
      expires_at: null,
      due_at: now + WRENDB_ITEM_LIFETIME_MS,
      decision: null,
      ends: null,
      approved_by: null,
      broke_glass: null,
    },
  }
}
