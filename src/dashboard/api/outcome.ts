/**
 * Sends a change until its outcome is known, the person stops it, or two minutes have passed. It always carries the same
 * Idempotency-Key, so it is applied once however often it arrives. What an error says of the outcome is decided in
 * client/requests/outcome.ts.
 */
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { retryIdempotent } from '../../client/requests/outcome.ts'

const PAUSE_MS = { first: 1_000, most: 10_000 }
/** After this time without an answer the person decides: a tab that is forgotten must not make the change an hour later. */
export const REPEAT_MAX_MS = 120_000

type RetryOptions = {
  /** Whether it was sent under this key before, and its outcome is not known. */
  isRetry: boolean
  /** Ends the retries. */
  signal: AbortSignal
  /** Its event `retry` ends the pause before the next try. */
  retryNow: EventTarget
  /** Called before each pause. */
  onUnknown(attempt: number, error: RefusedError | NoAnswerError): void
}

/** @throws {RefusedError} @throws {NoAnswerError} whose `applied` is the outcome of all tries */
export async function sendUntilKnown<T>(
  send: () => Promise<T>,
  { isRetry, signal, retryNow, onUnknown }: RetryOptions,
): Promise<{ reply: T; attempts: number }> {
  let attempts = 1
  const until = Date.now() + REPEAT_MAX_MS
  const shouldRetry = async (error: unknown, attempt: number): Promise<boolean> => {
    if (!isUnknown(error) || signal.aborted) return false
    onUnknown(attempt, error)
    await pause(Math.min(PAUSE_MS.first * 2 ** (attempt - 1), PAUSE_MS.most), signal, retryNow)
    attempts = attempt + 1
    return !signal.aborted && Date.now() < until
  }
  const reply = await retryIdempotent(send, shouldRetry, isRetry)
  return { reply, attempts }
}

/** Whether a change that failed with this error may have been applied all the same. */
export const isUnknown = (error: unknown): error is RefusedError | NoAnswerError =>
  (error instanceof RefusedError || error instanceof NoAnswerError) && error.applied === 'unknown'

function pause(ms: number, signal: AbortSignal, retryNow: EventTarget): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      retryNow.removeEventListener('retry', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    retryNow.addEventListener('retry', end)
  })
}

/** Not `crypto.randomUUID`: browsers have it only on secure origins, and a service on a colleague's machine is none. */
export const createKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
