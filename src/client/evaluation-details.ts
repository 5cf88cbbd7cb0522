/**
 * Evaluates the text of a flag as a typed value, with the code that the service evaluates with for OpenFeature: both agree on a
 * flag that is read as the type of its guard. Evaluation never throws and sends no request. A text that does not fit gives the
 * caller's default, with the reason.
 */
import { chooseOutcome, createRule, type Rule } from '../model/evaluation/evaluate.ts'
import { getBucket } from '../model/evaluation/rollout.ts'

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
   */
  reason: 'flag' | 'default' | 'missing' | 'empty' | 'type_mismatch' | 'targeting_key_missing' | 'reverted'
}

type Is<T> = (value: unknown) => value is T

/** `reported`: whether a mismatch of the text has been reported. */
type Entry = { text: string; rule: Rule; reported: boolean }

export class Evaluator {
  /** By kind and key: the rule of the text that was last read, so that reads of the same text make it once. */
  readonly #entries: Record<Kind, Map<string, Entry>> = {
    boolean: new Map(),
    number: new Map(),
    json: new Map(),
    percentage: new Map(),
    split: new Map(),
  }
  readonly #onMismatch: (key: string, kind: Kind) => void

  /** @param onMismatch is called at the first read of a text that does not fit */
  constructor(onMismatch: (key: string, kind: Kind) => void) {
    this.#onMismatch = onMismatch
  }

  evaluate<T>(kind: Kind, key: string, text: string, fallback: T, is: Is<T>, target?: string): EvaluationDetails<T> {
    const entry = this.#getEntry(kind, key, text)
    const { rule } = entry
    if (rule.kind === 'shared' && (typeof target !== 'string' || target === '')) {
      return { value: fallback, reason: 'targeting_key_missing' }
    }
    const value = evaluateRule(rule, kind, text, key, target ?? '')
    if (value === undefined) return { value: fallback, reason: 'default' }
    if (value !== MISMATCH && satisfies(value, is)) return { value, reason: 'flag' }
    if (!entry.reported) this.#onMismatch(key, kind)
    entry.reported = true
    return { value: fallback, reason: 'type_mismatch' }
  }

  forget(key: string): void {
    for (const entries of Object.values(this.#entries)) entries.delete(key)
  }

  #getEntry(kind: Kind, key: string, text: string): Entry {
    const known = this.#entries[kind].get(key)
    if (known?.text === text) return known
    const entry = { text, rule: createRuleOrMismatch(kind, key, text), reported: false }
    this.#entries[kind].set(key, entry)
    return entry
  }
}

const MISMATCH = Symbol('mismatch')

/** A text that makes the service's own evaluation throw counts as a mismatch, because a read must not throw. */
function createRuleOrMismatch(kind: Kind, key: string, text: string): Rule {
  try {
    return createRule({ key, value: text, type: '', version: 0, guard: kind })
  } catch {
    return { kind: 'type_mismatch', guard: kind }
  }
}

function evaluateRule(rule: Rule, kind: Kind, text: string, key: string, target: string): unknown {
  try {
    if (rule.kind === 'type_mismatch') return MISMATCH
    if (rule.kind === 'shared') return chooseOutcome(rule, getBucket(key, target)).value
    // JSON is parsed for each read, because a caller may change the object that it got.
    return kind === 'json' && rule.outcome.value !== undefined ? (JSON.parse(text) as unknown) : rule.outcome.value
  } catch {
    return MISMATCH
  }
}

/** The check is the caller's own, and may throw on a value that it does not expect. */
function satisfies<T>(value: unknown, is: Is<T>): value is T {
  try {
    return is(value)
  } catch {
    return false
  }
}
