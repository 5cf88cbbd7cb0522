/**
 * Turns refusals into HTTP: the one table that knows which refusal has which status, and what to tell the
 * caller to do. Documents are RFC 9457 `application/problem+json`.
 */
import type { Refusal, RefusalCode } from '../model/refusal.ts'

type Problem<C extends RefusalCode> = {
  status: number
  title: string
  detail: string | ((refusal: Extract<Refusal, { code: C }>) => string)
}

export const PROBLEMS = {
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
  not_permitted: {
    status: 403,
    title: 'The token may not do this',
    detail: ({ needs }) => `It takes a token that can "${needs}".`,
  },
  rate_limited: {
    status: 429,
    title: 'Too many attempts from this address',
    detail: ({ retry_after_s }) => `Wait ${retry_after_s} seconds, then try again.`,
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    detail: 'The routes are listed in /openapi.json.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This route has no such method',
    detail: ({ allow }) => `It has: ${allow.join(', ')}.`,
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
  no_items: { status: 404, title: 'The stash is empty', detail: 'It has no newest item, because it has none.' },
  invalid_key: {
    status: 400,
    title: 'This cannot be a key',
    detail: 'A key is 1 to 128 of A-Z a-z 0-9 . _ - and neither "." nor "..".',
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
        ? `"${parameter}" means nothing here, nor does any other.`
        : `"${parameter}" means nothing here; these do: ${allowed.join(', ')}.`,
  },
  invalid_body: {
    status: 400,
    title: 'The body does not fit',
    detail: ({ issues }) =>
      issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '),
  },
  empty_value: {
    status: 400,
    title: 'The body is empty',
    detail: 'A value has at least one byte. To take a key away, DELETE it.',
  },
  not_text: {
    status: 415,
    title: 'The body is not text',
    detail: 'A value is UTF-8 text. Encode binary data, for example as base64.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: ({ limit_bytes }) => `At most ${limit_bytes} bytes are taken here.`,
  },
  jurisdiction_unavailable: {
    status: 501,
    title: 'This server cannot keep a stash in a jurisdiction',
    detail: ({ jurisdiction }) => `"${jurisdiction}" is known on Cloudflare's network only. Nothing was created.`,
  },
  version_conflict: {
    status: 412,
    title: 'It has changed meanwhile',
    detail: ({ current, of }) =>
      current === null ? `The ${of} does not exist.` : `The ${of} stands at "${current}". Read it again, then decide.`,
  },
  item_exists: {
    status: 409,
    title: 'The item exists already',
    detail: 'Without a token an item can be created, never overwritten.',
  },
  revision_not_reached: {
    status: 412,
    title: 'The stash has not come to this revision',
    detail: ({ current, min_revision }) => `It stands at ${current}; ${min_revision} has not been written.`,
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    detail: 'A repeat must be the same to the letter. For a new request take a new key.',
  },
  value_too_large: {
    status: 413,
    title: 'A value is too large',
    detail: ({ key, limit_bytes }) => `A value is at most ${limit_bytes} bytes; that of "${key}" is more.`,
  },
  too_many_items: {
    status: 422,
    title: 'The stash is full',
    detail: ({ limit }) => `A stash holds at most ${limit} items.`,
  },
  stash_too_large: {
    status: 422,
    title: 'The stash is full',
    detail: ({ limit_bytes, would_be_bytes }) =>
      `Its keys and values may be ${limit_bytes} bytes in all; with this they would be ${would_be_bytes}.`,
  },
  too_many_held: {
    status: 422,
    title: 'Too many changes are waiting',
    detail: ({ limit }) => `A stash holds at most ${limit} changes back. Unused links go when they expire.`,
  },
  link_spent: {
    status: 410,
    title: 'The link is of no use',
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
    detail: 'It exists as far as is known, and nothing is known of its values. Try again.',
  },
} satisfies { [C in RefusalCode]: Problem<C> }

/** Other headers that a refusal owes its caller (RFC 9110). */
export function headersOf(refusal: Refusal): Record<string, string> {
  switch (refusal.code) {
    case 'token_missing':
      return { 'WWW-Authenticate': 'Bearer realm="switchyard"' }
    case 'method_not_allowed':
      return { Allow: refusal.allow.join(', ') }
    case 'link_not_pressed':
      return { Allow: 'POST' }
    case 'rate_limited':
      return { 'Retry-After': String(refusal.retry_after_s) }
    case 'unreachable':
      return { 'Retry-After': '1' }
    default:
      return {}
  }
}

/** The problem document: the fixed members of RFC 9457, the stable `code`, and the refusal's facts. */
export function documentOf(refusal: Refusal): { status: number; [member: string]: unknown } {
  const { code, ...facts } = refusal
  const { status, title, detail } = PROBLEMS[code] as Problem<RefusalCode>
  return {
    type: `/docs#${code}`,
    title,
    status,
    code,
    // The table pairs each code with a detail for that code; the compiler cannot follow the pair.
    detail: typeof detail === 'string' ? detail : detail(refusal as never),
    ...facts,
  }
}
