/** The typed getters of the client, each with the reason for its value: see `EvaluationDetails`. */
import { evaluate, type EvaluationDetails, type Kind } from './evaluation-details.ts'
import type { Reading } from './sync/flag-cache.ts'

/** Where the texts come from. `mismatch` is called at the first read of a text that does not fit. */
export type Source = { read(name: string): Reading; prefix: string; mismatch(name: string, kind: Kind): void }

export class Details {
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  bool(key: string, fallback: boolean): EvaluationDetails<boolean> {
    return this.#evaluate('boolean', key, fallback, isBoolean)
  }

  number(key: string, fallback: number): EvaluationDetails<number> {
    return this.#evaluate('number', key, fallback, isNumber)
  }

  string(key: string, fallback: string): EvaluationDetails<string> {
    const { text, reason } = this.#source.read(key)
    return { value: text ?? fallback, reason }
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

  #evaluate<T>(
    kind: Kind,
    name: string,
    fallback: T,
    is: (value: unknown) => value is T,
    target?: string,
  ): EvaluationDetails<T> {
    const source = this.#source
    const read = source.read(name)
    const { reason } = read
    if (read.text === null) return { value: fallback, reason }
    const details = evaluate(read, kind, source.prefix + name, fallback, is, target, () => source.mismatch(name, kind))
    return details.reason === 'flag' ? { value: details.value, reason } : details
  }
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isString = (value: unknown): value is string => typeof value === 'string'
/** If the caller passes no check, any JSON is taken for a `T`. */
const isAnything = <T>(value: unknown): value is T => value !== undefined
