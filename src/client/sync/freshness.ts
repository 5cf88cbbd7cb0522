/**
 * The status says how far the cached flags can be trusted. It is computed when `status()` is called, so that a process that
 * was suspended, or a stream that stopped a minute ago, does not look fresh.
 */
export type Status = {
  /**
   * - `empty`: no flags were received or loaded yet; every typed read gives its default
   * - `fresh`: the service sends each change, or confirmed the flags a moment ago
   * - `behind`: last known values; the service has not confirmed them for a while, or the connection has failed since
   * - `gone`: the stash was deleted, or the service no longer knows it; last known values
   * - `closed`: `close` was called; last known values
   *
   * As OpenFeature's provider states: `empty` is NOT_READY, `fresh` READY, `behind` STALE, `gone` ERROR, `closed` NOT_READY.
   */
  state: 'empty' | 'fresh' | 'behind' | 'gone' | 'closed'
  /** null: no flags were received or loaded yet. */
  revision: number | null
  /**
   * When the state began, in ms since the epoch. For `behind`: when the service last confirmed the flags; if it has not, when
   * the client started.
   */
  since: number
  /** When the service last confirmed the flags; null: not since this process started. In ms since the epoch. */
  confirmedAt: number | null
  /** How the service last confirmed the flags; null: not since this process started. */
  via: 'stream' | 'poll' | null
  /** The number of flags whose time-box has ended by the clock, and whose end the service has not sent yet. */
  reverted: number
  /** The last failure of a stream or a poll; it stays here after a recovery. */
  error: { message: string; at: number } | null
}

export class Freshness {
  readonly #startedAt = Date.now()
  #confirmedAt: number | null = null
  #freshSince: number | null = null
  #via: Status['via'] = null
  #error: Status['error'] = null
  #end: { state: 'gone' | 'closed'; at: number } | null = null
  /** Whether the service returned an older revision than ours. Heartbeats do not confirm the cache until `confirm` is called. */
  #suspected = false
  /**
   * Whether the stream or a poll has confirmed a revision since this stream began. Until then heartbeats do not confirm the
   * cache, because changes that we missed may follow them.
   */
  #confirmedOnStream = false
  /** When the service first said that there is no such stash. A wrong service would say so too, so this is not final. */
  #missingSince: number | null = null
  readonly #limitsMs: { stream: number; poll: number }

  /** @param limitsMs how long after the last confirmation the cache is `behind` */
  constructor(limitsMs: { stream: number; poll: number }) {
    this.#limitsMs = limitsMs
  }

  get ended(): boolean {
    return this.#end !== null
  }

  /** Whether a poll must confirm the cache, although there is a stream. */
  get suspected(): boolean {
    return this.#suspected || !this.#confirmedOnStream
  }

  streamOpened(): void {
    this.#confirmedOnStream = false
  }

  /**
   * The service is alive, so it would have sent a change. This confirms the cache, unless the cache is `suspected`.
   * @returns whether the cache has just become fresh
   */
  heartbeat(via: 'stream' | 'poll'): boolean {
    if (this.suspected) return false
    const now = Date.now()
    const becomesFresh = this.#freshSince === null || this.#isOverdue(now)
    if (becomesFresh) this.#freshSince = now
    this.#confirmedAt = now
    this.#missingSince = null
    this.#via = via
    return becomesFresh
  }

  /**
   * The service has our revision as its newest, has sent a newer one, which was applied, or has sent a change that we had.
   * @returns whether the cache has just become fresh
   */
  confirm(via: 'stream' | 'poll'): boolean {
    this.#suspected = false
    this.#confirmedOnStream = true
    return this.heartbeat(via)
  }

  suspect(): void {
    this.#suspected = true
    this.#freshSince = null
  }

  recordError(message: string): void {
    this.#error = { message, at: Date.now() }
  }

  missing(): void {
    this.#missingSince ??= Date.now()
  }

  /** The stream ended, or a poll failed. The end of a stream changes nothing while polls confirm the cache. */
  disconnect(source: 'stream' | 'poll'): void {
    if (source === 'poll' || this.#via === 'stream') this.#freshSince = null
  }

  /** Final, except that a client whose stash is gone can still be closed. */
  end(state: 'gone' | 'closed'): void {
    if (this.#end?.state !== 'closed') this.#end = { state, at: Date.now() }
  }

  toStatus(revision: number | null, reverted: number): Status {
    const now = Date.now()
    const rest = { revision, confirmedAt: this.#confirmedAt, via: this.#via, reverted, error: this.#error }
    if (this.#end !== null) return { state: this.#end.state, since: this.#end.at, ...rest }
    if (revision === null) return { state: 'empty', since: this.#startedAt, ...rest }
    if (this.#freshSince !== null && !this.#isOverdue(now)) return { state: 'fresh', since: this.#freshSince, ...rest }
    if (this.#missingSince !== null) return { state: 'gone', since: this.#missingSince, ...rest }
    return { state: 'behind', since: this.#confirmedAt ?? this.#startedAt, ...rest }
  }

  /** A negative age means that the local clock was put back: then the real age is not known. */
  #isOverdue(now: number): boolean {
    const age = now - (this.#confirmedAt ?? now)
    return age < 0 || age > this.#limitsMs[this.#via ?? 'poll']
  }
}
