/**
 * Runs a task once at a time. Requests that come meanwhile become one more run. A run that fails is repeated after a
 * back-off, or at once if there is a new request.
 */
import { BackOff } from '../../client/requests/backoff.ts'

export type Task = {
  request(): void
  /** Resolves when nothing runs any more; after the signal, no run begins. */ end(): Promise<void>
}

type Options = {
  run: () => Promise<void>
  onFailure: (fault: unknown) => void
  firstMs: number
  mostMs: number
  /** Ends the waits between runs. The run itself has to end by it. */
  signal: AbortSignal
}

export function createTask({ run, onFailure, firstMs, mostMs, signal }: Options): Task {
  const backOff = new BackOff(firstMs, mostMs)
  let isRequested = false
  let wake = (): void => {}
  let running: Promise<void> | undefined

  async function runAll(): Promise<void> {
    while (isRequested && !signal.aborted) {
      isRequested = false
      try {
        await run()
        backOff.reset()
      } catch (fault) {
        if (signal.aborted) break
        onFailure(fault)
        const ms = backOff.next()
        if (!isRequested) await wait(ms)
        isRequested = true
      }
    }
    // Not in a `finally` of the promise: a request between the last look at `isRequested` and that would be lost.
    running = undefined
  }

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  signal.addEventListener('abort', () => wake(), { once: true })

  return {
    request() {
      isRequested = true
      wake()
      running ??= runAll()
    },
    end: async () => void (await running),
  }
}
