/**
 * A change that failed otherwise than by a clear no. Whoever reads it at night has to know whether it may have been done;
 * "cannot be reached" is not that. A refusal that says that nothing was changed passes through here untouched.
 */
import { Failure, isUnsent, mayBeApplied, Refused } from '../client/call.ts'

export class ChangeFailed extends Failure {
  readonly applied: 'unknown' | 'no'
  /** How to find out. */
  readonly advice: string

  constructor(message: string, applied: 'unknown' | 'no', advice: string, cause: unknown) {
    super(message, { cause })
    this.applied = applied
    this.advice = advice
  }
}

export const ADVICE = 'Whether it was done is not known: look at "switchyard history" before you try again.'

/** @param fault of a change that was sent once */
export function wordedChange(fault: unknown, advice: string): unknown {
  if (fault instanceof ChangeFailed) return fault
  if (fault instanceof Failure) {
    return isUnsent(fault)
      ? new ChangeFailed(fault.message, 'no', '', fault.cause)
      : new ChangeFailed(fault.message, 'unknown', advice, fault.cause)
  }
  return fault instanceof Refused && mayBeApplied(fault)
    ? new ChangeFailed(fault.message, 'unknown', advice, fault)
    : fault
}

/**
 * Of the repeat of a change that may have counted. Its refusal says nothing of the try before it, which may have been
 * applied before a token was revoked.
 */
export function wordedRepeat(fault: unknown): unknown {
  if (fault instanceof Refused && mayBeApplied(fault)) return fault
  if (fault instanceof Refused) return new ChangeFailed(fault.message, 'unknown', EARLIER, fault)
  return fault instanceof Failure ? new ChangeFailed(fault.message, 'unknown', ADVICE, fault.cause) : fault
}

const EARLIER = `That was the answer to a repeat; an earlier try may have counted. ${ADVICE}`
