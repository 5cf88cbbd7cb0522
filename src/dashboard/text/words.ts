/** How the page words times, durations, changes and refusals: for readers who know nothing of HTTP. */
import type { RefusedError } from '../../client/requests/errors.ts'
import { describeError } from '../api/call.ts'
import type { Change, HistoryEntry } from '../api/answer-types.ts'
import { brief } from './marks.ts'

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNIT_NAMES: Record<string, string> = { s: 's', m: 'min', h: 'h', d: 'd' }

/** In ms; null if it is no duration. */
export function durationMs(text: string): number | null {
  const [, digits, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit]
  return unitMs === undefined ? null : Number(digits) * unitMs
}

/** `30m` as "30 min". */
export const durationText = (text: string): string => text.replace(/([smhd])$/, (unit) => ` ${UNIT_NAMES[unit]}`)

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** "03:42", with the day unless it is today. */
export function clock(at: number): string {
  const isToday = new Date().toDateString() === new Date(at).toDateString()
  return isToday ? CLOCK.format(at) : `${DAY.format(at)}, ${CLOCK.format(at)}`
}

export const fullTime = (at: number): string => FULL.format(at)

/** "4 min", "2 h 5 min", "3 d". */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min`
  if (s < 86_400) return `${Math.floor(s / 3_600)} h${s % 3_600 >= 60 ? ` ${Math.floor((s % 3_600) / 60)} min` : ''}`
  return `${Math.floor(s / 86_400)} d`
}

/** In the first minute "just now": a text that changes each second would move its neighbours. */
export const ago = (at: number, now: number): string => (now - at < 60_000 ? 'just now' : `${span(now - at)} ago`)

/** "in 28 min (03:12)". */
export const inFuture = (at: number, now: number): string => `in ${span(at - now)} (${clock(at)})`

const KINDS = new Map([
  ['put', 'Changed'],
  ['delete', 'Deleted'],
  ['patch', 'Changed'],
  ['undo', 'Undone'],
  ['import', 'Imported'],
  ['revert', 'Ended by time'],
  ['set_guard', 'Guard set'],
  ['remove_guard', 'Guard removed'],
  ['freeze', 'Frozen'],
  ['unfreeze', 'Freeze ended'],
  ['add_token', 'Token created'],
  ['revoke_token', 'Token revoked'],
  ['rotate_token', 'Token replaced'],
  ['recover', 'Master token recovered'],
  ['describe', 'Stash described'],
  ['rotate_master', 'Master token replaced'],
  ['drop_held', 'Pending change cancelled'],
  ['recovered', 'Recovered from KV'],
])

/** What an entry of history did, in two or three words. */
export function describeEntry({ kind, undoes, ends }: Pick<HistoryEntry, 'kind' | 'undoes' | 'ends'>): string {
  if (undoes !== undefined) return `Undid revision ${undoes}`
  if (kind === 'revert' && ends !== undefined) return `Ended by time: revision ${ends}`
  return KINDS.get(kind) ?? kind
}

/** The values that a held change would write, by key. null: the key would be removed. */
export function listWrites({ kind, key, value, changes = [], items = [] }: Change): WriteOfKey[] {
  if (kind === 'put') return [{ key: key ?? 'a new key', after: value ?? null }]
  if (kind === 'delete') return [{ key: key ?? '', after: null }]
  if (kind === 'patch') return changes.map((change) => ({ key: change.key, after: change.value }))
  if (kind === 'import') return items.map((item) => ({ key: item.key, after: item.value }))
  return []
}

type WriteOfKey = { key: string; after: string | null }

/** For a held change that writes no values itself. */
export function describeChange({ kind, key, revision }: Change): string {
  if (kind === 'undo') return `Undo revision ${revision}`
  if (kind === 'set_guard') return `Set the guard of ${key}`
  if (kind === 'remove_guard') return `Remove the guard of ${key}`
  if (kind === 'approve') return 'Approve a pending change'
  return kind
}

type Facts = RefusedError['facts']
type Explanation = { title?: string; hint?(facts: Facts): string }

/** The title of a refusal, and advice for the person. */
export function explain(error: RefusedError): { title: string; hint: string } {
  const known = EXPLANATIONS.get(error.code)
  const title = known?.title ?? describeError(error)
  return { title, hint: known?.hint?.(error.facts) ?? error.detail }
}

/** A fact as text; undefined if it is absent or null. */
const textFact = (fact: unknown): string | undefined => (typeof fact === 'string' && fact !== '' ? fact : undefined)

function describeFreeze(facts: Facts): string {
  const [until, by, reason] = [textFact(facts['until']), textFact(facts['by']), textFact(facts['reason'])]
  const end = until === undefined ? '' : ` until ${clock(Date.parse(until))}`
  const why = reason === undefined ? '' : `: ${brief(reason, 200)}`
  const keys: unknown = facts['keys']
  const what = Array.isArray(keys) ? `the keys ${brief(keys.join(', '), 200)}` : 'the stash'
  return (
    `${by ?? 'A person'} froze ${what}${end}${why}. ` +
    (facts['may_break_glass'] === true
      ? 'In an emergency you can override the freeze with a reason. It is logged.'
      : 'Your token may not override a freeze. Ask a person whose token may.')
  )
}

const EXPLANATIONS = new Map<string, Explanation>([
  ['guard_mismatch', { title: 'Its rules do not allow this value' }],
  [
    'version_conflict',
    {
      title: 'It changed while you were looking',
      hint: () => 'You have changed nothing. Look at what it is now, then decide.',
    },
  ],
  ['frozen', { hint: describeFreeze }],
  ['reason_required', { hint: () => 'This switch needs a reason. Write one below.' }],
  [
    'time_box_required',
    {
      hint: ({ max_for: longest, safe_value: safe }) =>
        `This switch may leave ${brief(textFact(safe) ?? null)} for at most ${durationText(String(longest))}. Choose how long.`,
    },
  ],
  ['not_awaiting_approval', { hint: () => 'It waits for its time or for its link, not for an approval.' }],
  [
    'requester_gone',
    { hint: () => 'The token that asked for it was revoked or has expired. Decline it, and ask again.' },
  ],
  [
    'granted_after_request',
    {
      title: 'Your token is newer than this request',
      hint: () =>
        'A master token asked for it. Only a token that was there before can approve it. Decline it, and ask again.',
    },
  ],
  [
    'label_taken',
    {
      title: 'This name is taken',
      hint: ({ label }) =>
        `A valid token has the name ${brief(textFact(label) ?? null)}. Choose another one, or replace that token.`,
    },
  ],
  ['master_token', { hint: () => 'A master token can only be replaced by another one.' }],
  [
    'own_request',
    {
      title: 'A second person has to approve it',
      hint: () =>
        'You asked for this change, or your token was made by the one that did. Ask another person to approve it.',
    },
  ],
  [
    'stash_not_found',
    {
      title: 'This stash does not exist any more',
      hint: () => 'Nothing was changed.',
    },
  ],
  [
    'held_not_found',
    {
      title: 'It is no longer pending',
      hint: () => 'It was applied, declined or cancelled, or has expired. The history says which.',
    },
  ],
])
