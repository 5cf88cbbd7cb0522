/**
 * What `report` is told, and what it is not told again: a log must show that the service is away or a key is mistyped, and
 * not be filled by each try and each read. Nothing here throws, whatever `report` does.
 */
import type { Problem } from './options.ts'
import type { Kind } from './reading.ts'

/** By which a client asks the service. Each fails by itself, and often with the same words as the other. */
export type Road = 'stream' | 'poll'

/** A stash holds no more items. Beyond that, keys are made of what users type, and are neither kept nor reported. */
const KEYS_MAX = 1_000
/** No key is longer. */
const KEY_LENGTH_MAX = 128

export class Reporter {
  readonly #report: ((problem: Problem) => void) | undefined
  /** The last failure of each road and the last report, since the service last confirmed the copy. */
  #failures: Partial<Record<Road | 'said', string>> = {}
  readonly #missing = new Set<string>()
  /** Keys that were taken away, oldest first: that they are missing is no mistake. */
  readonly #removed = new Set<string>()

  constructor(report: ((problem: Problem) => void) | undefined) {
    this.#report = report
  }

  tell(problem: Problem): void {
    try {
      this.#report?.(problem)
    } catch {
      // A report callback that throws must not stop the client.
    }
  }

  tellCause(kind: 'service' | 'store' | 'listener', cause: unknown): void {
    this.tell({ kind, message: messageOf(cause), cause })
  }

  tellMisfit(key: string, expected: Kind): void {
    this.tell({ kind: 'misfit', key, expected, message: `The flag "${key}" is no ${expected}: its default is used.` })
  }

  /** Of a try that failed as the one before it did, nothing is said. */
  tellFailure(road: Road, cause: unknown): void {
    const message = messageOf(cause)
    const isNews = this.#failures[road] !== message && this.#failures.said !== message
    this.#failures[road] = message
    if (!isNews) return
    this.#failures.said = message
    this.tellCause('service', cause)
  }

  /** The service was away and is back: the next failure is news, also in the same words. */
  recover(): void {
    this.#failures = {}
  }

  /** @param isFresh whether the copy is known to be what the service has: before that, any key may be missing */
  tellMissing(key: string, isFresh: () => boolean): void {
    if (this.#report === undefined || this.#missing.size >= KEYS_MAX) return
    if (this.#missing.has(key) || this.#removed.has(key) || !isFresh()) return
    if (typeof key !== 'string' || key.length > KEY_LENGTH_MAX) return
    this.#missing.add(key)
    const message = `There is no flag ${JSON.stringify(key)} in this stash. Check the name.`
    this.tell({ kind: 'missing', key, message })
  }

  remove(key: string): void {
    this.#removed.add(key)
    const [oldest] = this.#removed
    if (this.#removed.size > KEYS_MAX && oldest !== undefined) this.#removed.delete(oldest)
  }
}

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
