/**
 * The life of one instance of an object. An instance may be lost between any two steps: from then on its promises never
 * settle, and every access to its storage throws.
 */
export class InstanceGone extends Error {
  constructor() {
    super('the instance is gone')
  }
}

export class Life {
  /** 'fenced': another instance has taken over. Requests of this one continue; it can no longer use the storage. */
  state: 'alive' | 'fenced' | 'dead' = 'alive'
  /** The number of pending promises. An instance hibernates only at 0. */
  #begun = 0

  get isBusy(): boolean {
    return this.#begun > 0
  }

  get isAlive(): boolean {
    return this.state === 'alive'
  }

  check(): void {
    if (this.state !== 'alive') throw new InstanceGone()
  }

  /** Settles as `work` does if the instance is alive then, and never otherwise. */
  async whileAlive<T>(work: Promise<T>): Promise<T> {
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
