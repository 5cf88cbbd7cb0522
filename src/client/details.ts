/** The typed getters of the client, each with the reason for its value: see `EvaluationDetails`. */
import { Evaluator, type EvaluationDetails, type Kind } from './evaluation-details.ts'
import type { FlagCache } from './sync/flag-cache.ts'

export class Details {
  readonly #cache: FlagCache
  readonly #evaluator: Evaluator
  readonly #missing: (key: string) => void

  /** @param on `mismatch` is called at the first read of a text that does not fit, `missing` at each read of an unknown key */
  constructor(cache: FlagCache, on: { mismatch(key: string, kind: Kind): void; missing(key: string): void }) {
    this.#cache = cache
    this.#evaluator = new Evaluator(on.mismatch)
    this.#missing = on.missing
  }

  bool(key: string, fallback: boolean): EvaluationDetails<boolean> {
    return this.#evaluate('boolean', key, fallback, isBoolean)
  }

  number(key: string, fallback: number): EvaluationDetails<number> {
    return this.#evaluate('number', key, fallback, isNumber)
  }

  string(key: string, fallback: string): EvaluationDetails<string> {
    return this.#resolve(key, fallback, (text) => ({ value: text, reason: 'flag' }))
  }

  json<T>(key: string, fallback: T, is: (value: unknown) => value is T = isAnything): EvaluationDetails<T> {
    return this.#evaluate('json', key, fallback, is)
  }

  percentage(key: string, target: string, fallback: boolean): EvaluationDetails<boolean> {
    return this.#evaluate('percentage', key, fallback, isBoolean, target)
  }

  split(key: string, target: string, fallback: string): EvaluationDetails<string> {
    return this.#evaluate('split', key, fallback, isString, target)
  }

  /** Must be called when a flag was deleted: drops the rules that were parsed from texts of the key. */
  forget(key: string): void {
    this.#evaluator.forget(key)
  }

  #evaluate<T>(
    kind: Kind,
    key: string,
    fallback: T,
    is: (value: unknown) => value is T,
    target?: string,
  ): EvaluationDetails<T> {
    return this.#resolve(key, fallback, (text) => this.#evaluator.evaluate(kind, key, text, fallback, is, target))
  }

  /** Finds the text that counts now, also past the end of a time-box, and evaluates it. */
  #resolve<T>(key: string, fallback: T, evaluate: (text: string) => EvaluationDetails<T>): EvaluationDetails<T> {
    const revert = this.#cache.endedRevert(key)
    if (revert !== undefined) {
      if (revert.to === null) return { value: fallback, reason: 'reverted' }
      const details = evaluate(revert.to)
      return details.reason === 'flag' ? { value: details.value, reason: 'reverted' } : details
    }
    const text = this.#cache.flags.get(key)
    if (text !== undefined) return evaluate(text)
    this.#missing(key)
    return { value: fallback, reason: this.#cache.revision === null ? 'empty' : 'missing' }
  }
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isString = (value: unknown): value is string => typeof value === 'string'
/** If the caller passes no check, any JSON is taken for a `T`. */
const isAnything = <T>(value: unknown): value is T => value !== undefined
