/**
 * For each refusal: its HTTP status, its title, and the advice to the caller. The refusals that concern tokens, limits and
 * slugs are in `problem-table-tokens.ts`, `problem-table-limits.ts` and `problem-table-names.ts`.
 */
import { LIMIT_PROBLEMS } from './problem-table-limits.ts'
import { NAME_PROBLEMS } from './problem-table-names.ts'
import type { Problem } from './problem.ts'
import { TOKEN_PROBLEMS } from './problem-table-tokens.ts'
import { toIsoTime as iso } from '../time.ts'
import type { Issue } from '../../../model/issue.ts'
import type { RefusalCode } from '../../../model/refusal.ts'

export const PROBLEMS = {
  ...TOKEN_PROBLEMS,
  ...LIMIT_PROBLEMS,
  ...NAME_PROBLEMS,
  not_permitted: {
    status: 403,
    title: 'The token may not do this',
    detail: ({ needs, key }) => {
      if (needs === 'master') return 'It takes the master token.'
      if (needs === 'admin') return 'It takes the admin token of the deployment.'
      if (key === '*') return `It takes a token for every key${needs === 'any' ? '' : ` that can: ${needs}`}.`
      return `It takes a token that can: ${needs}${key === undefined ? '' : `, for "${key}"`}.`
    },
  },
  rate_limited: {
    status: 429,
    title: 'This address is over a limit',
    detail: ({ retry_after_s, limited }) => {
      const wait = `Wait ${retry_after_s} seconds, then try again.`
      if (limited === 'watches_opened') {
        return `This stash has many watchers, and this address has opened too many watches of it within a minute. ${wait}`
      }
      if (limited === 'watches_open') {
        return `This stash has many watchers, and this address holds its share: half of the places that other addresses leave free. Close some of its watches. ${wait}`
      }
      return `It has made too many attempts. ${wait}`
    },
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    detail: 'The routes are listed in /openapi.json.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This route has no such method',
    detail: ({ allow }) => `The route takes: ${allow.join(', ')}.`,
  },
  stash_not_found: {
    status: 404,
    title: 'There is no such stash',
    detail: 'It never existed or was deleted. POST /stash makes one.',
  },
  item_not_found: {
    status: 404,
    title: 'There is no such item',
    detail: ({ key }) => `Nothing is stored under "${key}".`,
  },
  no_items: { status: 404, title: 'The stash is empty', detail: 'The stash has no items, so it has no newest one.' },
  guard_not_found: {
    status: 404,
    title: 'There is no such guard',
    detail: ({ key }) => `"${key}" has no guard: any value may be written to it.`,
  },
  held_not_found: {
    status: 404,
    title: 'No such change is held',
    detail: 'It was released, declined, cancelled, has expired, or never existed. History says which.',
  },
  revision_not_found: {
    status: 404,
    title: 'History has no such revision',
    detail: ({ revision }) =>
      `Revision ${revision} is too old, has not been written yet, or was lost before a recovery.`,
  },
  not_frozen: {
    status: 404,
    title: 'Nothing is frozen',
    detail: 'There is no such freeze to end. GET /stash/{id} lists those that stand.',
  },
  invalid_key: {
    status: 400,
    title: 'This cannot be a key',
    detail: 'A key has 1 to 128 of the characters A-Z a-z 0-9 . _ - and is neither "." nor "..".',
  },
  invalid_header: {
    status: 400,
    title: 'A header is malformed',
    detail: ({ header, expected }) => `${header} takes ${expected}.`,
  },
  invalid_query: {
    status: 400,
    title: 'A query parameter is malformed',
    detail: ({ parameter, expected }) => `${parameter} takes ${expected}.`,
  },
  unknown_parameter: {
    status: 400,
    title: 'A query parameter is unknown',
    detail: ({ parameter, allowed }) =>
      allowed.length === 0
        ? `The route takes no query parameters. Remove "${parameter}".`
        : `The route does not take "${parameter}". It takes: ${allowed.join(', ')}.`,
  },
  invalid_body: {
    status: 400,
    title: 'The body is malformed',
    detail: ({ issues }) => formatIssues(issues),
  },
  empty_value: {
    status: 400,
    title: 'The body is empty',
    detail: 'A value has at least one byte. To delete the item, send DELETE.',
  },
  not_text: {
    status: 415,
    title: 'The body is not text',
    detail: 'A value is UTF-8 text. Encode binary data, for example as base64.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: ({ limit_bytes }) => `The route takes at most ${limit_bytes} bytes.`,
  },
  body_incomplete: {
    status: 408,
    title: 'The body did not arrive in full',
    detail:
      'The connection broke off, or the body took longer than 30 seconds plus one second for each 16 KiB that this route takes. Nothing was changed.',
  },
  jurisdiction_unavailable: {
    status: 501,
    title: 'This server cannot keep a stash in a jurisdiction',
    detail: ({ jurisdiction }) => `"${jurisdiction}" exists on Cloudflare's network only. Nothing was created.`,
  },
  version_conflict: {
    status: 412,
    title: 'It has changed meanwhile',
    detail: ({ current, of }) =>
      current === null ? `The ${of} does not exist.` : `The ${of} is now at "${current}". Read it again, then decide.`,
  },
  item_exists: {
    status: 409,
    title: 'The item exists already',
    detail: 'Without a token an item can be created, never overwritten.',
  },
  revision_not_reached: {
    status: 412,
    title: 'The stash has not reached this revision',
    detail: ({ current, min_revision }) => `Its revision is ${current}; revision ${min_revision} has not been written.`,
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    detail:
      'A repeat must send exactly the same request, with the same condition and reason. Use a new key for a new request.',
  },
  value_too_large: {
    status: 413,
    title: 'A value is too large',
    detail: ({ key, limit_bytes }) => `A value may have at most ${limit_bytes} bytes; the value of "${key}" has more.`,
  },
  frozen: {
    status: 423,
    title: 'A freeze stops this change',
    detail: ({ until, by, reason, may_break_glass, keys = null }) =>
      `${by === null ? `A freeze of ${toFrozenText(keys)} is in force` : `${by} froze ${toFrozenText(keys)}`}${until === null ? '' : ` until ${iso(until)}`}${reason === null ? '' : `: ${reason}`}. ` +
      (may_break_glass
        ? 'In an emergency, send the header "Break-Glass: <reason>": the reason is recorded.'
        : 'In an emergency, use a token that can: break_glass.'),
  },
  guard_mismatch: {
    status: 422,
    title: 'The value does not fit its guard',
    detail: ({ key, issues }) => `"${key}" ${formatIssues(issues)}.`,
  },
  guard_unmet: {
    status: 409,
    title: 'The present value does not fit the guard',
    detail: ({ key, issues, held_id }) =>
      held_id === null
        ? `Change "${key}" first: the guard ${formatIssues(issues)}.`
        : `The held change ${held_id} will set "${key}" back to a value that does not fit: the guard ${formatIssues(issues)}.`,
  },
  reason_required: {
    status: 422,
    title: 'A reason is needed',
    detail: ({ key }) => `A change of "${key}" needs a reason: send ?reason=… or the header Reason.`,
  },
  time_box_required: {
    status: 422,
    title: 'The change must be time-boxed',
    detail: ({ key, max_for, safe_value }) =>
      `"${key}" may have another value than "${safe_value}" for at most ${max_for}: send ?for=${max_for} or less.`,
  },
  approval_required: {
    status: 422,
    title: 'This takes a second person',
    detail: ({ key }) => `To keep "${key}" as it is, write the value again without ?for: that asks for approval.`,
  },
  unsafe_end: {
    status: 422,
    title: 'The time-box would end at an unsafe value',
    detail: ({ key, safe_value }) =>
      `When the time-box ends, "${key}" would not be "${safe_value}". Write "${safe_value}" first.`,
  },
  time_past: {
    status: 422,
    title: 'This time is past',
    detail: ({ at, now }) => `The request names ${iso(at)}; it is ${iso(now)} now.`,
  },
  time_too_far: {
    status: 422,
    title: 'This time is too far away',
    detail: ({ at_most }) => `The latest time that is allowed is ${iso(at_most)}.`,
  },
  not_awaiting_approval: {
    status: 409,
    title: 'This change does not wait for approval',
    detail: 'It waits for its time or its link. DELETE cancels it.',
  },
  requester_gone: {
    status: 409,
    title: 'The requester may no longer make this change',
    detail: 'The token of the requester was revoked or has expired. DELETE the held change, and request it again.',
  },
  later_changes: {
    status: 409,
    title: 'Later changes stand in the way',
    detail: ({ by }) =>
      `Undo these first, or write what you want: ${by.map(({ key, revision }) => `"${key}" in revision ${revision}`).join(', ')}.`,
  },
  nothing_to_undo: {
    status: 409,
    title: 'This revision changed no value',
    detail: ({ revision }) =>
      `Revision ${revision} was about tokens, a freeze or a held change. Reverse it through its own route.`,
  },
  link_spent: {
    status: 410,
    title: 'The link cannot be used',
    detail: 'It was used, has expired, or never existed. Ask for a new one.',
  },
  link_not_pressed: {
    status: 405,
    title: 'Opening a link changes nothing',
    detail: 'Mail scanners and chat previews open links, so only POST uses one: curl -X POST "<url>".',
  },
  unreachable: {
    status: 503,
    title: 'The stash cannot be reached',
    detail: 'It did not answer, and there is no copy of its values to serve. Try again.',
  },
  stash_lost: {
    status: 503,
    title: 'The storage of the stash is lost',
    detail:
      'It was not deleted. Reads are served from the last copy, and nothing was changed. The operator of the service has to restore it.',
  },
} satisfies { [C in RefusalCode]: Problem<C> }

/** How many patterns of a freeze the text names. The member `keys` has all of them. */
const NAMED_PATTERNS_MAX = 5

function toFrozenText(keys: string[] | null): string {
  if (keys === null) return 'the stash'
  const more = keys.length - NAMED_PATTERNS_MAX
  return `the keys ${keys.slice(0, NAMED_PATTERNS_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function formatIssues(issues: Issue[]): string {
  return issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
}
