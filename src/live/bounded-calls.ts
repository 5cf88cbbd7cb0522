/**
 * Single flight with a bound: callers with the same key share one call, a few calls are under way at a time, and each has a
 * deadline. For calls to the stash, which many watchers make a hub need at once.
 */
type Options = {
  atOnce: number
  deadlineMs: number
  /** Rejects when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>
}

export class BoundedCalls {
  readonly #options: Options
  readonly #flights = new Map<string, Promise<unknown>>()
  readonly #queue: (() => void)[] = []
  #underWay = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** The answer to `call`, or to an earlier call with this key that has not been answered yet. `T` must follow from the key. */
  run<T>(key: string, call: () => Promise<T>): Promise<T> {
    const known = this.#flights.get(key)
    // Callers with one key pass one type of call.
    if (known !== undefined) return known as Promise<T>
    const flight = this.#fly(call).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  async #fly<T>(call: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#options.atOnce) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#underWay++
    try {
      return await this.#inTime(call())
    } finally {
      // The turn passes to the next in the queue, or is free again.
      const next = this.#queue.shift()
      if (next === undefined) this.#underWay--
      else next()
    }
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { deadlineMs, sleep } = this.#options
    const answered = new AbortController()
    const deadline = sleep(deadlineMs, answered.signal).then(() => {
      throw new Error(`the stash did not answer within ${deadlineMs} ms`)
    })
    try {
      return await Promise.race([answer, deadline])
    } finally {
      answered.abort()
    }
  }
}
