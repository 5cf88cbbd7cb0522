/**
 * The life of one instance of an object. What an instance awaits never comes back to it once it is lost, and whatever it
 * does with its storage then throws: an instance may be lost between any two steps.
 */
export class Gone extends Error {
  constructor() {
    super('the instance is gone')
  }
}

export class Life {
  /** 'fenced': another instance has taken over. What this one has begun outside goes on; its storage does not. */
  state: 'alive' | 'fenced' | 'dead' = 'alive'
  /** What it is in the middle of: an instance sleeps only when there is nothing. */
  #begun = 0

  get isBusy(): boolean {
    return this.#begun > 0
  }

  get isAlive(): boolean {
    return this.state === 'alive'
  }

  check(): void {
    if (this.state !== 'alive') throw new Gone()
  }

  /** The outcome, as long as there is an instance to learn it. */
  async while<T>(work: Promise<T>): Promise<T> {
    this.#begun++
    try {
      const outcome = await work
      if (this.state !== 'dead') return outcome
    } catch (fault) {
      if (this.state !== 'dead') throw fault
    } finally {
      this.#begun--
    }
    return new Promise<never>(() => {})
  }
}
