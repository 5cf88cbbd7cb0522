/** The rows of `problem-table.ts` on tokens: whether one is valid, and what it may do. */
import type { RefusalCode } from '../../../model/refusal.ts'
import type { Problem } from './problem.ts'
import { toIsoTime as iso } from '../time.ts'

type TokenCode = Extract<
  RefusalCode,
  | 'token_missing'
  | 'invalid_token'
  | 'https_required'
  | 'token_expired'
  | 'token_revoked'
  | 'creation_closed'
  | 'token_not_found'
  | 'own_request'
  | 'granted_after_request'
  | 'grants_too_much'
  | 'master_token'
  | 'token_replaced'
  | 'label_taken'
>

export const TOKEN_PROBLEMS = {
  token_missing: {
    status: 401,
    title: 'A token is needed',
    detail: 'Send the header "Authorization: Bearer <token>".',
  },
  invalid_token: {
    status: 403,
    title: 'The token is not valid here',
    detail: 'It is mistyped, revoked, or belongs to another stash.',
  },
  https_required: {
    status: 403,
    title: 'A token must not travel unencrypted',
    detail: 'Use https. The token was sent unencrypted, so others may have read it: replace it.',
  },
  token_expired: {
    status: 403,
    title: 'The token has expired',
    detail: ({ at }) => `It was valid until ${iso(at)}. Ask the person who granted it for a new one.`,
  },
  token_revoked: {
    status: 403,
    title: 'The token was revoked or replaced',
    detail: ({ at }) => `It was valid until ${iso(at)}. Ask the person who granted it for a new one.`,
  },
  creation_closed: {
    status: 403,
    title: 'Stashes cannot be created here yet',
    detail:
      'The operator of this deployment has to set the secret ADMIN_TOKEN, which then creates stashes, or OPEN_CREATION = "yes", which lets anyone create them.',
  },
  token_not_found: {
    status: 404,
    title: 'There is no such token',
    detail: 'It was revoked, has expired, or never existed.',
  },
  own_request: {
    status: 403,
    title: 'It takes a second person',
    detail:
      'All tokens of one holder count as one person. A person cannot approve their own request, nor make a link that approves it.',
  },
  granted_after_request: {
    status: 403,
    title: 'This token was granted after the request',
    detail: 'A change that a master token requested can only be approved by a token that existed before the request.',
  },
  grants_too_much: {
    status: 403,
    title: 'A token cannot reach further than the one that grants or revokes it',
    detail: ({ what }) => `Your token does not reach ${what}.`,
  },
  master_token: {
    status: 409,
    title: 'The master token cannot be revoked, only replaced',
    detail: 'POST …/tokens/rotate makes a new one.',
  },
  token_replaced: {
    status: 409,
    title: 'The token has been replaced',
    detail: 'It is valid until its overlap ends. Only its successor can be replaced.',
  },
  label_taken: {
    status: 409,
    title: 'Another token has this label',
    detail: ({ label }) =>
      `"${label}" is the label of a valid token. POST …/tokens/{token_id}/rotate replaces a token under its label.`,
  },
} satisfies { [C in TokenCode]: Problem<C> }
