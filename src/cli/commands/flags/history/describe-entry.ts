/**
 * What an entry of history did, for people: the values before and after, or what happened to a guard, a token, a freeze or a
 * pending change. Everything in it was written by others: it goes through the Printer, which escapes it.
 */
import type { HistoryEntry } from '../../../api/answer-types.ts'
import { showValue } from '../../../output/print.ts'
import { formatTime } from '../../../output/time-text.ts'

type Dropped = NonNullable<HistoryEntry['dropped']>

/** The most values, guards or keys of one entry that are listed. An import may change a thousand. */
const LISTED_MAX = 12

/** `a: 1 → 2`, `token of bob created: write, of checkout.*`. */
export function describeEntry(entry: HistoryEntry): string {
  const own = DESCRIPTIONS[entry.kind]?.(entry) ?? ''
  const values = entry.changes.map(
    ({ key, before, after }) => `${key}: ${showState(before)} → ${showState(after, true)}`,
  )
  const guards = (entry.guards ?? []).map(describeGuardChange)
  const what = [...(own === '' ? [] : [own]), ...limitList([...values, ...guards])]
  return what.join(', ') || entry.kind.replaceAll('_', ' ')
}

/** Of a flag before or after a change. */
export const showState = (value: string | null, isAfter = false): string =>
  value === null ? (isAfter ? 'deleted' : 'no flag') : showValue(value)

/** Why, by what right, and until when. The reason comes first. */
export function describeCircumstances(entry: HistoryEntry): string {
  const { reason, approved_by: approver, broke_glass: glass, via, pressed_reason: pressed } = entry
  const { reverts_at: until, cancelled = [], shortened = [] } = entry
  const said = [
    reason,
    approver !== undefined && `approved by ${withReason(approver.label, approver.reason)}`,
    until !== undefined && `until ${formatTime(until)}`,
    glass !== undefined &&
      `broke the glass${glass.by === entry.who ? '' : ` (${glass.by})`}${glass.why && `: ${glass.why}`}`,
    via === 'link' && `by a link${pressed === undefined ? '' : `, used with the reason: ${pressed}`}`,
    cancelled.length > 0 && `ended ${limitList(cancelled).join(', ')}`,
    shortened.length > 0 && `shortened ${limitList(shortened).join(', ')}`,
  ]
  return said.filter((text) => typeof text === 'string' && text !== '').join('; ')
}

/** `by alice: why; until 03:08 (in 30 min)`. */
export function describeAuthor(entry: HistoryEntry): string {
  const more = describeCircumstances(entry)
  return `by ${entry.who}${more === '' ? '' : `${entry.reason ? ':' : ';'} ${more}`}`
}

const withReason = (name: string, reason: string | null | undefined): string => (reason ? `${name}: ${reason}` : name)

/** By the kind of the entry, what it did besides to values and guards. */
const DESCRIPTIONS: Record<string, (entry: HistoryEntry) => string> = {
  undo: ({ undoes }) => (undoes === undefined ? 'undo' : `undid revision ${undoes}`),
  import: () => 'import',
  revert: ({ ends, set_by: person }) =>
    `ended by time${ends === undefined ? '' : ` (revision ${ends}${person === undefined ? '' : `, by ${person.label}`})`}`,
  add_token: (entry) => describeToken(entry, 'created'),
  revoke_token: ({ token }) => (token === undefined ? 'a token was revoked' : `token of ${token.label} revoked`),
  rotate_token: (entry) => describeToken(entry, 'replaced') + describeOverlap(entry),
  rotate_master: (entry) => `master token replaced${describeOverlap(entry)}`,
  recover: ({ endsAll }) => `master token recovered${endsAll === true ? ', all other tokens ended' : ''}`,
  freeze: ({ freeze }) =>
    `froze ${freeze?.keys?.join(', ') ?? 'every flag'}, until ${freeze?.until ? formatTime(freeze.until) : '"unfreeze"'}`,
  unfreeze: ({ freeze }) => `ended the freeze of ${freeze?.keys?.join(', ') ?? 'every flag'}`,
  describe: ({ described }) =>
    described === undefined
      ? 'described the stash'
      : Object.entries(described.after)
          .map(
            ([field, text]) =>
              `${field} of the stash: ${text === null || text === undefined ? 'none' : showValue(text)}`,
          )
          .join(', '),
  drop_held: ({ dropped }) => (dropped === undefined ? 'dropped a pending change' : describeDropped(dropped)),
  recovered: ({ recovered }) =>
    `the storage was restored${recovered === undefined ? '' : `: from revision ${recovered.from}; readers had seen ${recovered.kv}`}`,
}

function describeToken({ token }: HistoryEntry, verb: string): string {
  if (token === undefined) return `a token was ${verb}`
  const { label, can, keys, expires_at: end } = token
  const what = `${can.join(', ').replaceAll('_', ' ')} of ${keys.includes('*') ? 'every flag' : limitList(keys).join(', ')}`
  return `token of ${label} ${verb}: ${what}${end === null ? '' : `, until ${formatTime(end)}`}`
}

const describeOverlap = ({ old_token_until: until }: HistoryEntry): string =>
  until === undefined ? '' : `, the old one works until ${formatTime(until)}`

function describeDropped({ held_id: id, kind, keys, because, does, made_by, reason, refusal }: Dropped): string {
  const about = limitList(keys).join(', ')
  const why = refusal === undefined ? '' : ` (${refusal.replaceAll('_', ' ')})`
  if (kind === 'revert') return `${because}${why}: the end of the time-box of ${about} (${id})`
  const what = `${does.replaceAll('_', ' ')} ${about}`.trimEnd()
  return `${because}${why}: ${what} (${id}), asked for by ${withReason(made_by, reason)}`
}

function describeGuardChange({ key, after }: NonNullable<HistoryEntry['guards']>[number]): string {
  // The service writes null or a guard, and a guard has its members at the top.
  const guard = after as Record<string, unknown> | null | undefined
  if (guard === null || guard === undefined) return `guard of ${key} removed`
  const { type, safe_value: safe, max_for: longest, approvals, reason_required: needsReason } = guard
  const rules = [
    String(type),
    typeof safe === 'string' && `safe value ${showValue(safe)}`,
    typeof longest === 'string' && `at most for ${longest}`,
    approvals === 1 && 'needs approval',
    needsReason === true && 'needs a reason',
  ]
  return `guard of ${key} set: ${rules.filter(Boolean).join(', ')}`
}

const limitList = (texts: readonly string[]): string[] =>
  texts.length <= LISTED_MAX ? [...texts] : [...texts.slice(0, LISTED_MAX), `and ${texts.length - LISTED_MAX} more`]
