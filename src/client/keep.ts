/**
 * Where last known values outlive the process. Both ends are the caller's own: a file, localStorage, a KV. A store that
 * fails costs the memory of a restart and nothing else.
 */
import { pause } from './pause.ts'

export type Store = {
  /** What `save` was last given; nothing where there was none. */
  load(): string | null | undefined | Promise<string | null | undefined>
  save(text: string): unknown
}

/** A flag that flaps is no reason to write to a disk all the time. */
const SAVE_INTERVAL_MS = 1_000

/** One save at a time; whatever comes meanwhile is one more, of the newest. */
export class Keeper {
  readonly #store: Store
  readonly #failed: (error: unknown) => void
  readonly #closing = new AbortController()
  #newest: (() => string) | null = null
  #saving: Promise<void> | null = null

  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  async load(): Promise<string | null> {
    try {
      return (await this.#store.load()) ?? null
    } catch (error) {
      this.#failed(error)
      return null
    }
  }

  save(write: () => string): void {
    this.#newest = write
    this.#saving ??= this.#saveAll()
  }

  /** Resolves once the newest is kept, or could not be. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#saving
  }

  async #saveAll(): Promise<void> {
    for (let write = this.#newest; write !== null; write = this.#newest) {
      this.#newest = null
      try {
        await this.#store.save(write())
      } catch (error) {
        this.#failed(error)
      }
      await pause(SAVE_INTERVAL_MS, this.#closing.signal)
    }
    this.#saving = null
  }
}
