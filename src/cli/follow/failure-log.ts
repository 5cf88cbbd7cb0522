/**
 * Reports failures of one thing, and its recovery. A failure that repeats is reported once, so that a log shows an outage
 * and is not filled by it.
 */
export type FailureLog = {
  fail(message: string): void
  /** @param message is reported after a failure */ succeed(message: string): void
}

export function createFailureLog(report: (message: string) => void): FailureLog {
  let last: string | undefined
  return {
    fail(message) {
      if (message !== last) report(message)
      last = message
    },
    succeed(message) {
      if (last !== undefined) report(message)
      last = undefined
    },
  }
}
