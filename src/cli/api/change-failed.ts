/**
 * A change that got no answer, or one of a broken service, so that it must be said whether it was made. A refusal does not
 * become one: after it nothing was changed.
 */
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'

export class ChangeFailed extends Error {
  override name = 'ChangeFailed'
  readonly applied: 'unknown' | 'no'
  override readonly cause: RefusedError | NoAnswerError
  /** How to find out whether the change was made. */
  readonly advice: string

  constructor(cause: RefusedError | NoAnswerError, advice: string) {
    super(cause.message)
    this.applied = cause.applied
    this.cause = cause
    this.advice = cause.applied === 'no' ? '' : advice
  }
}

export const ADVICE = 'Whether it was done is not known: look at "switchyard history" before you try again.'

/** @param fault of a change; its `applied` is the outcome of all tries */
export function toChangeFailed(fault: unknown, advice = ADVICE): unknown {
  const isDoubtful =
    fault instanceof NoAnswerError ||
    (fault instanceof RefusedError && (fault.status >= 500 || fault.applied === 'unknown'))
  return isDoubtful ? new ChangeFailed(fault, advice) : fault
}
