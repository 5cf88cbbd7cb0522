/**
 * The two ways in which a request can fail. Both say in `applied` what became of a change: `no` means that it was not made
 * and will not be; `unknown` means that it may have been made, or may still be. For a read `applied` has no meaning.
 */

/**
 * An answer of 4xx or 5xx. `code` is stable, `detail` says what to do, `facts` hold the other members of the problem. If the
 * answer names no code, because a proxy sent it and not the service, `code` is `http_` and the status.
 */
export class RefusedError extends Error {
  override name = 'RefusedError'
  declare readonly applied: 'no' | 'unknown'
  declare readonly status: number
  declare readonly code: string
  declare readonly title: string
  declare readonly detail: string
  declare readonly facts: Record<string, unknown>
  /** From the header `Retry-After`; null if the answer has none. */
  declare readonly retryAfterMs: number | null

  constructor(status: number, problem: Record<string, unknown>, retryAfterMs: number | null = null) {
    const { title = '', detail = '', code = `http_${status}`, type: _, status: __, ...facts } = problem
    super(`${String(title || `The answer was ${status}`)}. ${String(detail)}`.trim())
    this.status = status
    this.code = String(code)
    this.title = String(title)
    this.detail = String(detail)
    this.facts = facts
    this.retryAfterMs = retryAfterMs
    const isUncertain = status >= 500 && facts['applied'] !== 'no' && UNCERTAIN_CODES.test(this.code)
    this.applied = isUncertain || facts['applied'] === 'unknown' ? 'unknown' : 'no'
  }
}

/**
 * Codes of a 5xx that do not say whether a change was made, if the body does not say it in `applied`. `http_…` stands for a
 * proxy's answer, which has no code. With any other code, and without `applied`, the service has refused the request, and changed
 * nothing.
 */
const UNCERTAIN_CODES = /^http_|^internal$/

/** What the answer asks for; null if it asks for nothing, or there was none. */
export const getRetryAfterMs = (error: unknown): number | null =>
  error instanceof RefusedError ? error.retryAfterMs : null

/** There was no answer, or none in time, or one that Switchyard cannot have given, such as a redirect. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError'
  declare readonly applied: 'no' | 'unknown'

  /** @param applied by default `no` if the cause shows that the request was not sent, else `unknown` */
  constructor(message: string, { cause, applied }: { cause?: unknown; applied?: 'no' | 'unknown' } = {}) {
    super(message, { cause })
    this.applied = applied ?? (isUnsent(cause) ? 'no' : 'unknown')
  }
}

/** Whether the error shows that no connection was made. Only Node's errors do; those of browsers and Workers name no cause. */
const isUnsent = (cause: unknown, depth = 5): boolean =>
  cause instanceof Error &&
  depth > 0 &&
  (('code' in cause && /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(String(cause.code))) ||
    isUnsent(cause.cause, depth - 1))
