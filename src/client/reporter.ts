/**
 * Calls `report` with problems, and avoids repeats: a log should show that the service is down or that a key is mistyped, and
 * not be filled by every try and every read. Nothing here throws, even if `report` does.
 */
import type { Kind } from './evaluation-details.ts'

/** The argument of `report`. */
export type Problem =
  | { kind: 'type_mismatch'; key: string; expected: string; message: string }
  | { kind: 'missing'; key: string; message: string }
  | { kind: 'service' | 'store' | 'listener'; message: string; cause: unknown }

/** The two sources of updates. Each fails on its own, often with the same message as the other. */
export type Source = 'stream' | 'poll'

/** A stash holds at most this many items. More missing keys than that come from user input, and are not reported. */
const KEYS_MAX = 1_000
/** The longest key that the service allows. */
const KEY_LENGTH_MAX = 128

export class Reporter {
  readonly #report: ((problem: Problem) => void) | undefined
  /** The last failure of each source and the last one that was reported, since the cache last became fresh. */
  #failures: Partial<Record<Source | 'reported', string>> = {}
  readonly #missing = new Set<string>()
  /** Deleted keys, oldest first. A read of one is not a mistake, because the flag existed. */
  readonly #deleted = new Set<string>()

  constructor(report: ((problem: Problem) => void) | undefined) {
    this.#report = report
  }

  report(problem: Problem): void {
    try {
      this.#report?.(problem)
    } catch {
      // A callback that throws must not stop the client.
    }
  }

  reportCause(kind: 'service' | 'store' | 'listener', cause: unknown): void {
    this.report({ kind, message: toMessage(cause), cause })
  }

  reportMismatch(key: string, expected: Kind): void {
    const message = `The flag "${key}" is not of type ${expected}: the default is used.`
    this.report({ kind: 'type_mismatch', key, expected, message })
  }

  reportFailure(source: Source, cause: unknown): void {
    const message = toMessage(cause)
    const isRepeat = this.#failures[source] === message || this.#failures.reported === message
    this.#failures[source] = message
    if (isRepeat) return
    this.#failures.reported = message
    this.reportCause('service', cause)
  }

  /** Must be called when the cache becomes fresh: the next failure is reported, also with the same message. */
  recover(): void {
    this.#failures = {}
  }

  /** @param isFresh whether the service has confirmed the flags: before that, any key may be missing */
  reportMissing(key: string, isFresh: () => boolean): void {
    if (this.#report === undefined || this.#missing.size >= KEYS_MAX) return
    if (this.#missing.has(key) || this.#deleted.has(key) || !isFresh()) return
    if (typeof key !== 'string' || key.length > KEY_LENGTH_MAX) return
    this.#missing.add(key)
    const message = `There is no flag ${JSON.stringify(key)} in this stash. Check the name.`
    this.report({ kind: 'missing', key, message })
  }

  /** Must be called when a flag was deleted. */
  addDeleted(key: string): void {
    this.#deleted.add(key)
    const [oldest] = this.#deleted
    if (this.#deleted.size > KEYS_MAX && oldest !== undefined) this.#deleted.delete(oldest)
  }
}

export const toMessage = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
