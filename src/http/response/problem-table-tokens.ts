/** The part of the table in `problems.ts` that is about tokens: whether one counts, and what may be done with it. */
import type { RefusalCode } from '../../model/refusal.ts'
import type { Problem } from './problem.ts'
import { toIsoTime as iso } from './time.ts'

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
    detail: 'Ask by https. Anybody who listened on the way may have this token now: replace it.',
  },
  token_expired: {
    status: 403,
    title: 'The token has expired',
    detail: ({ at }) => `It counted until ${iso(at)}. Ask whoever granted it for another one.`,
  },
  token_revoked: {
    status: 403,
    title: 'The token was revoked or replaced',
    detail: ({ at }) => `It counted until ${iso(at)}. Ask whoever granted it for another one.`,
  },
  creation_closed: {
    status: 403,
    title: 'Nobody may create stashes here yet',
    detail:
      'Whoever runs this deployment sets the secret ADMIN_TOKEN, which is then asked for, or OPEN_CREATION = "yes", which lets anyone.',
  },
  token_not_found: {
    status: 404,
    title: 'There is no such token',
    detail: 'It was revoked, has expired, or never existed.',
  },
  own_request: {
    status: 403,
    title: 'It takes a second person',
    detail: 'Tokens of one holder are one person, who cannot approve their own request, nor make the link that does.',
  },
  granted_after_request: {
    status: 403,
    title: 'This token was granted after the request',
    detail: 'What a master token asked for is approved by a token that was there before.',
  },
  grants_too_much: {
    status: 403,
    title: 'A token cannot reach further than the one that grants or revokes it',
    detail: ({ what }) => `Yours does not reach ${what}.`,
  },
  master_token: {
    status: 409,
    title: 'The master token is not revoked, it is replaced',
    detail: 'POST …/tokens/rotate makes another one.',
  },
  token_replaced: {
    status: 409,
    title: 'The token has been replaced',
    detail: 'It counts until its overlap ends. Only its successor can be replaced.',
  },
  label_taken: {
    status: 409,
    title: 'Another token has this label',
    detail: ({ label }) =>
      `"${label}" is the label of a token that counts. POST …/tokens/{token_id}/rotate replaces one under its label.`,
  },
} satisfies { [C in TokenCode]: Problem<C> }
