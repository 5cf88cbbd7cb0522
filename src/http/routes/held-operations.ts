/** The OpenAPI operations on held changes. Most of their schemas also type the responses. */
import type { RefusalCode } from '../../model/refusal.ts'
import { applied } from '../../wire/change.ts'
import { link } from '../../wire/link.ts'
import { changeApplied, heldList } from '../../wire/safeguard.ts'
import {
  QUERY_REFUSALS,
  STASH_WRITE,
  EDIT_REFUSALS,
  type Operation,
  WRITE,
  WRITE_REFUSALS,
} from '../openapi/operation.ts'

const APPROVAL_REFUSALS: RefusalCode[] = [
  'held_not_found',
  'not_awaiting_approval',
  'own_request',
  'granted_after_request',
  'requester_gone',
]

export const HELD_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/held',
    id: 'listHeld',
    summary: 'The held changes: each waits for a time, a second person or its link.',
    auth: 'token',
    parameters: ['after', 'limit'],
    response: heldList,
    refusals: QUERY_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/held/{held}/approve',
    id: 'approve',
    summary: 'Approve a held change: it is decided afresh and applied. The requester cannot approve their own change.',
    auth: 'token',
    parameters: WRITE,
    response: changeApplied,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...APPROVAL_REFUSALS,
      'value_too_large',
      'too_many_items',
      'stash_too_large',
      'item_not_found',
      'later_changes',
      'revision_not_found',
      'guard_unmet',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
    ],
  },
  {
    method: 'post',
    path: '/stash/{stash}/held/{held}/presign',
    id: 'presignApproval',
    summary: 'Make a one-time link that approves, for a person without a token.',
    auth: 'token',
    parameters: STASH_WRITE,
    response: link,
    refusals: [...WRITE_REFUSALS, ...APPROVAL_REFUSALS, 'too_many_held'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/held/{held}',
    id: 'dropHeld',
    summary: 'Decline or cancel a held change. Cancelling a revert makes its time-boxed value permanent.',
    auth: 'token',
    parameters: WRITE,
    response: applied,
    refusals: [
      ...WRITE_REFUSALS,
      'held_not_found',
      'frozen',
      'reason_required',
      'time_box_required',
      'approval_required',
    ],
  },
]
