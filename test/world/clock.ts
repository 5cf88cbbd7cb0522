/** The simulated clock. It advances only in `pass`, from one scheduled event to the next. */
type Event = { at: number; order: number; run(): void }

export class Clock {
  #now = 1_000_000_000
  #order = 0
  /** A binary heap, earliest first. */
  readonly #events: Event[] = []

  readonly now = (): number => this.#now

  at(time: number, run: () => void): void {
    this.#events.push({ at: Math.max(Math.ceil(time), this.#now), order: this.#order++, run })
    this.#rise(this.#events.length - 1)
  }

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.at(this.#now + ms, resolve))

  /** Advances the clock. All promises that an event resolves are settled before the next event runs. */
  async pass(ms: number): Promise<void> {
    // Whole milliseconds only, because Date.now() returns integers.
    const end = Math.round(this.#now + ms)
    await settle()
    for (let next = this.#events[0]; next !== undefined && next.at <= end; next = this.#events[0]) {
      this.#take()
      this.#now = next.at
      next.run()
      await settle()
    }
    this.#now = end
  }

  #take(): void {
    const last = this.#events.pop()
    if (last === undefined || this.#events.length === 0) return
    this.#events[0] = last
    this.#sink(0)
  }

  #rise(i: number): void {
    const parent = (i - 1) >> 1
    if (i === 0 || this.#isEarlier(parent, i)) return
    this.#swap(i, parent)
    this.#rise(parent)
  }

  #sink(i: number): void {
    let first = i
    for (const child of [2 * i + 1, 2 * i + 2]) {
      if (child < this.#events.length && this.#isEarlier(child, first)) first = child
    }
    if (first === i) return
    this.#swap(i, first)
    this.#sink(first)
  }

  #isEarlier(i: number, j: number): boolean {
    const [a, b] = [this.#events[i], this.#events[j]]
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order))
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#events[i], this.#events[j]]
    if (a === undefined || b === undefined) return
    this.#events[i] = b
    this.#events[j] = a
  }
}

/** Resolves after all pending microtasks, so that only what waits for the clock is left. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
