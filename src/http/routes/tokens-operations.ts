/** The OpenAPI operations on tokens. Their schemas also validate the bodies and type the responses. */
import {
  rotateSpec,
  stashRecovered,
  tokenCreated,
  tokenList,
  tokenReplaced,
  tokenRevoked,
  tokenRotated,
  tokenSpec,
} from '../../wire/token.ts'
import { QUERY_REFUSALS, BODY_REFUSALS, STASH_WRITE, type Operation, WRITE_REFUSALS } from '../openapi/operation.ts'

export const TOKEN_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/tokens',
    id: 'listTokens',
    summary: 'The valid tokens that can do no more than yours, without their secrets.',
    auth: 'token',
    response: tokenList,
    refusals: QUERY_REFUSALS,
  },
  {
    method: 'post',
    path: '/stash/{stash}/tokens',
    id: 'createToken',
    summary:
      'Create a token that can do at most what yours can, for the same keys or fewer, and no longer. It is shown this once.',
    auth: 'token',
    parameters: STASH_WRITE,
    body: { schema: tokenSpec, required: true },
    response: tokenCreated,
    refusals: [...WRITE_REFUSALS, ...BODY_REFUSALS, 'grants_too_much', 'too_many_tokens', 'label_taken'],
  },
  {
    method: 'delete',
    path: '/stash/{stash}/tokens/{token}',
    id: 'revokeToken',
    summary: 'Revoke a token at once. Any token may revoke itself.',
    auth: 'token',
    parameters: [...STASH_WRITE, 'Idempotency-Key'],
    response: tokenRevoked,
    refusals: [...WRITE_REFUSALS, 'token_not_found', 'grants_too_much', 'master_token'],
  },
  {
    method: 'post',
    path: '/stash/{stash}/tokens/rotate',
    id: 'rotateMaster',
    summary: 'Replace the master token. The old one works until the overlap ends.',
    auth: 'token',
    parameters: STASH_WRITE,
    body: { schema: rotateSpec, required: false },
    response: tokenRotated,
    refusals: [...WRITE_REFUSALS, ...BODY_REFUSALS],
  },
  {
    method: 'post',
    path: '/stash/{stash}/tokens/{token}/rotate',
    id: 'rotateToken',
    summary:
      'Replace a token by a new one with the same label, abilities, keys and expiry. Any token may replace itself.',
    auth: 'token',
    parameters: STASH_WRITE,
    body: { schema: rotateSpec, required: false },
    response: tokenReplaced,
    refusals: [
      ...WRITE_REFUSALS,
      ...BODY_REFUSALS,
      'token_not_found',
      'token_replaced',
      'grants_too_much',
      'master_token',
      'too_many_tokens',
    ],
  },
  {
    method: 'post',
    path: '/stash/{stash}/tokens/recover',
    id: 'recoverStash',
    summary:
      'With the admin token: create a new master token for a stash that has lost its own. Older master tokens are revoked.',
    auth: 'admin',
    parameters: ['all', ...STASH_WRITE],
    response: stashRecovered,
    refusals: WRITE_REFUSALS,
  },
]
