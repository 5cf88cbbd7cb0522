/** The typed getters of the client, each with the reason for what it gave. See `Reading` for the reasons. */
import type { Copy } from './copy.ts'
import { Reader, type Kind, type Reading } from './reading.ts'

export class Explain {
  readonly #copy: Copy
  readonly #reader: Reader
  readonly #missing: (key: string) => void

  /** @param tell of a text that does not fit, once; and of each read of a key that the copy does not hold */
  constructor(copy: Copy, tell: { misfit(key: string, kind: Kind): void; missing(key: string): void }) {
    this.#copy = copy
    this.#reader = new Reader(tell.misfit)
    this.#missing = tell.missing
  }

  bool(key: string, fallback: boolean): Reading<boolean> {
    return this.#read('boolean', key, fallback, isBoolean)
  }

  number(key: string, fallback: number): Reading<number> {
    return this.#read('number', key, fallback, isNumber)
  }

  string(key: string, fallback: string): Reading<string> {
    return this.#say(key, fallback, (text) => ({ value: text, reason: 'flag' }))
  }

  json<T>(key: string, fallback: T, is: (value: unknown) => value is T = isAnything): Reading<T> {
    return this.#read('json', key, fallback, is)
  }

  percentage(key: string, target: string, fallback: boolean): Reading<boolean> {
    return this.#read('percentage', key, fallback, isBoolean, target)
  }

  split(key: string, target: string, fallback: string): Reading<string> {
    return this.#read('split', key, fallback, isString, target)
  }

  /** The flag was taken away: what its text meant is not needed any more. */
  forget(key: string): void {
    this.#reader.forget(key)
  }

  #read<T>(kind: Kind, key: string, fallback: T, is: (value: unknown) => value is T, target?: string): Reading<T> {
    return this.#say(key, fallback, (text) => this.#reader.read(kind, key, text, fallback, is, target))
  }

  #say<T>(key: string, value: T, read: (text: string) => Reading<T>): Reading<T> {
    const overdue = this.#copy.overdue(key)
    if (overdue !== undefined) {
      const reading = overdue.to === null ? null : read(overdue.to)
      return reading === null || reading.reason === 'flag'
        ? { value: reading?.value ?? value, reason: 'reverted' }
        : reading
    }
    const text = this.#copy.flags.get(key)
    if (text !== undefined) return read(text)
    this.#missing(key)
    return { value, reason: this.#copy.revision === null ? 'empty' : 'missing' }
  }
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isString = (value: unknown): value is string => typeof value === 'string'
/** The caller vouches for the shape. */
const isAnything = <T>(value: unknown): value is T => value !== undefined
