import { describe, expect, it } from 'vitest'
import { describeFailure } from '../../src/cli/output/describe-failure.ts'
import { RefusedError } from '../../src/client/requests/errors.ts'
import { toProblemDocument } from '../../src/http/response/problem/problem-document.ts'
import type { Refusal, RefusalCode } from '../../src/model/refusal.ts'

const at = Date.UTC(2026, 10, 27, 3, 8)
const issues = [{ path: '', message: 'is not true or false' }]

/** An example of the facts of each code: the compiler lists a code that is missing. */
const FACTS: { [C in RefusalCode]: Omit<Extract<Refusal, { code: C }>, 'code'> } = {
  token_missing: {},
  invalid_token: {},
  token_expired: { at },
  token_revoked: { at },
  https_required: {},
  not_permitted: { needs: 'write', key: 'a' },
  rate_limited: { retry_after_s: 7 },
  creation_closed: {},
  route_not_found: {},
  method_not_allowed: { allow: ['GET'] },
  stash_not_found: {},
  item_not_found: { key: 'a' },
  no_items: {},
  guard_not_found: { key: 'a' },
  held_not_found: {},
  token_not_found: {},
  revision_not_found: { revision: 7 },
  not_frozen: {},
  invalid_key: { key: 'a b' },
  invalid_header: { header: 'Break-Glass', expected: '1 to 500 characters' },
  invalid_query: { parameter: 'for', expected: 'a duration such as 30m' },
  unknown_parameter: { parameter: 'reason', allowed: ['keys'] },
  invalid_body: { issues: [{ path: 'can.0', message: 'Invalid option: expected one of "write"|"approve"' }] },
  empty_value: {},
  not_text: {},
  body_too_large: { limit_bytes: 65_536 },
  body_incomplete: {},
  jurisdiction_unavailable: { jurisdiction: 'eu' },
  version_conflict: { current: 7, of: 'item' },
  item_exists: { key: 'a', current: 7 },
  revision_not_reached: { current: 6, min_revision: 7 },
  idempotency_mismatch: {},
  value_too_large: { key: 'a', limit_bytes: 65_536 },
  too_many_items: { limit: 1_000 },
  stash_too_large: { limit_bytes: 1, would_be_bytes: 2 },
  too_many_guards: { limit: 1_000 },
  too_many_tokens: { limit: 1_000 },
  guards_too_large: { limit_bytes: 1, would_be_bytes: 2 },
  change_too_costly: { key: 'a' },
  too_many_freezes: { limit: 20, limit_bytes: 2 },
  too_many_held: { limit: 20, limit_bytes: 2 },
  storage_full: { retry_after_s: 60 },
  write_rate_limited: { retry_after_s: 7 },
  too_large_to_hold: { limit_bytes: 65_536 },
  time_boxes_too_large: { limit: 20, limit_bytes: 2 },
  frozen: { until: at, reason: 'launch', by: 'ann', may_break_glass: true, keys: ['a.*'] },
  guard_mismatch: { key: 'a', issues, guard: null },
  guard_unmet: { key: 'a', issues, held_id: 'revert-7' },
  reason_required: { key: 'a' },
  time_box_required: { key: 'a', max_for: '1h', safe_value: 'false' },
  approval_required: { key: 'a' },
  unsafe_end: { key: 'a', safe_value: 'false' },
  time_past: { at, now: at + 1 },
  time_too_far: { at, at_most: at - 1 },
  not_awaiting_approval: {},
  own_request: {},
  granted_after_request: {},
  requester_gone: {},
  later_changes: { revision: 7, by: [{ key: 'a', revision: 8 }] },
  nothing_to_undo: { revision: 7 },
  grants_too_much: { what: 'the key "b"' },
  master_token: {},
  token_replaced: {},
  label_taken: { label: 'bob' },
  slug_taken: { slug: 'prod-7f3k' },
  slug_set: { slug: 'prod-7f3k' },
  link_spent: {},
  link_not_pressed: {},
  unreachable: {},
  names_busy: {},
  stash_lost: { applied: 'no' },
}

/** What a person at a command line never wrote, and cannot write. */
const OF_HTTP =
  /\?[a-z]|\/stash|\bheader|DELETE\b|PUT\b|POST\b|GET\b|PATCH\b|…\/|\bquery|\bbody\b|\broute\b|openapi|\bundefined\b|\[object/

const toWords = (refusal: Refusal): string => {
  const { status, ...problem } = toProblemDocument(refusal)
  return describeFailure(new RefusedError(status, problem)).words
}

describe('a refusal of the service, in the words of the command', () => {
  it.each(Object.entries(FACTS))('%s', (code, facts) => {
    // Paired by the table above; the compiler cannot follow the pair.
    const words = toWords({ code, ...facts } as Refusal)
    expect(words).not.toMatch(OF_HTTP)
    expect(words).toMatch(/^[A-Z"-].{10,}[.?>:\w"]$/s)
    expect(words).not.toMatch(/\d{4}-\d\d-\d\dT/)
  })
  it.each(Object.keys(FACTS))('%s is said without its facts as well, as an older service sends it', (code) => {
    const { words } = describeFailure(new RefusedError(400, { code, title: 'It is so', detail: 'Do this.' }))
    expect(words).not.toMatch(/\[object|NaN|Invalid Date/)
    expect(words.length).toBeGreaterThan(10)
  })
  it('names the option of a malformed member', () => {
    expect(toWords({ code: 'invalid_body', ...FACTS.invalid_body })).toBe(
      'That does not fit. --can: it is one of "write", "approve". Nothing was changed.',
    )
    expect(toWords({ code: 'invalid_query', parameter: 'expires_in', expected: 'a duration' })).toBe(
      '--expires-in takes a duration.',
    )
    const many = Array.from({ length: 9 }, (_, i) => ({ path: `keys.${i}`, message: `wrong ${i}` }))
    expect(toWords({ code: 'invalid_body', issues: many })).toMatch(/^That does not fit\. --keys: wrong 0;.*and 4 more/)
  })
  it.each([
    ['reason_required', '--reason'],
    ['time_box_required', '--for 1h'],
    ['frozen', '--break-glass'],
    ['not_awaiting_approval', 'switchyard drop'],
    ['guard_unmet', 'switchyard held revert-7'],
    ['label_taken', 'switchyard token rotate'],
    ['token_expired', 'switchyard login'],
  ] as const)('%s says what to type: %s', (code, typed) => {
    expect(toWords({ code, ...FACTS[code] } as Refusal)).toContain(typed)
  })
})
