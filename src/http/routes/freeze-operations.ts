/** The OpenAPI operations on freezes. Their schemas also validate the body and type the response of a freeze. */
import { freezeSpec, frozen, unfrozen } from '../../wire/safeguard.ts'
import { BODY_REFUSALS, STASH_WRITE, type Operation, WRITE_REFUSALS } from '../openapi/operation.ts'

export const FREEZE_OPERATIONS: Operation[] = [
  {
    method: 'put',
    path: '/stash/{stash}/freeze',
    id: 'freeze',
    summary:
      'Freeze the stash, or only some keys: changes are refused until the freeze ends, except from tokens that can break_glass and give a reason.',
    auth: 'token',
    parameters: [...STASH_WRITE, 'Idempotency-Key'],
    body: { schema: freezeSpec, required: false },
    response: frozen,
    refusals: [...WRITE_REFUSALS, ...BODY_REFUSALS, 'time_past', 'time_too_far', 'too_many_freezes'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/freeze',
    id: 'unfreeze',
    summary: 'End the freeze of every key; with `keys`, the freeze that has exactly these patterns.',
    auth: 'token',
    parameters: ['keys', ...STASH_WRITE, 'Idempotency-Key'],
    response: unfrozen,
    refusals: [...WRITE_REFUSALS, 'not_frozen'],
  },
]
