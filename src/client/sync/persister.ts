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

/**
 * Returns a function that saves the newest state. One save runs at a time; all that are requested meanwhile become one. The
 * promise resolves once the newest state is saved, or its save has failed.
 * @param serialize is called when a save begins
 * @param closing ends the waits between two saves
 */
export function createPersister(
  store: Store,
  serialize: () => string,
  onError: (error: unknown) => void,
  closing: AbortSignal,
): () => Promise<void> {
  let isRequested = false
  let saving: Promise<void> | null = null
  const saveAll = async (): Promise<void> => {
    while (isRequested) {
      isRequested = false
      try {
        await store.save(serialize())
      } catch (error) {
        onError(error)
      }
      await pause(SAVE_INTERVAL_MS, closing)
    }
    saving = null
  }
  return () => {
    isRequested = true
    return (saving ??= saveAll())
  }
}
