/** The rows of `problem-table.ts` on limits: how much a stash may hold, a token may write, and the check of a change may cost. */
import type { RefusalCode } from '../../../model/refusal.ts'
import type { Problem } from './problem.ts'

type LimitCode = Extract<
  RefusalCode,
  | 'too_many_items'
  | 'stash_too_large'
  | 'too_many_freezes'
  | 'too_many_held'
  | 'storage_full'
  | 'write_rate_limited'
  | 'too_large_to_hold'
  | 'time_boxes_too_large'
  | 'too_many_guards'
  | 'guards_too_large'
  | 'change_too_costly'
  | 'too_many_tokens'
>

export const LIMIT_PROBLEMS = {
  too_many_items: {
    status: 422,
    title: 'The stash is full',
    detail: ({ limit, share }) =>
      share
        ? `A token for some keys may add items up to a total of ${limit}.`
        : `A stash may have at most ${limit} items.`,
  },
  stash_too_large: {
    status: 422,
    title: 'The stash is full',
    detail: ({ limit_bytes, would_be_bytes, share }) =>
      `The keys and values of a stash may have ${limit_bytes} bytes in total${share ? ' for a token for some keys' : ''}; with this change they would have ${would_be_bytes}.`,
  },
  too_many_freezes: {
    status: 422,
    title: 'Too many freezes',
    detail: ({ limit, limit_bytes }) =>
      `A stash may have at most ${limit} freezes of some keys at a time, with ${limit_bytes} bytes of patterns in total. End one first: GET /stash/{id} lists them.`,
  },
  too_many_held: {
    status: 422,
    title: 'Too many changes are waiting',
    detail: ({ limit, limit_bytes }) =>
      `A stash may hold at most ${limit} changes, with ${limit_bytes} bytes in total. GET …/held lists them.`,
  },
  storage_full: {
    status: 507,
    title: 'The storage of the stash is full',
    detail:
      'Its history is being shortened. Pending reverts and the ends of freezes still happen. Try again in a minute.',
  },
  write_rate_limited: {
    status: 429,
    title: 'The token has written too much in a minute',
    detail: ({ retry_after_s }) =>
      `A token for some keys may make 6,000 writes and store 64 MiB a minute. Wait ${retry_after_s} seconds, or use a token for every key.`,
  },
  too_large_to_hold: {
    status: 422,
    title: 'The change is too large to be held',
    detail: ({ limit_bytes }) =>
      `A held change may have at most ${limit_bytes} bytes. Split it, or make it without waiting.`,
  },
  time_boxes_too_large: {
    status: 422,
    title: 'The pending time-boxes are too large',
    detail: ({ limit, limit_bytes, share }) =>
      `Pending time-boxes may cover at most ${limit} keys, with ${limit_bytes} bytes of JSON in total${share ? ', for a token for some keys' : ''}. Make the change without a time-box, or end others first: GET …/held lists them.`,
  },
  too_many_guards: {
    status: 422,
    title: 'Too many guards',
    detail: ({ limit, share }) =>
      share
        ? `A token for some keys may add guards up to a total of ${limit}.`
        : `A stash may have at most ${limit} guards.`,
  },
  guards_too_large: {
    status: 422,
    title: 'The guards are too large together',
    detail: ({ limit_bytes, would_be_bytes, share }) =>
      `The guards of a stash may have ${limit_bytes} bytes of JSON in total${share ? ' for a token for some keys' : ''}; with this change they would have ${would_be_bytes}.`,
  },
  change_too_costly: {
    status: 422,
    title: 'Checking the change against its guards takes too long',
    detail: ({ key }) =>
      `The check of its values and guards was stopped at "${key}". Split the change into several. To import a whole file, import it in parts, then once more with replace=1: unchanged parts are not checked again.`,
  },
  too_many_tokens: {
    status: 422,
    title: 'Too many tokens',
    detail: ({ limit, share }) =>
      `${share ? 'One holder' : 'A stash'} may have at most ${limit} tokens. Revoke those that are not used.`,
  },
} satisfies { [C in LimitCode]: Problem<C> }
