/**
 * Guards: the rule that every value of one key must satisfy, and what a change of the key requires besides. A value is
 * checked as the exact text: `true` is a boolean, `True` and ` true` are not, because the services that read it compare
 * texts. With `safe_value` and `max_for`, a change to any other value than the safe one must be time-boxed.
 */
import * as z from 'zod'
import { durationSchema, parseDuration } from '../duration.ts'
import { countBytes } from '../item.ts'
import { findSchemaViolations, ValidationBudget } from './validate.ts'
import { isShallow, TOO_DEEP, vetSchema } from './vet-schema.ts'
import { parseJson } from '../parse-json.ts'
import type { Issue } from '../issue.ts'

export const STASH_MAX_GUARDS = 1_000
export const GUARD_MAX_BYTES = 16 * 1024
/** Every copy of the stash has these texts, so they are shorter than a guard may be. */
const ABOUT_TEXT_MAX_CHARS = 300
const NOT_TEXT = 'must be valid Unicode: it has half a surrogate pair'
const isWellFormed = (text: string): boolean => text.isWellFormed()
/** The limit of all guards of a stash, as JSON: a change of many keys reads all their guards. */
export const STASH_MAX_GUARD_BYTES = 1024 * 1024

/** The description of a key. `text` is public; `owner` and `runbook` take a token. Each limit is in characters. */
const about = z
  .strictObject({
    text: z.string().min(1).max(ABOUT_TEXT_MAX_CHARS).refine(isWellFormed, NOT_TEXT).optional(),
    owner: z.string().min(1).max(100).refine(isWellFormed, NOT_TEXT).optional(),
    runbook: z.string().max(500).refine(isWebUrl, 'takes one http or https URL').optional(),
  })
  .meta({
    description: 'What the flag is for. `text` is public; reading `owner` and `runbook` takes a token.',
  })

const demands = {
  about: about.optional(),
  safe_value: z.string().max(1_000).optional(),
  approvals: z.union([z.literal(0), z.literal(1)]).optional(),
  reason_required: z.boolean().optional(),
  max_for: durationSchema.optional(),
}
const count = z.int().min(0).max(65_536).optional()
const limit = z.number().optional()
const share = z.number().min(0).max(100).optional()
const names = z.array(z.string().min(1).max(200)).min(1).max(100)

const kinds = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('boolean'), ...demands }),
  z.strictObject({ type: z.literal('percentage'), min: share, max: share, ...demands }),
  z.strictObject({ type: z.literal('number'), min: limit, max: limit, integer: z.boolean().optional(), ...demands }),
  z.strictObject({ type: z.literal('choice'), choices: names, ...demands }),
  z.strictObject({ type: z.literal('text'), min_length: count, max_length: count, ...demands }),
  z.strictObject({ type: z.literal('email'), ...demands }),
  z.strictObject({ type: z.literal('url'), ...demands }),
  z.strictObject({
    type: z.literal('json'),
    schema: z
      .unknown()
      .optional()
      .refine((schema) => isShallow(schema), TOO_DEEP),
    ...demands,
  }),
  z.strictObject({ type: z.literal('split'), choices: names.optional(), ...demands }),
])

export type Guard = z.output<typeof kinds>

/**
 * The shape of a guard only: when a body is parsed, the caller is not authenticated yet. `findGuardIssues` checks the rest,
 * which costs more, after the stash has authenticated the token.
 */
export const guardSchema = kinds
  .refine(
    (guard) => countBytes(JSON.stringify(guard)) <= GUARD_MAX_BYTES,
    `a guard is at most ${GUARD_MAX_BYTES} bytes of JSON`,
  )
  .meta({ id: 'Guard' })

/** Why a guard is invalid: its schema is not accepted, no value fits its limits, or its safe value is missing or does not fit. */
export function findGuardIssues(guard: Guard, budget: ValidationBudget): Issue[] | 'over budget' {
  const examined = guard.type === 'json' && guard.schema !== undefined ? vetSchema(guard.schema, budget) : []
  if (examined === 'over budget') return examined
  const issues: Issue[] = [...examined]
  if ('min' in guard && guard.min !== undefined && guard.max !== undefined && guard.min > guard.max)
    issues.push({ path: 'min', message: 'is more than max' })
  if (guard.type === 'number' && guard.integer === true && Math.ceil(guard.min ?? 0) > (guard.max ?? Infinity))
    issues.push({ path: 'integer', message: 'no whole number lies between min and max' })
  if (guard.type === 'text' && (guard.min_length ?? 0) > (guard.max_length ?? Infinity))
    issues.push({ path: 'min_length', message: 'is more than max_length' })
  if (guard.max_for !== undefined && guard.safe_value === undefined)
    issues.push({ path: 'safe_value', message: 'is needed with max_for: leaving it is what must be time-boxed' })
  if (guard.safe_value !== undefined && issues.length === 0) {
    const violations = findViolations(guard, guard.safe_value, budget)
    if (violations === 'over budget') return violations
    const [violation] = violations
    if (violation !== undefined) issues.push({ path: 'safe_value', message: `does not fit: ${violation.message}` })
  }
  return issues
}

/** Why `value` does not fit this guard, with what is expected. Empty: it fits. 'over budget': it was not checked. */
export function findViolations(guard: Guard, value: string, budget = new ValidationBudget()): Issue[] | 'over budget' {
  switch (guard.type) {
    case 'boolean':
      return value === 'true' || value === 'false' ? [] : expects('true or false, in small letters and nothing else')
    case 'percentage':
      if (!PERCENTAGE.test(value) || Number(value) > 100) return expects('0 to 100, with at most three decimals')
      return findRangeViolations(guard, Number(value))
    case 'number':
      if (!NUMBER.test(value) || !Number.isFinite(Number(value))) return expects('a number such as 7, -0.5 or 1e3')
      if (guard.integer === true && !Number.isSafeInteger(Number(value))) return expects('a whole number')
      return findRangeViolations(guard, Number(value))
    case 'choice':
      return guard.choices.includes(value) ? [] : expects(`one of ${guard.choices.join(', ')}`)
    case 'text': {
      const { min_length: min = 0, max_length: max = Infinity } = guard
      const length = [...value].length
      return length >= min && length <= max ? [] : expects(`${formatRange(min, max)} characters`)
    }
    case 'email':
      return value.length <= 254 && z.email().safeParse(value).success ? [] : expects('one e-mail address')
    case 'url':
      return isWebUrl(value) ? [] : expects('one http or https URL')
    case 'json':
      return jsonIssues(guard.schema, value, budget)
    case 'split':
      return splitIssues(guard.choices, value)
  }
}

/** Whether `value` (null: the key is deleted) is another value than the safe one. */
export const isUnsafe = (guard: Guard, value: string | null): boolean =>
  guard.safe_value !== undefined && value !== guard.safe_value

/** Whether `value` is the safe value; null where the guard has none. */
export const isSafe = ({ safe_value: safe }: Guard, value: string): boolean | null =>
  safe === undefined ? null : value === safe

/** The longest time-box of an unsafe value, in ms; null where such values may stay for good. */
export const getMaxForMs = ({ max_for: text }: Guard): number | null =>
  text === undefined ? null : parseDuration(text)

const PERCENTAGE = /^(?:0|[1-9]\d{0,2})(?:\.\d{1,3})?$/
/** The grammar of numbers in JSON. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const expects = (expected: string): Issue[] => [{ path: '', message: `takes ${expected}` }]

type Range = { min?: number | undefined; max?: number | undefined }

function findRangeViolations({ min = -Infinity, max = Infinity }: Range, value: number): Issue[] {
  return value >= min && value <= max ? [] : expects(formatRange(min, max))
}

function formatRange(min: number, max: number): string {
  if (max === Infinity) return `at least ${min}`
  return min === -Infinity ? `at most ${max}` : `${min} to ${max}`
}

function isWebUrl(value: string): boolean {
  // The URL parser accepts blanks, backslashes and missing slashes; a service that reads the value may not.
  return /^https?:\/\/[^\s\\/]/i.test(value) && !/[\s\\]/.test(value) && URL.canParse(value)
}

function jsonIssues(schema: unknown, value: string, budget: ValidationBudget): Issue[] | 'over budget' {
  const parsed = parseJson(value)
  if (parsed === undefined) return expects('JSON')
  return schema === undefined ? [] : findSchemaViolations(schema, value, budget)
}

const SPLIT_EXPECTED = 'JSON of weights such as {"blue": 90, "green": 10}: at least 0, not all of them 0'

function splitIssues(choices: string[] | undefined, value: string): Issue[] {
  const weights = parseJson(value)?.value
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights)) return expects(SPLIT_EXPECTED)
  const entries = Object.entries(weights as Record<string, unknown>)
  const total = entries.reduce((sum, [, weight]) => sum + (isWeight(weight) ? weight : NaN), 0)
  if (entries.length > 100 || !(total > 0)) return expects(SPLIT_EXPECTED)
  const stranger = entries.find(([name]) => choices !== undefined && !choices.includes(name))
  return stranger === undefined ? [] : expects(`weights of ${choices?.join(', ')}; "${stranger[0]}" is none of these`)
}

const isWeight = (raw: unknown): raw is number => typeof raw === 'number' && raw >= 0 && raw <= 1_000_000
