/** Words the rules of a switch for people who know nothing of guards. */
import type { Guard } from '../api/answer-types.ts'
import { brief } from './marks.ts'

export const TYPES = ['boolean', 'choice', 'percentage', 'number', 'text', 'email', 'url', 'json', 'split'] as const
export type GuardType = (typeof TYPES)[number]

export const TYPE_NAMES: Record<GuardType, string> = {
  boolean: 'On/off',
  choice: 'Choice',
  percentage: 'Percentage',
  number: 'Number',
  text: 'Text',
  email: 'E-mail',
  url: 'URL',
  json: 'JSON',
  split: 'Split',
}

export const toGuardType = (type: string): GuardType | undefined => TYPES.find((known) => known === type)

/** A newer service may have types that this page does not know. */
export function nameType(type: string): string {
  const known = toGuardType(type)
  return known === undefined ? brief(type) : TYPE_NAMES[known]
}

/** Which values it takes. */
export function describeLimits(guard: Guard): string {
  const { type, choices = [], min, max, integer = false, min_length: shortest, max_length: longest, schema } = guard
  if (type === 'boolean') return 'true or false'
  if (type === 'choice') return listChoices(choices)
  if (type === 'percentage') return describeRange(min ?? 0, max ?? 100, 'percent')
  if (type === 'number') {
    if (min === undefined && max === undefined) return integer ? 'any whole number' : 'any number'
    return `${integer ? 'whole numbers' : 'numbers'}, ${describeRange(min, max)}`
  }
  if (type === 'text')
    return shortest === undefined && longest === undefined ? 'any text' : describeRange(shortest, longest, 'characters')
  if (type === 'email') return 'one e-mail address'
  if (type === 'url') return 'one http or https URL'
  if (type === 'json') return schema === undefined ? 'JSON' : 'JSON that its schema permits'
  if (type === 'split') return choices.length === 0 ? 'JSON of weights' : `JSON of weights of ${listChoices(choices)}`
  return ''
}

const SHOWN_CHOICES = 20

function listChoices(choices: string[]): string {
  const shown = choices.slice(0, SHOWN_CHOICES).map((choice) => brief(choice))
  const more = choices.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function describeRange(min: number | undefined, max: number | undefined, unit = ''): string {
  const text = min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `${min} to ${max}`
  return unit === '' ? text : `${text} ${unit}`
}

/** The address, if a page may link it: nothing but http and https. */
export function toWebAddress(text: string | undefined): string | undefined {
  if (text === undefined || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const { protocol, href } = new URL(text)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}
