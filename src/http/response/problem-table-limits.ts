/** The part of the table in `problems.ts` that is about how much a stash holds, and how much a change may take. */
import type { RefusalCode } from '../../model/refusal.ts'
import type { Problem } from './problem.ts'

type LimitCode = Extract<
  RefusalCode,
  | 'too_many_items'
  | 'stash_too_large'
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
      share ? `A token for some keys may fill a stash up to ${limit} items.` : `A stash holds at most ${limit} items.`,
  },
  stash_too_large: {
    status: 422,
    title: 'The stash is full',
    detail: ({ limit_bytes, would_be_bytes, share }) =>
      `Its keys and values may be ${limit_bytes} bytes in all${share ? ' for a token for some keys' : ''}; with this they would be ${would_be_bytes}.`,
  },
  too_many_held: {
    status: 422,
    title: 'Too many changes are waiting',
    detail: ({ limit, limit_bytes }) =>
      `A stash holds back at most ${limit} changes, of ${limit_bytes} bytes in all. GET …/held lists them.`,
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
    detail: ({ limit_bytes }) => `What waits may be ${limit_bytes} bytes. Split it, or make it at once.`,
  },
  time_boxes_too_large: {
    status: 422,
    title: 'Too much is to go back',
    detail: ({ limit, limit_bytes, share }) =>
      `Pending time-boxes put back at most ${limit} keys, of ${limit_bytes} bytes of JSON in all${share ? ', for a token for some keys' : ''}. Make the change without a time-box, or end others first: GET …/held lists them.`,
  },
  too_many_guards: {
    status: 422,
    title: 'Too many guards',
    detail: ({ limit, share }) =>
      share ? `A token for some keys may make them up to ${limit}.` : `A stash has at most ${limit}.`,
  },
  guards_too_large: {
    status: 422,
    title: 'The guards are too large together',
    detail: ({ limit_bytes, would_be_bytes, share }) =>
      `The guards of a stash may be ${limit_bytes} bytes of JSON in all${share ? ' for a token for some keys' : ''}; with this they would be ${would_be_bytes}.`,
  },
  change_too_costly: {
    status: 422,
    title: 'The change is too much work for its guards',
    detail: ({ key }) =>
      `Judging its values and guards together takes too long; "${key}" was not judged any more. Split it into several. A whole file: import it in parts, then once more with replace=1; unchanged parts are not judged.`,
  },
  too_many_tokens: {
    status: 422,
    title: 'Too many tokens',
    detail: ({ limit, share }) =>
      `${share ? 'One holder' : 'A stash'} has at most ${limit}. Revoke those that are not used.`,
  },
} satisfies { [C in LimitCode]: Problem<C> }
