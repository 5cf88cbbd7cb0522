/** How things are said: times, durations, changes, and refusals in words that need no knowledge of HTTP. */
import { h, write } from './dom.js'
import { brief } from './values.js'

const UNITS = /** @type {const} */ ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 })
const NAMES = { s: 's', m: 'min', h: 'h', d: 'd' }

/** In ms; null for what is no duration. */
export function durationMs(/** @type {string} */ text) {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  return digits === undefined ? null : Number(digits) * UNITS[/** @type {keyof typeof UNITS} */ (unit)]
}

/** `30m` as "30 min". */
export const durationText = (/** @type {string} */ text) =>
  text.replace(/([smhd])$/, (unit) => ` ${NAMES[/** @type {keyof typeof NAMES} */ (unit)]}`)

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** "03:42", with the day where it is not today. */
export function clock(/** @type {number} */ at) {
  const today = new Date().toDateString() === new Date(at).toDateString()
  return today ? CLOCK.format(at) : `${DAY.format(at)}, ${CLOCK.format(at)}`
}

export const fullTime = (/** @type {number} */ at) => FULL.format(at)

/** "4 min", "2 h 5 min", "3 d": how far away, in one direction or the other. */
export function span(/** @type {number} */ ms) {
  const s = Math.max(0, Math.round(ms / 1_000))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min`
  if (s < 86_400) return `${Math.floor(s / 3_600)} h${s % 3_600 >= 60 ? ` ${Math.floor((s % 3_600) / 60)} min` : ''}`
  return `${Math.floor(s / 86_400)} d`
}

export const ago = (/** @type {number} */ at) => (Date.now() - at < 5_000 ? 'just now' : `${span(Date.now() - at)} ago`)

/** A time in words. They are true for a while: `tick` says them anew. */
export function timeOf(/** @type {number} */ at, /** @type {'ago' | 'in'} */ sense) {
  const time = h('time', { datetime: new Date(at).toISOString(), 'data-sense': sense })
  tell(time)
  return time
}

function tell(/** @type {HTMLTimeElement} */ time) {
  const at = Date.parse(time.dateTime)
  write(time, time.dataset['sense'] === 'ago' ? ago(at) : span(at - Date.now()))
}

export const tick = () =>
  document.querySelectorAll('time[data-sense]').forEach((time) => tell(/** @type {HTMLTimeElement} */ (time)))

const DID = /** @type {Record<string, string>} */ ({
  put: 'Changed',
  delete: 'Removed',
  patch: 'Changed',
  undo: 'Undone',
  import: 'Imported',
  revert: 'Went back',
  set_guard: 'Guard set',
  remove_guard: 'Guard removed',
  freeze: 'Frozen',
  unfreeze: 'Freeze ended',
  add_token: 'Token made',
  revoke_token: 'Token revoked',
  rotate_master: 'Master token replaced',
  drop_held: 'Held change dropped',
  recovered: 'Recovered: it had gone back',
})

/** What one entry of history did, in two or three words. */
export function did(
  /** @type {Pick<import('./shapes.d.ts').Entry, 'kind' | 'undoes' | 'ends'>} */ { kind, undoes, ends },
) {
  if (undoes !== undefined) return `Undid revision ${undoes}`
  if (kind === 'revert' && ends !== undefined) return `Time over: revision ${ends} went back`
  return (Object.hasOwn(DID, kind) && DID[kind]) || String(kind)
}

/** What a held change would do: the values it writes, by key. Null: the key is taken away. */
/** @returns {{ key: string, after: string | null }[]} */
export function writes(/** @type {import('./shapes.d.ts').Change} */ change) {
  if (change.kind === 'put') return [{ key: change.key ?? 'a new key', after: change.value ?? null }]
  if (change.kind === 'delete') return [{ key: change.key ?? '', after: null }]
  if (change.kind === 'patch') return (change.changes ?? []).map(({ key, value }) => ({ key, after: value }))
  if (change.kind === 'import') return (change.items ?? []).map(({ key, value }) => ({ key, after: value }))
  return []
}

/** A held change that writes no values of its own. */
export function plans(/** @type {import('./shapes.d.ts').Change} */ change) {
  if (change.kind === 'undo') return `Undo revision ${change.revision}`
  if (change.kind === 'set_guard') return `Set the guard of ${change.key}`
  if (change.kind === 'remove_guard') return `Remove the guard of ${change.key}`
  if (change.kind === 'approve') return 'Approve a held change'
  return String(change.kind)
}

/** In plain words: what the matter is, and what to do about it. */
export function explain(/** @type {import('./call.js').Refused} */ { code, message, detail, facts }) {
  // A code is somebody else's text: "constructor" is none of these.
  const say = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined
  return say === undefined ? { title: message, hint: detail } : { title: say.title ?? message, hint: say.hint(facts) }
}

/** @type {Record<string, { title?: string, hint(facts: any): string }>} */
const EXPLANATIONS = {
  version_conflict: {
    title: 'It changed while you were looking',
    hint: () => 'Nothing was changed by you. Look at what it is now, then decide.',
  },
  frozen: {
    hint: ({ until, by, reason, may_break_glass }) =>
      `${by ?? 'Somebody'} froze it${until ? ` until ${clock(Date.parse(until) || until)}` : ''}${reason ? `: ${brief(reason, 200)}` : ''}. ` +
      (may_break_glass
        ? 'In an emergency break the glass: say why below. It is recorded.'
        : 'Your token may not break the glass; ask somebody whose token may.'),
  },
  reason_required: { hint: () => 'This switch is changed with a reason only. Write one below.' },
  time_box_required: {
    hint: ({ max_for, safe_value }) =>
      `This switch may leave ${brief(safe_value)} for at most ${durationText(String(max_for))}. Choose how long.`,
  },
  not_awaiting_approval: { hint: () => 'It waits for its time or its link, not for a person.' },
  requester_gone: { hint: () => 'Their token was revoked or has expired. Decline it, and ask anew.' },
  master_token: { hint: () => 'It can only be replaced by another one.' },
  held_not_found: {
    title: 'It waits no longer',
    hint: () => 'It was released, declined or cancelled, or has expired. History says which.',
  },
}
