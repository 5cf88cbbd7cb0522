/** The OpenAPI operations on flags. Their schemas also validate the body of the patch and type the responses. */
import { patchApplied } from '../../wire/change.ts'
import { flags, flagsPatch, flagsWithMeta } from '../../wire/flag.ts'
import { EDIT, EDIT_REFUSALS, type Operation, READ, READ_REFUSALS } from '../openapi/operation.ts'

export const FLAG_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/flags',
    id: 'readFlags',
    summary: 'Every flag at one revision, or only the flags that `keys` names.',
    auth: 'none',
    parameters: ['keys', 'meta', ...READ],
    response: [flags, flagsWithMeta],
    refusals: READ_REFUSALS,
  },
  {
    method: 'patch',
    path: '/stash/{stash}/flags',
    id: 'patchFlags',
    summary:
      'Change several flags in one revision, all or none. null deletes a flag. If-Match names the revision of the stash.',
    auth: 'token',
    parameters: EDIT,
    body: { schema: flagsPatch, required: true },
    response: patchApplied,
    mayBeHeld: true,
    refusals: [
      ...EDIT_REFUSALS,
      'invalid_body',
      'not_text',
      'body_too_large',
      'body_incomplete',
      'value_too_large',
      'too_many_items',
      'stash_too_large',
    ],
  },
]
