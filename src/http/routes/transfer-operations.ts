/** The OpenAPI operations on export and import. Their schemas also validate the body of an import and type the responses. */
import { exported, importSpec, imported } from '../../wire/history.ts'
import { QUERY_REFUSALS, BODY_REFUSALS, EDIT, EDIT_REFUSALS, type Operation } from '../openapi/operation.ts'

export const TRANSFER_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/export',
    id: 'exportStash',
    summary: 'Export items and guards as a file, without secrets.',
    auth: 'token',
    response: exported,
    refusals: QUERY_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/import',
    id: 'importStash',
    summary:
      'Import an exported file in one revision, all or nothing. Items and guards that it does not name stay, unless replace=1.',
    auth: 'token',
    parameters: ['replace', ...EDIT],
    body: { schema: importSpec, required: true },
    response: imported,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      ...BODY_REFUSALS,
      'guard_unmet',
      'value_too_large',
      'too_many_items',
      'too_many_guards',
      'guards_too_large',
      'change_too_costly',
      'stash_too_large',
    ],
  },
]
