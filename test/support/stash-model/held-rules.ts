/** Who may approve, decline and cancel what waits in a modelled stash. See `rules.ts`. */
import { parseDuration } from '../../../src/model/duration.ts'
import type { Held } from '../../../src/model/held.ts'
import type { Books } from './books.ts'
import {
  guardOf,
  heedFreeze,
  isBlank,
  isOver,
  need,
  refuse,
  touches,
  type Actor,
  type Motion,
  type TokenRow,
  type Verdict,
} from './rules.ts'

const isHousekeeping = ({ kind }: Held): boolean => kind === 'lapse' || kind === 'thaw'

const isSameHand = (a: Actor | null, b: Actor): boolean =>
  a !== null && typeof a !== 'string' && typeof b !== 'string' && a.line === b.line

/** Waits for a second person, and this is one. */
export function heedApproval(
  books: Books,
  heldId: string,
  approver: Actor,
  now: number,
): { held: Held; maker: TokenRow } {
  need(approver, 'approve', [])
  const held = books.held.get(heldId)
  if (held === undefined || isOver(held, now) || isHousekeeping(held)) return refuse('held_not_found')
  if (held.keys.some((key) => !touches(approver, key))) return refuse('held_not_found')
  if (held.kind !== 'approval') return refuse('not_awaiting_approval')
  const maker = books.makerOf(held, now)
  if (maker === null || typeof maker === 'string') return refuse('requester_gone')
  if (typeof approver === 'string') return refuse('token_missing')
  if (maker.holder === approver.holder) return refuse('own_request')
  // The master could have made it after it had asked.
  if (maker.master && approver.granted > (held.asked ?? -1)) return refuse('granted_after_request')
  return { held, maker }
}

type Drop = { held: Held; maker: Actor | null; because: 'declined' | 'cancelled'; glass: Verdict['glass'] }

export function heedDrop(books: Books, heldId: string, request: Motion, now: number): Drop {
  const { actor } = request
  if (actor === 'nobody') return refuse('token_missing')
  const held = books.held.get(heldId)
  if (held === undefined || isOver(held, now) || isHousekeeping(held)) return refuse('held_not_found')
  const maker = books.makerOf(held, now)
  const own = isSameHand(maker, actor)
  if (!own && !held.keys.every((key) => touches(actor, key))) return refuse('held_not_found')
  const because = held.kind === 'approval' && !own ? 'declined' : 'cancelled'
  if (!own) need(actor, because === 'declined' ? 'approve' : 'write', held.keys)
  const glass = held.kind === 'revert' ? heedEnd(books, held, request, now) : null
  return { held, maker, because, glass }
}

/** Without its end a time-boxed change is one for good: what forbids that forbids this. */
function heedEnd(books: Books, held: Held, request: Motion, now: number): Verdict['glass'] {
  const glass = heedFreeze(books, request, held.keys, now)
  for (const key of held.keys) {
    const guard = guardOf(books, key)
    const boxed = guard?.max_for !== undefined && parseDuration(guard.max_for) !== null
    if (boxed && books.items.get(key)?.value !== guard.safe_value) refuse('time_box_required', key)
    if (guard?.reason_required === true && isBlank(request.reason)) refuse('reason_required', key)
    if (guard?.approvals === 1) refuse('approval_required', key)
  }
  return glass
}
