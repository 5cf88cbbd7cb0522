/**
 * Decides what became of a change: applied, not applied, or not known. A change is sent again under the same
 * Idempotency-Key after a lost answer or a temporary refusal, so the outcome depends on all of its tries, not on the last alone.
 * `test/support/outcome-cases.json` lists the cases; each client runs through them.
 */
import { NoAnswerError, RefusedError } from './errors.ts'

export type Outcome = 'yes' | 'no' | 'unknown'

/**
 * The outcome of a change after a try that failed.
 *
 * The service looks the key up before it decides, and keeps the refusals of `DECIDED_STATUSES` for the key for two minutes. Such
 * a refusal proves that no earlier try was applied, and an earlier try that is still under way gets the same one. Other refusals
 * prove nothing: they come before the look-up (401, 429, a body that cannot be read), or are not kept (403).
 *
 * @param earlier the outcome of the tries before this one under the same key; `unknown` if one of them had no answer
 */
export function determineOutcome(error: unknown, earlier: 'no' | 'unknown' = 'no'): 'no' | 'unknown' {
  if (earlier === 'unknown') return error instanceof RefusedError && isDecided(error) ? 'no' : 'unknown'
  return error instanceof RefusedError || error instanceof NoAnswerError ? error.applied : 'unknown'
}

/** The statuses of the refusals that are kept for an Idempotency-Key: see `model/replayable-refusal.ts`. */
const DECIDED_STATUSES = [404, 409, 412, 422, 423]
/**
 * Codes with such a status that a write can get before the decision. `http_…` stands for a proxy's answer, which has no code. A
 * stash that is not found may have been deleted by an earlier try.
 */
const UNDECIDED_CODES = /^(?:http_\d+|(?:route|stash)_not_found|idempotency_mismatch|slug_taken)$/

const isDecided = ({ status, code, applied }: RefusedError): boolean =>
  applied === 'no' && DECIDED_STATUSES.includes(status) && !UNDECIDED_CODES.test(code)

/**
 * Sends a change until it succeeds, or until `shouldRetry` returns false. `send` must use the same Idempotency-Key each time.
 *
 * @param shouldRetry waits, then returns whether to send again; `applied` is the outcome so far
 * @param isRetry whether the change was sent under this key before, and its outcome is not known
 * @throws {RefusedError} or {NoAnswerError} whose `applied` is the outcome of all tries
 */
export async function retryIdempotent<T>(
  send: () => Promise<T>,
  shouldRetry: (error: unknown, attempt: number, applied: 'no' | 'unknown') => boolean | Promise<boolean>,
  isRetry = false,
): Promise<T> {
  let applied: 'no' | 'unknown' = isRetry ? 'unknown' : 'no'
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      applied = determineOutcome(error, applied)
      if (!(await shouldRetry(error, attempt, applied))) throw withOutcome(error, applied)
    }
  }
}

/** The error itself if its `applied` is the outcome of all tries; else a `NoAnswerError` with that outcome. */
function withOutcome(error: unknown, applied: 'no' | 'unknown'): unknown {
  const isRefused = error instanceof RefusedError
  if (!(isRefused || error instanceof NoAnswerError) || error.applied === applied) return error
  return new NoAnswerError(isRefused ? REPEAT_REFUSED : error.message, {
    cause: isRefused ? error : error.cause,
    applied,
  })
}

const REPEAT_REFUSED = 'An earlier try may have been applied; the repeat was refused.'
