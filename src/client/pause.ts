/** Waiting, so that it ends early when told to, holds no Node process open, and never in step with others. */

/** Resolves after so long, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    release(timer)
    signal.addEventListener('abort', end)
  })
}

/** Resolves with the promise, or after so long without it. Its timer holds a process open: somebody waits for this. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}

/** In Node a timer keeps the process alive, unless it is told not to. Elsewhere it is a number. */
export function release(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}

/** Half of it to all of it: a thousand clients that lost the same server do not come back in the same moment. */
export const spread = (ms: number): number => ms * (0.5 + Math.random() / 2)

/** A server may ask for more time than we would give it by ourselves; not for ever. */
const RETRY_AFTER_MAX_MS = 5 * 60_000

/** @param askedMs what the server asks for: no sooner */
export const heed = (ms: number, askedMs: number | null): number =>
  Math.max(ms, Math.min(askedMs ?? 0, RETRY_AFTER_MAX_MS))

/** `setTimeout` takes more for nothing, and fires at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/** One timer, which can be set anew. It holds no process open, and may ring early where it is set for weeks ahead. */
export class Alarm {
  readonly #ring: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** undefined: not at all. */
  set(ms: number | undefined): void {
    clearTimeout(this.#timer)
    if (ms === undefined || this.#stopped) return
    this.#timer = setTimeout(this.#ring, Math.min(Math.max(ms, 1), TIMEOUT_MAX_MS))
    release(this.#timer)
  }

  /** For good. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}

/** How long to wait after the nth failure in a row: twice as long each time, up to a ceiling. */
export class BackOff {
  failures = 0
  readonly #leastMs: number
  readonly #mostMs: number

  constructor(leastMs: number, mostMs: number) {
    this.#leastMs = leastMs
    this.#mostMs = mostMs
  }

  reset(): void {
    this.failures = 0
  }

  /** @param askedMs what the server asks for: no sooner */
  next(askedMs: number | null = null): number {
    return heed(spread(Math.min(this.#mostMs, this.#leastMs * 2 ** Math.min(this.failures++, 20))), askedMs)
  }
}
