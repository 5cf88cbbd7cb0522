/**
 * Turns a flag's text into a typed value. `guard` says which type it has, and whether it is rolled out by shares: the guard of
 * its key, or in the client the type that the caller asks for.
 *
 *   boolean             → true or false                      STATIC
 *   number              → a number                           STATIC
 *   json                → the parsed value; null: no value   STATIC, DEFAULT
 *   percentage          → true for that share of users       SPLIT; STATIC at 0 and 100, which need no targeting key
 *   split               → one of the names, by bucket        SPLIT; STATIC where one name has all the weight
 *   any other, or none  → the text                           STATIC
 */
import { parseJson } from '../parse-json.ts'
import { getBucketEnds, getShare } from './rollout.ts'
import type { Flag } from '../snapshot/snapshot.ts'

/** Without `value`, the caller's own default applies. */
export type Outcome = { value?: unknown; variant?: string; reason: 'STATIC' | 'SPLIT' | 'DEFAULT' }

export type Rule =
  | { kind: 'same'; outcome: Outcome }
  /** One outcome per share; `ends` are in buckets. */
  | { kind: 'shared'; outcomes: Outcome[]; ends: number[] }
  /** The text is not of this type. The guard of a key excludes that; a client's caller may ask for any type. */
  | { kind: 'type_mismatch'; guard: string }

export function createRule({ value: text, guard }: Flag): Rule {
  switch (guard) {
    case 'boolean':
      return text === 'true' || text === 'false'
        ? same(text === 'true', text === 'true' ? 'on' : 'off')
        : typeMismatch(guard)
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? same(Number(text), DEFAULT) : typeMismatch(guard)
    case 'json':
      return jsonRule(text)
    case 'percentage':
      return percentageRule(text)
    case 'split':
      return splitRule(text)
    case 'choice':
      return same(text, text)
    default:
      return same(text, DEFAULT)
  }
}

/** The outcome for users of this bucket: see `getBucket`. */
export function chooseOutcome({ outcomes, ends }: Extract<Rule, { kind: 'shared' }>, bucket: number): Outcome {
  const outcome = outcomes[getShare(ends, bucket)]
  if (outcome === undefined) throw new Error('the shares do not cover every bucket')
  return outcome
}

/** The variant name of a flag that has one variant. */
const DEFAULT = 'default'

const same = (value: unknown, variant: string): Rule => ({
  kind: 'same',
  outcome: { value, variant, reason: 'STATIC' },
})

const typeMismatch = (guard: string): Rule => ({ kind: 'type_mismatch', guard })

function jsonRule(text: string): Rule {
  const parsed = parseJson(text)
  if (parsed === undefined) return typeMismatch('json')
  // OFREP clients treat null as an error. A missing value means that the client's default applies.
  return parsed.value === null ? { kind: 'same', outcome: { reason: 'DEFAULT' } } : same(parsed.value, DEFAULT)
}

function percentageRule(text: string): Rule {
  const share = text.trim() === '' ? NaN : Number(text)
  if (!(share >= 0 && share <= 100)) return typeMismatch('percentage')
  return sharedRule([
    { value: true, variant: 'on', weight: share },
    { value: false, variant: 'off', weight: 100 - share },
  ])
}

function splitRule(text: string): Rule {
  const weights = parseJson(text)?.value
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights)) return typeMismatch('split')
  const shares = Object.entries(weights).map(([name, weight]) => ({
    value: name,
    variant: name,
    // Number() would also accept "1", [1] and null.
    weight: typeof weight === 'number' ? weight : NaN,
  }))
  const total = shares.reduce((sum, { weight }) => sum + (weight >= 0 ? weight : NaN), 0)
  return total > 0 && Number.isFinite(total) ? sharedRule(shares) : typeMismatch('split')
}

function sharedRule(shares: { value: unknown; variant: string; weight: number }[]): Rule {
  const wanted = shares.filter(({ weight }) => weight > 0)
  const [only] = wanted
  if (only !== undefined && wanted.length === 1) return same(only.value, only.variant)
  return {
    kind: 'shared',
    outcomes: wanted.map(({ value, variant }) => ({ value, variant, reason: 'SPLIT' })),
    ends: getBucketEnds(wanted.map(({ weight }) => weight)),
  }
}
