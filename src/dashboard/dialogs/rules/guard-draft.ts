/** The rules of a switch as a form holds them, in texts, and as the service takes them. Pure. */
import type { Guard } from '../../api/answer-types.ts'
import { toGuardType, type GuardType } from '../../text/guard-words.ts'
import { splitList } from '../../text/marks.ts'

export type GuardDraft = {
  type: GuardType
  /** One on each line. */
  choices: string
  min: string
  max: string
  integer: boolean
  minLength: string
  maxLength: string
  /** '': it has none */
  safe: string
  /** The longest time away from the safe value, such as `2h`. '': any */
  longest: string
  approvals: boolean
  reasonRequired: boolean
  text: string
  owner: string
  runbook: string
}

const EMPTY: GuardDraft = {
  type: 'boolean',
  choices: '',
  min: '',
  max: '',
  integer: false,
  minLength: '',
  maxLength: '',
  safe: '',
  longest: '',
  approvals: false,
  reasonRequired: false,
  text: '',
  owner: '',
  runbook: '',
}

/** What a new switch of this type begins with. */
export const createDraft = (type: GuardType, kept: Partial<GuardDraft> = {}): GuardDraft => ({
  ...EMPTY,
  ...kept,
  type,
  safe: type === 'boolean' ? 'false' : '',
  longest: type === 'boolean' ? (kept.longest ?? '') : '',
})

export function toDraft(guard: Guard): GuardDraft {
  const { choices = [], min, max, min_length: minLength, max_length: maxLength, about = {} } = guard
  return {
    type: toGuardType(guard.type) ?? 'text',
    choices: choices.join('\n'),
    min: toText(min),
    max: toText(max),
    integer: guard.integer === true,
    minLength: toText(minLength),
    maxLength: toText(maxLength),
    safe: guard.safe_value ?? '',
    longest: guard.max_for ?? '',
    approvals: guard.approvals === 1,
    reasonRequired: guard.reason_required === true,
    text: about.text ?? '',
    owner: about.owner ?? '',
    runbook: about.runbook ?? '',
  }
}

const toText = (number: number | undefined): string => (number === undefined ? '' : String(number))

/** @param before the guard that the form began with: what the form has no field for stays as it was */
export function toGuard(draft: GuardDraft, before?: Guard): Guard {
  const about = {
    ...(draft.text !== '' && { text: draft.text }),
    ...(draft.owner !== '' && { owner: draft.owner }),
    ...(draft.runbook.trim() !== '' && { runbook: draft.runbook.trim() }),
  }
  return {
    type: draft.type,
    ...toLimits(draft, before?.type === draft.type ? before : undefined),
    ...(draft.safe !== '' && { safe_value: draft.safe }),
    ...(draft.longest !== '' && draft.safe !== '' && { max_for: draft.longest }),
    ...(draft.approvals && { approvals: 1 as const }),
    ...(draft.reasonRequired && { reason_required: true }),
    ...(Object.keys(about).length > 0 && { about }),
  }
}

function toLimits(draft: GuardDraft, before: Guard | undefined): Partial<Guard> {
  const { type, min, max, integer, minLength, maxLength } = draft
  if (type === 'choice' || type === 'split') {
    const choices = toChoices(draft.choices, before)
    return type === 'choice' || choices.length > 0 ? { choices } : {}
  }
  if (type === 'percentage') return { ...toNumber('min', min), ...toNumber('max', max) }
  if (type === 'number') return { ...toNumber('min', min), ...toNumber('max', max), ...(integer && { integer: true }) }
  if (type === 'text') return { ...toNumber('min_length', minLength), ...toNumber('max_length', maxLength) }
  return type === 'json' && before?.schema !== undefined ? { schema: before.schema } : {}
}

/** Choices that were not edited stay exactly as they were, blanks and line ends included. */
export function toChoices(text: string, before?: Guard): string[] {
  if (before?.choices !== undefined && before.choices.join('\n') === text) return before.choices
  return [...new Set(splitList(text, '\n'))]
}

const toNumber = (name: string, text: string): Partial<Guard> => (text.trim() === '' ? {} : { [name]: Number(text) })
