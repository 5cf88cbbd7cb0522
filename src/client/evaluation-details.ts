/**
 * Evaluates the text of a flag as a typed value, with the code that the service evaluates with for OpenFeature: both agree on a
 * flag that is read as the type of its guard. Evaluation never throws and sends no request. A text that does not fit gives the
 * caller's default, with the reason.
 */
import { getBucket, getShare } from '../model/evaluation/rollout.ts'
import { parseShares, type Shares } from '../model/evaluation/shares.ts'

export type Kind = 'boolean' | 'number' | 'json' | 'percentage' | 'split'

export type EvaluationDetails<T> = {
  value: T
  /**
   * - `flag`: the value of the flag
   * - `default`: the flag is `null` as JSON, which asks for the default
   * - `missing`: the stash has no such flag
   * - `empty`: the client has received or loaded no flags yet
   * - `type_mismatch`: the text of the flag is not of this type
   * - `targeting_key_missing`: the flag is a rollout, and the target is empty
   * - `reverted`: the time-box of the flag has ended by the clock, and the service has not sent that yet. The value is the
   *   one from before the time-box, or the default if the flag did not exist then
   * - `override`: the value is that of an override in this process
   */
  reason: 'flag' | 'default' | 'missing' | 'empty' | 'type_mismatch' | 'targeting_key_missing' | 'reverted' | 'override'
}

type Is<T> = (value: unknown) => value is T

/** By kind: what was made of the text that was last read, so that reads of the same text parse it once. */
export type Rules = Partial<Record<Kind, Rule>>

/** `shares` is undefined if the text does not fit. `reported`: whether that has been reported. */
type Rule = { text: string; shares: Shares | undefined; reported: boolean }

/**
 * @param read the text to evaluate, and the rules of its flag
 * @param key the whole key, which the service hashes too
 * @param onMismatch is called at the first read of a text that does not fit
 */
export function evaluate<T>(
  { text, rules }: { text: string; rules: Rules },
  kind: Kind,
  key: string,
  fallback: T,
  is: Is<T>,
  target: unknown,
  onMismatch: () => void,
): EvaluationDetails<T> {
  let rule = rules[kind]
  if (rule?.text !== text) rules[kind] = rule = { text, shares: parseShares(text, kind), reported: false }
  if (rule.shares !== undefined) {
    const { values, ends } = rule.shares
    let [value] = values
    if (values.length > 1) {
      if (typeof target !== 'string' || target === '') return { value: fallback, reason: 'targeting_key_missing' }
      value = values[getShare(ends, getBucket(key, target))]
    }
    if (value === undefined) return { value: fallback, reason: 'default' }
    // JSON is parsed for each read, because a caller may change the object that it got.
    if (kind === 'json') value = JSON.parse(text)
    try {
      if (is(value)) return { value, reason: 'flag' }
    } catch {
      // The check is the caller's own. A value that it throws on does not fit.
    }
  }
  if (!rule.reported) onMismatch()
  rule.reported = true
  return { value: fallback, reason: 'type_mismatch' }
}
