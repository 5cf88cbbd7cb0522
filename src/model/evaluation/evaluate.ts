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
import { getShare } from './rollout.ts'
import { parseShares } from './shares.ts'
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
  const shares = parseShares(text, guard)
  if (shares === undefined) return { kind: 'type_mismatch', guard: String(guard) }
  const { values, ends } = shares
  const [only] = values
  if (values.length > 1)
    return { kind: 'shared', outcomes: values.map((value) => toOutcome(value, guard, 'SPLIT')), ends }
  return { kind: 'same', outcome: only === undefined ? { reason: 'DEFAULT' } : toOutcome(only, guard, 'STATIC') }
}

/** The outcome for users of this bucket: see `getBucket`. */
export function chooseOutcome({ outcomes, ends }: Extract<Rule, { kind: 'shared' }>, bucket: number): Outcome {
  const outcome = outcomes[getShare(ends, bucket)]
  if (outcome === undefined) throw new Error('the shares do not cover every bucket')
  return outcome
}

const toOutcome = (value: unknown, guard: string | undefined, reason: Outcome['reason']): Outcome => ({
  value,
  variant: toVariant(value, guard),
  reason,
})

function toVariant(value: unknown, guard: string | undefined): string {
  if (guard === 'boolean' || guard === 'percentage') return value === true ? 'on' : 'off'
  // A flag of another type has one variant.
  return guard === 'split' || guard === 'choice' ? String(value) : 'default'
}
