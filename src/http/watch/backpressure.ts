/**
 * Backpressure of streams: counts the bytes that were written and not read yet. They are limited for each stream, and for
 * all streams of this isolate, which has 128 MB of memory in total.
 */

/**
 * The limit for the unread messages of one stream. One message that is larger than this may be unread besides, because a
 * snapshot, or a change of many keys, can be larger.
 */
export const STREAM_UNREAD_MAX_BYTES = 256 * 1024
/** The limit for all streams of this isolate. Past it, a stream may have only SHARE_BYTES unread, and ends when it has more. */
export const ISOLATE_UNREAD_MAX_BYTES = 32 * 1024 * 1024
const SHARE_BYTES = 16 * 1024

const streams = new Set<UnreadBytes>()
let total = 0

/** Whether so much is unread in this isolate that a stream that has ended must be dropped at once, not drained. */
export const isIsolateFull = (): boolean => total > ISOLATE_UNREAD_MAX_BYTES - STREAM_UNREAD_MAX_BYTES

export class UnreadBytes {
  readonly #expiresAt: number
  #small = 0
  #large = 0

  /**
   * @param lifetimeMs the longest that the stream can last. The next stream that begins after this time closes it, because an
   *   invocation that the runtime kills never calls `close`.
   */
  constructor(lifetimeMs: number) {
    const now = Date.now()
    for (const stream of streams) if (stream.#expiresAt < now) stream.close()
    this.#expiresAt = now + lifetimeMs
    streams.add(this)
  }

  /** Counts a message. Returns false, and does not count it, if it is over a limit. */
  add(bytes: number): boolean {
    const isLarge = bytes > STREAM_UNREAD_MAX_BYTES
    if (isLarge ? this.#large > 0 : this.#small + bytes > STREAM_UNREAD_MAX_BYTES) return false
    if (total + bytes > ISOLATE_UNREAD_MAX_BYTES && this.#small + this.#large + bytes > SHARE_BYTES) return false
    this.#count(bytes, 1)
    return true
  }

  /** Must be called when the message has been read. */
  remove(bytes: number): void {
    if (streams.has(this)) this.#count(bytes, -1)
  }

  /** Must be called when the stream holds no memory any more. */
  close(): void {
    if (streams.delete(this)) total -= this.#small + this.#large
  }

  #count(bytes: number, sign: 1 | -1): void {
    total += sign * bytes
    if (bytes > STREAM_UNREAD_MAX_BYTES) this.#large += sign * bytes
    else this.#small += sign * bytes
  }
}
