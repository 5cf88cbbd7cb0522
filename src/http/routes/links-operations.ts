/** The OpenAPI operations on links. Their schemas also type the responses. */
import { link, linkUsed } from '../../wire/link.ts'
import { LINK_REFUSALS, type Operation, TOKEN_REFUSALS } from '../openapi/operation.ts'

export const LINK_OPERATIONS: Operation[] = [
  ...['/item/{stash}/{key}/presign', '/{stash}/{key}/presign'].map((path, i): Operation => ({
    method: 'post',
    path,
    id: i === 0 ? 'presign' : 'presignShort',
    summary:
      'Make a one-time link, valid for 15 minutes, that stores the body under the key. Conditions are checked when it is used.',
    auth: 'token',
    parameters: ['X-Operation', 'reason', 'for', 'decision', 'If-Match', 'If-None-Match', 'dry_run'],
    body: { schema: 'text', required: true },
    response: link,
    refusals: [
      ...TOKEN_REFUSALS,
      'unknown_parameter',
      'invalid_query',
      'invalid_key',
      'invalid_header',
      'empty_value',
      'not_text',
      'body_too_large',
      'body_incomplete',
      'too_many_held',
      'too_large_to_hold',
    ],
  })),
  {
    method: 'get',
    path: '/update',
    id: 'openLink',
    summary:
      'Open a link: a browser gets a confirm page, any other client 405. In the WrenDB profile the change is applied at once.',
    auth: 'link',
    parameters: ['token'],
    response: 'text',
    mayBeHeld: true,
    refusals: ['link_not_pressed', ...LINK_REFUSALS],
  },
  {
    method: 'post',
    path: '/update',
    id: 'useLink',
    summary: 'Use a link: its change is decided afresh and applied. A link works once.',
    auth: 'link',
    parameters: ['token', 'reason', 'Idempotency-Key', 'dry_run'],
    response: linkUsed,
    mayBeHeld: true,
    refusals: LINK_REFUSALS,
  },
]
