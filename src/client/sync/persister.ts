/**
 * Saves the last known flags to the caller's store (a file, localStorage, KV), so that they survive a restart. The client works
 * without a store. A failure of the store is reported, and does not stop the client.
 */
import { pause } from '../timers.ts'

export type Store = {
  /** Returns the text that was last saved; null or undefined if there is none. */
  load(): string | null | undefined | Promise<string | null | undefined>
  save(text: string): unknown
}

/** Bounds the writes to a disk while a flag changes often. */
const SAVE_INTERVAL_MS = 1_000

/** One save runs at a time. All saves that are requested meanwhile become one, of the newest state. */
export class Persister {
  readonly #store: Store
  readonly #onError: (error: unknown) => void
  readonly #closing = new AbortController()
  #newest: (() => string) | null = null
  #saving: Promise<void> | null = null

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store
    this.#onError = onError
  }

  async load(): Promise<string | null> {
    try {
      return (await this.#store.load()) ?? null
    } catch (error) {
      this.#onError(error)
      return null
    }
  }

  /** @param serialize is called when the save begins, so that it gives the newest state */
  save(serialize: () => string): void {
    this.#newest = serialize
    this.#saving ??= this.#saveAll()
  }

  /** Resolves once the newest state is saved, or its save has failed. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#saving
  }

  async #saveAll(): Promise<void> {
    for (let serialize = this.#newest; serialize !== null; serialize = this.#newest) {
      this.#newest = null
      try {
        await this.#store.save(serialize())
      } catch (error) {
        this.#onError(error)
      }
      await pause(SAVE_INTERVAL_MS, this.#closing.signal)
    }
    this.#saving = null
  }
}
