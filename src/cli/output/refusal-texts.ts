/**
 * Refusals in the words of the commands. The service speaks of routes, headers and parameters; a person typed commands and
 * options. A code that is not here is said as the service says it. Facts are from outside: each is looked at before it is used.
 */
import type { RefusedError } from '../../client/requests/errors.ts'
import { NO_TOKEN } from '../api/session.ts'
import { formatTime } from './time-text.ts'

type Facts = Record<string, unknown>
type Refusal = Pick<RefusedError, 'title' | 'detail' | 'facts'>

const SEE_HELD = 'See "switchyard held".'

const TEXTS: Record<string, string | ((facts: Facts, refusal: Refusal) => string)> = {
  token_missing: NO_TOKEN,
  token_expired: (facts, { detail }) => `The token has expired. ${describeEnd(facts, detail)}`,
  token_revoked: (facts, { detail }) => `The token was revoked or replaced. ${describeEnd(facts, detail)}`,
  token_not_found:
    'There is no such token: it was revoked, has expired, or never existed. See "switchyard token list".',
  master_token: 'The master token cannot be revoked, only replaced: "switchyard token rotate".',
  label_taken: ({ label }) =>
    `Another valid token has the label ${toQuoted(label)}: choose another, or replace that one: "switchyard token rotate ${String(label ?? '<label>')}".`,
  own_request: 'It takes a second person: all tokens of one holder count as one person.',
  stash_not_found: 'There is no such stash there: it never existed, was deleted, or the URL is of another service.',
  item_not_found: ({ key }) =>
    key === undefined ? 'There is no such flag.' : `There is no flag ${toQuoted(key)}. "switchyard list" has them.`,
  no_items: 'The stash has no flags.',
  item_exists: ({ key }) => `There is a flag ${toQuoted(key)} already, and without a token none is overwritten.`,
  route_not_found: 'That server is not Switchyard, or the URL lacks a path: /api.',
  method_not_allowed: 'That server does not know this command: it is not Switchyard, or an older version.',
  held_not_found: `Nothing is pending under that id: it was made, declined, cancelled, or has expired. ${SEE_HELD}`,
  not_frozen: 'There is no such freeze to end. "switchyard status" shows those that stand.',
  not_awaiting_approval: `This change waits for no person, but for its time or its link. "switchyard drop" cancels it.`,
  requester_gone:
    'The token that asked for this change was revoked or has expired. Cancel it with "switchyard drop", and ask for it again.',
  invalid_header: ({ header, expected }) => `${toOption(header)} takes ${String(expected)}.`,
  invalid_query: ({ parameter, expected }) => `${toOption(parameter)} takes ${String(expected)}.`,
  unknown_parameter: ({ parameter }) =>
    `That server is an older version: it does not know ${toOption(parameter)} here.`,
  invalid_body: ({ issues }, { detail }) => describeIssues(issues) ?? `What was given does not fit: ${detail}`,
  empty_value: 'A value has at least one byte. To delete the flag: switchyard delete <key>',
  not_text: 'A value is UTF-8 text. Encode binary data, for example as base64.',
  body_too_large: ({ limit_bytes }) => `That is too large: ${formatBytes(limit_bytes)} is the most.`,
  body_incomplete: 'The connection broke off before all was sent. Nothing was changed.',
  version_conflict: ({ of, current }) => {
    const what = of === 'guard' ? 'guard' : of === 'stash' ? 'stash' : 'flag'
    return current === null
      ? `The ${what} does not exist.`
      : `The ${what} was changed meanwhile. Look at it again, then decide. Nothing was changed.`
  },
  revision_not_reached: 'The stash has not reached that revision. Try again in a moment.',
  idempotency_mismatch: 'The service took this for a repeat of another change. Nothing was changed: call it again.',
  frozen: (_, { title, detail }) =>
    `${title}. ${detail}`
      .replace('send the header "Break-Glass: <reason>"', 'say --break-glass <why>')
      .replace('use a token that can: break_glass', 'use a token with the ability break_glass and --break-glass <why>')
      .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => formatTime(time)),
  reason_required: ({ key }) => `A reason is needed for ${toQuoted(key)}: --reason <why>.`,
  time_box_required: ({ key, max_for, safe_value }) =>
    `${toQuoted(key)} may have another value than ${toQuoted(safe_value)} for at most ${String(max_for)}: --for ${String(max_for)} or less.`,
  approval_required: ({ key }) =>
    `This takes a second person. To keep ${toQuoted(key)} as it is, write the value again without --for: that asks for approval.`,
  unsafe_end: ({ key, safe_value }) =>
    `After that time, ${toQuoted(key)} would not be ${toQuoted(safe_value)}. Write ${toQuoted(safe_value)} first.`,
  time_past: ({ at }) =>
    typeof at === 'string' ? `That time is past: ${formatTime(at)}.` : 'That time is past. --at takes one to come.',
  time_too_far: ({ at_most: most }) =>
    `That time is too far away.${typeof most === 'string' ? ` The latest is ${formatTime(most)}.` : ''}`,
  guard_unmet: ({ held_id: id }, { title, detail }) =>
    `${title}. ${detail}${typeof id === 'string' ? ` See "switchyard held ${id}".` : ''}`,
  nothing_to_undo: ({ revision }) =>
    `Revision ${String(revision)} changed no flag: it was about tokens, a freeze or a pending change, which have commands of their own.`,
  too_many_freezes: (_, { title }) => `${title}. End one first: "switchyard status" shows them.`,
  too_many_held: (_, { title }) => `${title}. ${SEE_HELD}`,
  too_large_to_hold: ({ limit_bytes }) =>
    `A pending change may have at most ${formatBytes(limit_bytes)}. Split it, or make it without waiting.`,
  time_boxes_too_large: (_, { title }) => `${title}. Make the change without --for, or end others first. ${SEE_HELD}`,
  change_too_costly: ({ key }) =>
    `Checking the change against its guards takes too long: it was stopped at ${toQuoted(key)}. Split it into several; "apply" a file in parts.`,
  slug_set: ({ slug }) => `The stash has the slug ${toQuoted(slug)} for good: links and scripts have it.`,
  link_spent: 'The link is of no use: it was used, has expired, or never existed. "switchyard link" makes another.',
  link_not_pressed: 'Opening a link changes nothing: it has a button that does.',
  stash_lost:
    'The storage of the stash is lost; it was not deleted. Reads are of the last copy, and nothing was changed. The operator of the service has to restore it.',
  internal: (facts, { title }) => `${title}.${describeRequest(facts)}`,
}

export function describeRefusal({ code, status, message, title, detail, facts }: RefusedError): string {
  // `hasOwn`, because a code comes from outside: "constructor" would find a function.
  const text = Object.hasOwn(TEXTS, code) ? TEXTS[code] : undefined
  if (text !== undefined) return typeof text === 'string' ? text : text(facts, { title, detail, facts })
  if (code.startsWith('http_')) return `The answer was ${status}, and not one of Switchyard's. Is the URL right?`
  return message
}

const toQuoted = (fact: unknown): string => (fact === undefined ? 'it' : `"${String(fact)}"`)

/** When it ended, and what to do. */
function describeEnd({ at }: Facts, detail: string): string {
  const ask = 'Ask the person who granted it for another, and keep it with "switchyard login".'
  return typeof at === 'string' ? `It was valid until ${formatTime(at)}. ${ask}` : `${detail} ${ask}`.trim()
}

const describeRequest = ({ request_id: id }: Facts): string =>
  typeof id === 'string' ? ` The operator of the service finds it under ${id}.` : ''

function formatBytes(bytes: unknown): string {
  if (typeof bytes !== 'number') return 'less'
  return bytes >= 1_048_576
    ? `${Math.floor(bytes / 1_048_576)} MiB`
    : bytes >= 1_024
      ? `${Math.floor(bytes / 1_024)} KiB`
      : `${bytes} bytes`
}

/** The option that a member of a request is from: `expires_in` is `--expires-in`. */
function toOption(name: unknown): string {
  const word = String(name ?? '').toLowerCase()
  if (word === 'if-match' || word === 'if-none-match' || word === 'idempotency-key')
    return 'The condition of the change'
  return word === '' ? 'What was given' : `--${word.replaceAll('_', '-')}`
}

/** The members that are arguments of commands, and no options. */
const ARGUMENTS: Record<string, string> = {
  label: 'the label',
  type: 'the type',
  revision: 'the revision',
  flags: 'the flags of the file',
  items: 'the flags of the file',
  guards: 'the guards of the file',
}

/** The most mistakes that are told. */
const ISSUES_MAX = 5

/** `--can: Invalid option …`. Null: the answer lists none. */
function describeIssues(issues: unknown): string | null {
  if (!Array.isArray(issues) || issues.length === 0) return null
  // Looked at one by one below.
  const known = issues as { path?: unknown; message?: unknown }[]
  const texts = known.slice(0, ISSUES_MAX).map(({ path, message }) => {
    const [first = '', ...rest] = String(path ?? '').split('.')
    const named = Object.hasOwn(ARGUMENTS, first) ? ARGUMENTS[first] : undefined
    // A path of a list ends in the number of its entry, which nobody typed.
    const inner = rest.filter((word) => !/^\d+$/.test(word)).join(' ')
    const where = first === '' ? '' : (named ?? toOption(first)) + (inner === '' ? '' : ` ${inner}`)
    const what = toPlain(String(message ?? 'does not fit'))
    return where === '' ? what : `${where}: ${what}`
  })
  const more = known.length > ISSUES_MAX ? `; and ${known.length - ISSUES_MAX} more` : ''
  return `That does not fit. ${texts.join('; ')}${more}. Nothing was changed.`
}

/** The checks of the service speak of types and options. */
const toPlain = (message: string): string =>
  message
    .replace(
      /^Invalid option: expected one of (.+)$/,
      (_, list: string) => `it is one of ${list.replaceAll('|', ', ')}`,
    )
    .replace(/^Invalid input: expected (\w+), received undefined$/, 'it is missing')
    .replace(/^Invalid input: expected (\w+), received (\w+)$/, 'it takes a $1, not a $2')
    .replace(/^Unrecognized keys?: (.+)$/, 'there is no field $1')
    .replace(/^Too (?:small|big): expected (.+)$/, 'it takes $1')
    .replace(/\bthe body\b/gi, 'it')
    .replace(/\.$/, '')
