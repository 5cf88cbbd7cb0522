/** The OpenAPI operations on history and undo. Their schemas also validate the body of an undo and type the responses. */
import { history, undoSpec, verified } from '../../wire/history.ts'
import { changeApplied } from '../../wire/safeguard.ts'
import { QUERY_REFUSALS, BODY_REFUSALS, EDIT, EDIT_REFUSALS, type Operation } from '../openapi/operation.ts'

export const HISTORY_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/history',
    id: 'readHistory',
    summary: 'Who changed what, when and why; newest first. A token for some keys sees only their entries.',
    auth: 'token',
    parameters: ['key', 'before', 'limit'],
    response: history,
    refusals: [...QUERY_REFUSALS, 'invalid_key'],
  },
  {
    method: 'get',
    path: '/stash/{stash}/history/verify',
    id: 'verifyHistory',
    summary: 'Verify the hash chain of the history, and that the present values follow from it.',
    auth: 'token',
    response: verified,
    refusals: QUERY_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/undo',
    id: 'undo',
    summary: 'Undo a whole revision with a new one. Refused if later changes touch the same keys.',
    auth: 'token',
    parameters: EDIT,
    body: { schema: undoSpec, required: true },
    response: changeApplied,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...BODY_REFUSALS,
      'revision_not_found',
      'later_changes',
      'nothing_to_undo',
      'guard_unmet',
      'too_many_items',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
      'stash_too_large',
    ],
  },
]
