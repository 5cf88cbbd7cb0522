/**
 * Backpressure of streams: what their readers have not taken in yet, in bytes as they go out. Bounded for each stream, and
 * for all streams of this isolate, which has 128 MB for everything.
 */

/**
 * What one reader may have unread. One message above it may be unread besides, because a stash as a whole is larger: it is a
 * snapshot, or a change of many keys.
 */
export const STREAM_UNREAD_MAX_BYTES = 256 * 1024
/** What all streams of this isolate may have unread. While they have more, a stream may have its share, and is let go past it. */
export const ISOLATE_UNREAD_MAX_BYTES = 32 * 1024 * 1024
const SHARE_BYTES = 16 * 1024

const streams = new Set<UnreadBytes>()
let total = 0

/** Whether this isolate keeps so much that nothing more is to be kept for a stream that has ended. */
export const isIsolateFull = (): boolean => total > ISOLATE_UNREAD_MAX_BYTES - STREAM_UNREAD_MAX_BYTES

export class UnreadBytes {
  readonly #expiresAt: number
  #small = 0
  #large = 0

  /** @param lifetimeMs the longest that the stream can last: an invocation that is cut off tells nobody that it has ended */
  constructor(lifetimeMs: number) {
    const now = Date.now()
    for (const one of streams) if (one.#expiresAt < now) one.close()
    this.#expiresAt = now + lifetimeMs
    streams.add(this)
  }

  /** Counts a message. False, and not counted, where it is too much. */
  add(bytes: number): boolean {
    const isLarge = bytes > STREAM_UNREAD_MAX_BYTES
    if (isLarge ? this.#large > 0 : this.#small + bytes > STREAM_UNREAD_MAX_BYTES) return false
    if (total + bytes > ISOLATE_UNREAD_MAX_BYTES && this.#small + this.#large + bytes > SHARE_BYTES) return false
    this.#count(bytes, 1)
    return true
  }

  /** The message has been taken in. */
  remove(bytes: number): void {
    if (streams.has(this)) this.#count(bytes, -1)
  }

  /** Nothing is kept for this stream any more. */
  close(): void {
    if (streams.delete(this)) total -= this.#small + this.#large
  }

  #count(bytes: number, sign: 1 | -1): void {
    total += sign * bytes
    if (bytes > STREAM_UNREAD_MAX_BYTES) this.#large += sign * bytes
    else this.#small += sign * bytes
  }
}
