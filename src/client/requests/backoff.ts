/** Exponential back-off with jitter: for the client's streams, polls and changes, and streams of the CLI and the dashboard. */

/**
 * Jitter: between half and all of `ms`, at random. Without it, all clients that lost the same server would come back in the
 * same moment.
 */
export const withJitter = (ms: number): number => ms * (0.5 + Math.random() / 2)

/** The longest `Retry-After` that is obeyed. It may be longer than our own back-off. */
const RETRY_AFTER_MAX_MS = 5 * 60_000

/** @param retryAfterMs what the server asks for; null if it asks for nothing */
export const atLeastRetryAfter = (ms: number, retryAfterMs: number | null): number =>
  Math.max(ms, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS))

/** The delays after failures in a row: each is twice the one before, up to a limit, with jitter. */
export class BackOff {
  failures = 0
  readonly #firstMs: number
  readonly #maxMs: number

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
  }

  /** To be called after a success. */
  reset(): void {
    this.failures = 0
  }

  /** Counts a failure, and returns the delay until the next try: at least `retryAfterMs`, up to RETRY_AFTER_MAX_MS. */
  next(retryAfterMs: number | null = null): number {
    // The exponent is bounded because 2 ** 1024 is Infinity, and a first delay of 0 times Infinity is NaN.
    const delayMs = this.#firstMs * 2 ** Math.min(this.failures++, 20)
    return atLeastRetryAfter(withJitter(Math.min(this.#maxMs, delayMs)), retryAfterMs)
  }
}
