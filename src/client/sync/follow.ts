/**
 * Follows a stash: by a stream, and by polls while there is no stream or the cache needs a confirmation. It tries until `stop`
 * is called. Each update goes to the `FollowerHost`, which decides what the update means for the cache.
 */
import { atLeastRetryAfter, BackOff, withJitter } from '../requests/backoff.ts'
import { call, type Connection, type ResponseLike } from '../requests/call.ts'
import { NoAnswerError, RefusedError } from '../requests/errors.ts'
import type { FlagCache } from './flag-cache.ts'
import { parseFlags, parseWatchEvent, type FlagUpdate } from './flag-update.ts'
import type { Freshness } from './freshness.ts'
import type { Source } from '../reporter.ts'
import { pause } from '../timers.ts'
import { readWatchStream } from '../requests/watch-stream.ts'

/** All members are in ms, except `maxBytes`. */
export type Timing = {
  /** The time between two polls while there is no stream; jitter shortens it by up to half. */
  pollMs: number
  /** A stream that is silent for longer is dead. The service sends a heartbeat every 15 s. */
  silenceMs: number
  /** The time limit of a poll, and of a stream until its first sign of life. */
  deadlineMs: number
  /** The delay after the first failure. It doubles with each further failure in a row, up to a limit: see `ceilingMs`. */
  backOffMs: number
  /** The longest back-off of polls. That of streams is six times as long, because polls keep the cache current meanwhile. */
  ceilingMs: number
  /** After a steady stream or an outage, the next stream begins at a random time within this. */
  spreadMs: number
  /**
   * The limit of an answer or an event. The JSON of a full stash has up to 6 MiB, because an escape takes six bytes; its pending
   * time-boxes add up to 2 MiB.
   */
  maxBytes: number
}

export const TIMING: Timing = {
  pollMs: 5_000,
  silenceMs: 40_000,
  deadlineMs: 5_000,
  backOffMs: 500,
  ceilingMs: 10_000,
  spreadMs: 30_000,
  maxBytes: 8 * 1024 * 1024,
}

/** The owner of a `Follower`, which reads its members and calls its methods. */
export type FollowerHost = {
  readonly cache: Pick<FlagCache, 'resumeFrom'>
  readonly freshness: Pick<Freshness, 'suspected' | 'streamOpened' | 'disconnect'>
  /** A valid answer has arrived, or a stream has begun. @param sentAt `performance.now()` before the request */
  responded(headers: ResponseLike['headers'], sentAt: number): void
  /** A comment or a field has arrived on the stream. */
  heartbeat(): void
  /** @throws {NoAnswerError} if the update is a snapshot of an earlier revision, or leaves out a change */
  update(update: FlagUpdate, via: Source): void
  /** A poll says that this revision is the newest. */
  confirmed(revision: number): void
  failed(error: unknown, source: Source): void
}

/** A stream that lived for longer than this part of `silenceMs` was steady: its end does not count as a failure. */
const STEADY = 1 / 4

export class Follower {
  readonly #connection: Connection
  readonly #timing: Timing
  readonly #followed: FollowerHost
  readonly #streams: BackOff
  readonly #polls: BackOff
  /** The `Retry-After` of the last poll that failed; null if it was not refused, or its refusal had none. */
  #pollRetryAfterMs: number | null = null
  #noPollBefore = -Infinity
  #isPolling = false
  #polledAt = -Infinity
  readonly #stop = new AbortController()

  constructor(connection: Connection, timing: Timing, followed: FollowerHost) {
    // Reads are sent without the token: they are public, and caches do not answer requests that carry one.
    const { token: _, ...tokenless } = connection
    this.#connection = tokenless
    this.#timing = timing
    this.#followed = followed
    this.#streams = new BackOff(timing.backOffMs, 6 * timing.ceilingMs)
    this.#polls = new BackOff(timing.backOffMs, timing.ceilingMs)
  }

  stop(): void {
    this.#stop.abort()
  }

  async run(): Promise<void> {
    // The first poll runs beside the stream, so that the faster of the two makes the client ready.
    void this.poll()
    while (!this.#stop.signal.aborted) {
      const { error, retryMs, livedMs } = await this.#readStream()
      if (this.#stop.signal.aborted) return
      this.#followed.failed(error, 'stream')
      this.#followed.freshness.disconnect('stream')
      const wasSteady = livedMs > this.#timing.silenceMs * STEADY
      if (wasSteady) this.#streams.reset()
      const askedMs = error instanceof RefusedError ? error.retryAfterMs : retryMs
      // A deploy or a proxy ends the steady streams of all clients at once: they must not reconnect at the same time.
      const wait = wasSteady ? atLeastRetryAfter(this.#pickSpread(), askedMs) : this.#streams.next(askedMs)
      await this.#pollUntilRetry(wait, wasSteady)
    }
  }

  /** @returns whether the answer was valid and not of an earlier revision. Never throws. */
  async poll(query: { min_revision?: number } = {}, deadlineMs = this.#timing.deadlineMs): Promise<boolean> {
    const { stash } = this.#connection
    const known = this.#followed.cache.resumeFrom
    this.#isPolling = true
    const sentAt = (this.#polledAt = performance.now())
    try {
      const { status, body, headers } = await call<string>(this.#connection, 'GET', `/stash/${stash}/flags`, {
        query,
        deadlineMs,
        maxBytes: this.#timing.maxBytes,
        signal: this.#stop.signal,
        headers: { 'If-None-Match': known === null ? undefined : `"${known}"` },
        as: 'text',
      })
      const update = status === 304 ? null : parseFlags(body, stash)
      if (update === null && known === null) throw new NoAnswerError('The answer was 304 without a tag.')
      // The clock is synchronized first, because the update may hold time-boxes that have ended.
      this.#followed.responded(headers, sentAt)
      if (update !== null) this.#followed.update(update, 'poll')
      else if (known !== null) this.#followed.confirmed(known)
      this.#polls.reset()
      return true
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#followed.failed(error, 'poll')
      this.#pollRetryAfterMs = error instanceof RefusedError ? error.retryAfterMs : null
      this.#noPollBefore = performance.now() + atLeastRetryAfter(0, this.#pollRetryAfterMs)
      return false
    } finally {
      this.#isPolling = false
    }
  }

  /** A stream that resumes sends no event if nothing has changed, so a poll must confirm the cache. */
  #pollIfSuspected(): void {
    if (this.#followed.freshness.suspected && !this.#isPolling) void this.poll()
  }

  /**
   * Waits until the next stream is due, and polls meanwhile. After a steady stream the first poll comes at a random moment, so
   * that not all clients poll at once. After a first failure it comes after `pollMs`, if the wait is longer than that; from the
   * second failure in a row on, it comes at once.
   */
  async #pollUntilRetry(ms: number, wasSteady: boolean): Promise<void> {
    const { signal } = this.#stop
    let until = performance.now() + ms
    let wait = this.#streams.failures < 2 ? Math.min(ms, this.#timing.pollMs) : 0
    if (wasSteady) wait = (Math.random() * this.#timing.pollMs) / 2
    wait = Math.max(wait, this.#noPollBefore - performance.now())
    for (;;) {
      const left = until - performance.now()
      await pause(Math.min(left, wait), signal)
      // A timer may fire a moment early. A poll in that moment could come before the server's `Retry-After` is over.
      if (wait >= left || signal.aborted) return
      const wasAway = this.#polls.failures > 0
      const answered = await this.poll()
      // The service is back, so the stream does not wait for the rest of a long back-off. Its time is random, because all
      // clients find that out at about the same moment.
      if (answered && wasAway) until = Math.min(until, performance.now() + this.#pickSpread())
      if (!answered) this.#followed.freshness.disconnect('poll')
      wait = answered ? withJitter(this.#timing.pollMs) : this.#polls.next(this.#pollRetryAfterMs)
    }
  }

  #pickSpread(): number {
    return Math.random() * this.#timing.spreadMs
  }

  /** Resolves at the end of the stream with its cause, the delay that the server asks for, and how long the stream lived. */
  async #readStream(): Promise<{ error: unknown; retryMs: number | null; livedMs: number }> {
    let retryMs: number | null = null
    let openedAt = Infinity
    const end = (error: unknown) => ({ error, retryMs, livedMs: performance.now() - openedAt })
    const options = { after: this.#followed.cache.resumeFrom ?? undefined, ...this.#timing, signal: this.#stop.signal }
    try {
      await readWatchStream(this.#connection, options, {
        opened: (headers, sentAt) => {
          openedAt = performance.now()
          this.#followed.responded(headers, sentAt)
          this.#followed.freshness.streamOpened()
          this.#pollIfSuspected()
        },
        heartbeat: () => {
          this.#followed.heartbeat()
          if (performance.now() - this.#polledAt > this.#timing.pollMs) this.#pollIfSuspected()
        },
        event: (data) => this.#followed.update(parseWatchEvent(data), 'stream'),
        retry: (ms) => (retryMs = ms),
      })
      return end(new NoAnswerError('The stream ended.'))
    } catch (error) {
      return end(error)
    }
  }
}
