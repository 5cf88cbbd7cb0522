/** The OpenAPI operations on guards. Their schemas also validate the body and type the responses. */
import { guardApplied, guardFacts, guardList, guardSpec } from '../../wire/safeguard.ts'
import { QUERY_REFUSALS, BODY_REFUSALS, type Operation, WRITE, WRITE_REFUSALS } from '../openapi/operation.ts'

export const GUARD_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/guards',
    id: 'listGuards',
    summary: 'The guards of the keys that the token is for.',
    auth: 'token',
    response: guardList,
    refusals: QUERY_REFUSALS,
  },
  {
    method: 'get',
    path: '/stash/{stash}/guards/{key}',
    id: 'readGuard',
    summary: 'The guard of a key.',
    auth: 'token',
    response: guardFacts,
    refusals: [...QUERY_REFUSALS, 'invalid_key', 'guard_not_found'],
  },
  {
    method: 'put',
    path: '/stash/{stash}/guards/{key}',
    id: 'setGuard',
    summary:
      'Set the rule for the values of a key, and what a change of it requires. Refused if the present value does not fit.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: guardSpec, required: true },
    response: guardApplied,
    refusals: [
      ...WRITE_REFUSALS,
      ...BODY_REFUSALS,
      'invalid_key',
      'frozen',
      'guard_unmet',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
    ],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/guards/{key}',
    id: 'removeGuard',
    summary: 'Remove a guard.',
    auth: 'token',
    parameters: WRITE,
    response: guardApplied,
    refusals: [...WRITE_REFUSALS, 'invalid_key', 'frozen', 'guard_not_found'],
  },
]
