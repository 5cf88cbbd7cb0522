/** Timers: abortable and restartable ones, which do not keep a Node process alive, and a timeout for a caller, which does. */

/** Resolves after `ms`, or as soon as the signal is aborted. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    unref(timer)
    signal.addEventListener('abort', end)
  })
}

/** Resolves with the promise, and after `ms` at the latest. Keeps the process alive until then, because a caller waits. */
export async function withTimeout(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, timeout])
  clearTimeout(timer)
}

/** Only Node's timers are objects with `unref`; in browsers they are numbers. */
export const unref = (timer: unknown): void => (timer as { unref?(): void }).unref?.()

/** `setTimeout` fires at once if it is given more than this. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/** A timer that can be set again. It fires early if it is set for more than 24 days. It does not keep the process alive. */
export function createTimer(fire: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  return {
    set(ms: number): void {
      clearTimeout(timer)
      if (isStopped) return
      timer = setTimeout(fire, Math.min(ms, TIMEOUT_MAX_MS))
      unref(timer)
    },

    /** Clears the timer; `set` does nothing after this. */
    stop(): void {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
