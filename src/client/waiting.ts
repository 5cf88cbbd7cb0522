/** Those who wait for a condition to hold, each until a deadline of their own. */
export class Waiting {
  readonly #holds: () => boolean
  #waiters = new Set<() => void>()

  constructor(holds: () => boolean) {
    this.#holds = holds
  }

  /** Resolves when it holds, and at the deadline anyway. Its timer holds a process open: somebody waits for it. */
  until(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#holds()) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(end)
        resolve()
      }
      const timer = setTimeout(end, deadlineMs)
      this.#waiters.add(end)
    })
  }

  /** To be called when it may have come to hold. */
  check(): void {
    if (this.#waiters.size > 0 && this.#holds()) for (const end of this.#waiters) end()
  }
}
