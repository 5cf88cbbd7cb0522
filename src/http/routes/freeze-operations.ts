/** The OpenAPI operations on freezes. Their schemas also validate the body and type the response of a freeze. */
import { applied } from '../../wire/change.ts'
import { freezeSpec, frozen } from '../../wire/safeguard.ts'
import { BODY_REFUSALS, STASH_WRITE, type Operation, WRITE_REFUSALS } from '../openapi/operation.ts'

export const FREEZE_OPERATIONS: Operation[] = [
  {
    method: 'put',
    path: '/stash/{stash}/freeze',
    id: 'freeze',
    summary:
      'Freeze the stash: changes are refused until the freeze ends, except from tokens that can break_glass and give a reason.',
    auth: 'token',
    parameters: [...STASH_WRITE, 'Idempotency-Key'],
    body: { schema: freezeSpec, required: false },
    response: frozen,
    refusals: [...WRITE_REFUSALS, ...BODY_REFUSALS, 'time_past', 'time_too_far'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/freeze',
    id: 'unfreeze',
    summary: 'End the freeze.',
    auth: 'token',
    parameters: [...STASH_WRITE, 'Idempotency-Key'],
    response: applied,
    refusals: [...WRITE_REFUSALS, 'not_frozen'],
  },
]
