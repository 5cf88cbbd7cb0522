/**
 * What a flag's text means to a program: the guard on its key says which type it has, and whether it is rolled out by shares.
 *
 *   boolean             → true or false                      STATIC
 *   number              → a number                           STATIC
 *   json                → what it holds; null: no value      STATIC, DEFAULT
 *   percentage          → true for so many users, by bucket  SPLIT; at 0 and 100 nobody is asked who they are: STATIC
 *   split               → one of the names, by bucket        SPLIT; with one name left: STATIC
 *   any other, or none  → the text                           STATIC
 */
import { parseJson } from '../parse-json.ts'
import { getBucketEnds, getShare } from './rollout.ts'
import type { Flag } from '../snapshot/snapshot.ts'

/** Without a value the caller's own default counts. */
export type Outcome = { value?: unknown; variant?: string; reason: 'STATIC' | 'SPLIT' | 'DEFAULT' }

export type Rule =
  | { kind: 'same'; outcome: Outcome }
  /** One outcome per share; `ends` are in buckets. */
  | { kind: 'shared'; outcomes: Outcome[]; ends: number[] }
  /** The text is not what its guard demands: a copy from before the guard was set. */
  | { kind: 'misfit'; guard: string }

export function createRule({ value: text, guard }: Flag): Rule {
  switch (guard) {
    case 'boolean':
      return text === 'true' || text === 'false' ? same(text === 'true', text === 'true' ? 'on' : 'off') : misfit(guard)
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? same(Number(text), DEFAULT) : misfit(guard)
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

/** What whoever falls into this bucket gets: see `bucketOf`. */
export function chooseOutcome({ outcomes, ends }: Extract<Rule, { kind: 'shared' }>, bucket: number): Outcome {
  const outcome = outcomes[getShare(ends, bucket)]
  if (outcome === undefined) throw new Error('the shares do not cover every bucket')
  return outcome
}

/** The variant of a flag that has no others. */
const DEFAULT = 'default'

const same = (value: unknown, variant: string): Rule => ({
  kind: 'same',
  outcome: { value, variant, reason: 'STATIC' },
})

const misfit = (guard: string): Rule => ({ kind: 'misfit', guard })

function jsonRule(text: string): Rule {
  const parsed = parseJson(text)
  if (parsed === undefined) return misfit('json')
  // Clients take null for an error; a missing value is how the protocol says "your default".
  return parsed.value === null ? { kind: 'same', outcome: { reason: 'DEFAULT' } } : same(parsed.value, DEFAULT)
}

function percentageRule(text: string): Rule {
  const share = text.trim() === '' ? NaN : Number(text)
  if (!(share >= 0 && share <= 100)) return misfit('percentage')
  return sharedRule([
    { value: true, variant: 'on', weight: share },
    { value: false, variant: 'off', weight: 100 - share },
  ])
}

function splitRule(text: string): Rule {
  const weights = parseJson(text)?.value
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights)) return misfit('split')
  const shares = Object.entries(weights).map(([name, weight]) => ({
    value: name,
    variant: name,
    // Number would take "1", [1] and null for one.
    weight: typeof weight === 'number' ? weight : NaN,
  }))
  const total = shares.reduce((sum, { weight }) => sum + (weight >= 0 ? weight : NaN), 0)
  return total > 0 && Number.isFinite(total) ? sharedRule(shares) : misfit('split')
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
