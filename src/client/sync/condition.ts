/** Lets callers wait until a condition is true, each up to a deadline of its own. */
export class Condition {
  readonly #isTrue: () => boolean
  #waiters = new Set<() => void>()

  constructor(isTrue: () => boolean) {
    this.#isTrue = isTrue
  }

  /** Resolves when the condition is true, or after `deadlineMs`. Its timer keeps the process alive, because a caller waits. */
  wait(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isTrue()) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(end)
        resolve()
      }
      const timer = setTimeout(end, deadlineMs)
      this.#waiters.add(end)
    })
  }

  /** Must be called after each event that can make the condition true. */
  check(): void {
    if (this.#waiters.size > 0 && this.#isTrue()) for (const end of this.#waiters) end()
  }
}
