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
  /** A new set of overrides, or an override that cannot be used. */
  | { kind: 'override'; message: string }

/** A stash holds at most this many items. More missing keys than that come from user input, and no other is reported then. */
const KEYS_MAX = 1_000
/** The longest key that the service allows. */
const KEY_LENGTH_MAX = 128
/** How many failures of the service are reported in one outage. */
const FAILURES_MAX = 5

export type Reporter = ReturnType<typeof createReporter>

export function createReporter(given: ((problem: Problem) => void) | undefined) {
  /** The messages that were reported since the cache last became fresh. */
  const failures = new Set<string>()
  /** Keys that are not reported: those that were, and deleted ones. A read of these is not a mistake, because the flag existed. */
  const quiet = new Set<string>()

  const report = (problem: Problem): void => {
    try {
      given?.(problem)
    } catch {
      // A callback that throws must not stop the client.
    }
  }

  const reportCause = (kind: 'service' | 'store' | 'listener', cause: unknown): void =>
    report({ kind, message: toMessage(cause), cause })

  return {
    report,
    reportCause,

    reportMismatch(key: string, expected: Kind): void {
      const message = `The flag "${key}" is not of type ${expected}: the default is used.`
      report({ kind: 'type_mismatch', key, expected, message })
    },

    reportFailure(cause: unknown): void {
      const message = toMessage(cause)
      if (failures.has(message) || failures.size >= FAILURES_MAX) return
      failures.add(message)
      reportCause('service', cause)
    },

    /** Must be called when the cache becomes fresh: the next failure is reported, also with the same message. */
    recover: (): void => failures.clear(),

    /** @param isFresh whether the service has confirmed the flags: before that, any key may be missing */
    reportMissing(key: string, isFresh: () => boolean): void {
      if (quiet.size >= KEYS_MAX || quiet.has(key) || !isFresh()) return
      if (typeof key !== 'string' || key.length > KEY_LENGTH_MAX) return
      quiet.add(key)
      const message = `There is no flag ${JSON.stringify(key)} in this stash. Check the name.`
      report({ kind: 'missing', key, message })
    },

    /** Must be called when a flag was deleted. */
    addDeleted(key: string): void {
      if (quiet.size < KEYS_MAX) quiet.add(key)
    },
  }
}

export const toMessage = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
