/** The rules of a modelled stash on who may approve, decline and cancel a held change. See `rules.ts`. */
import { parseDuration } from '../../../src/model/duration.ts'
import type { FlatHeld as Held } from '../../../src/stash/tables/held-row.ts'
import type { Ledger } from './ledger.ts'
import {
  getGuard,
  checkFreeze,
  isBlank,
  isOver,
  need,
  refuse,
  touches,
  type Actor,
  type ChangeRequest,
  type TokenRow,
  type Verdict,
} from './rules.ts'

const isInternal = ({ kind }: Held): boolean => kind === 'lapse' || kind === 'thaw'

const isSameLine = (a: Actor | null, b: Actor): boolean =>
  a !== null && typeof a !== 'string' && typeof b !== 'string' && a.line === b.line

/** Checks that the change waits for a second person, and that the approver may be that person. */
export function checkApproval(
  ledger: Ledger,
  heldId: string,
  approver: Actor,
  now: number,
): { held: Held; requester: TokenRow } {
  need(approver, 'approve', [])
  const held = ledger.held.get(heldId)
  if (held === undefined || isOver(held, now) || isInternal(held)) return refuse('held_not_found')
  if (held.keys.some((key) => !touches(approver, key))) return refuse('held_not_found')
  if (held.kind !== 'approval') return refuse('not_awaiting_approval')
  const requester = ledger.getRequester(held, now)
  if (requester === null || typeof requester === 'string') return refuse('requester_gone')
  if (typeof approver === 'string') return refuse('token_missing')
  if (requester.holder === approver.holder) return refuse('own_request')
  // The master token could have granted itself an approver after its request.
  if (requester.master && approver.granted > (held.asked ?? -1)) return refuse('granted_after_request')
  return { held, requester }
}

type Drop = { held: Held; requester: Actor | null; because: 'declined' | 'cancelled'; glass: Verdict['glass'] }

export function checkDrop(ledger: Ledger, heldId: string, request: ChangeRequest, now: number): Drop {
  const { actor } = request
  if (actor === 'anonymous') return refuse('token_missing')
  const held = ledger.held.get(heldId)
  if (held === undefined || isOver(held, now) || isInternal(held)) return refuse('held_not_found')
  const requester = ledger.getRequester(held, now)
  const own = isSameLine(requester, actor)
  if (!own && !held.keys.every((key) => touches(actor, key))) return refuse('held_not_found')
  const because = held.kind === 'approval' && !own ? 'declined' : 'cancelled'
  if (!own) need(actor, because === 'declined' ? 'approve' : 'write', held.keys)
  const glass = held.kind === 'revert' ? checkEnd(ledger, held, request, now) : null
  return { held, requester, because, glass }
}

/** Cancelling a revert makes a time-boxed change permanent, so every rule against a permanent change applies. */
function checkEnd(ledger: Ledger, held: Held, request: ChangeRequest, now: number): Verdict['glass'] {
  const glass = checkFreeze(ledger, request, held.keys, now)
  for (const key of held.keys) {
    const guard = getGuard(ledger, key)
    const boxed = guard?.max_for !== undefined && parseDuration(guard.max_for) !== null
    if (boxed && ledger.items.get(key)?.value !== guard.safe_value) refuse('time_box_required', key)
    if (guard?.reason_required === true && isBlank(request.reason)) refuse('reason_required', key)
    if (guard?.approvals === 1) refuse('approval_required', key)
  }
  return glass
}
