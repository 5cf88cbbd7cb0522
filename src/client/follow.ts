/**
 * Keeps up with a stash: a stream as long as there is one, polls while there is none, and never an end to trying but
 * `stop` and the stash's own. What comes is handed to `ears`; what it means for the copy is not decided here.
 */
import { call, Failure, open, Refused, type Answer, type Connection } from './call.ts'
import { readEvents } from './events.ts'
import { BackOff, heed, pause, spread } from './pause.ts'
import type { Road } from './reporter.ts'
import { readEvent, readFlags, type Told } from './told.ts'

/** In ms, but for `maxBytes`. */
export type Timing = {
  /** Between two polls, while there is no stream. */
  pollMs: number
  /** The service says something every 15 s. A stream that is silent for longer than this is dead. */
  silenceMs: number
  /** For a poll, and for a stream to begin. */
  deadlineMs: number
  /** After the first failure; then twice as long each time … */
  backOffMs: number
  /** … up to this, for polls. Streams are tried less and less, up to six times this: polls cover for them. */
  ceilingMs: number
  /** After a stream that lived, and after an outage, the next one begins at random within this. Polls cover for it. */
  spreadMs: number
  /** Of an answer or an event. A full stash, written as JSON in the worst way, stays below 7 MiB. */
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

export type Ears = {
  /** The last revision of which all is known: where a stream goes on. */
  revision(): number | null
  /** Whether the service has to be asked, though it streams. */
  doubts(): boolean
  /** There is a stream, and nothing has come of it yet. */
  opened(): void
  /** An answer that may be believed, and that says when it was given. `sentAt` is `performance.now()` before the request. */
  dated(headers: Answer['headers'], sentAt: number): void
  /** A sign of life on the stream. */
  heard(): void
  /** @throws {Failure} where it cannot be taken in */
  told(told: Told, via: Road): void
  /** The service, asked, has nothing newer than this revision. */
  confirmed(revision: number): void
  failed(error: unknown, road: Road): void
  /** There is no stream any more, or no answer while there is none. */
  lost(road: Road): void
}

/** A stream that lived for this part of the silence that would end it was no failure, however it ended. */
const STEADY = 1 / 4

export class Follower {
  readonly #connection: Connection
  readonly #timing: Timing
  readonly #ears: Ears
  readonly #streams: BackOff
  readonly #polls: BackOff
  /** What the last refused poll asked for. */
  #pollAskedMs: number | null = null
  /** When it wants the next one. */
  #pollNotBefore = -Infinity
  #isPolling = false
  #polledAt = -Infinity
  readonly #stop = new AbortController()
  /** What is under way. A stream's controller is its own, so that silence can end it. */
  #stream: AbortController | null = null

  constructor(connection: Connection, timing: Timing, ears: Ears) {
    // Reads are public: a token would only keep them out of caches.
    const { token: _, ...open } = connection
    this.#connection = open
    this.#timing = timing
    this.#ears = ears
    this.#streams = new BackOff(timing.backOffMs, 6 * timing.ceilingMs)
    this.#polls = new BackOff(timing.backOffMs, timing.ceilingMs)
  }

  stop(): void {
    this.#stop.abort()
    this.#stream?.abort()
  }

  async run(): Promise<void> {
    // Beside the stream: whichever answers first.
    void this.poll()
    while (!this.#stop.signal.aborted) {
      const { error, retryMs, livedMs } = await this.#readStream()
      if (this.#stop.signal.aborted) return
      this.#ears.failed(error, 'stream')
      this.#ears.lost('stream')
      const wasSteady = livedMs > this.#timing.silenceMs * STEADY
      if (wasSteady) this.#streams.reset()
      const askedMs = error instanceof Refused ? error.retryAfterMs : retryMs
      // What ends a steady stream, a deploy or a proxy, ends those of others too: they do not come back together.
      const wait = wasSteady ? heed(this.#pickSpread(), askedMs) : this.#streams.next(askedMs)
      await this.#bridge(wait, wasSteady)
    }
  }

  /** @returns whether the service answered as it should. Never throws. */
  async poll(query: { min_revision?: number } = {}, deadlineMs = this.#timing.deadlineMs): Promise<boolean> {
    const { stash } = this.#connection
    const known = this.#ears.revision()
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
      const told = status === 304 ? null : readFlags(body, stash)
      if (told === null && known === null)
        throw new Failure('What nobody has asked for before is said to be unchanged.')
      // The clock is corrected first: an event may hold time-boxes that have ended.
      this.#ears.dated(headers, sentAt)
      if (told !== null) this.#ears.told(told, 'poll')
      else if (known !== null) this.#ears.confirmed(known)
      this.#polls.reset()
      return true
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#ears.failed(error, 'poll')
      this.#pollAskedMs = error instanceof Refused ? error.retryAfterMs : null
      this.#pollNotBefore = performance.now() + heed(0, this.#pollAskedMs)
      return false
    } finally {
      this.#isPolling = false
    }
  }

  /** A stream that resumes says nothing where nothing has changed. Whether that is so, a poll says. */
  #ask(): void {
    if (this.#ears.doubts() && !this.#isPolling) void this.poll()
  }

  /**
   * The time until the next try for a stream. Polls keep readers current in it: after a steady stream, from a moment later
   * on, and not all clients at once; else once streams have failed twice, or where it is long.
   */
  async #bridge(ms: number, wasSteady: boolean): Promise<void> {
    const { signal } = this.#stop
    let until = performance.now() + ms
    let wait = this.#streams.failures < 2 ? Math.min(ms, this.#timing.pollMs) : 0
    if (wasSteady) wait = (Math.random() * this.#timing.pollMs) / 2
    wait = Math.max(wait, this.#pollNotBefore - performance.now())
    for (;;) {
      const left = until - performance.now()
      await pause(Math.min(left, wait), signal)
      // A timer may fire a moment early: no poll in the moment that is left, which the server may have asked for.
      if (wait >= left || signal.aborted) return
      const wasAway = this.#polls.failures > 0
      const answered = await this.poll()
      // It is back: no reason to wait out a long outage's last step. But everybody has seen that it is.
      if (answered && wasAway) until = Math.min(until, performance.now() + this.#pickSpread())
      if (!answered) this.#ears.lost('poll')
      wait = answered ? spread(this.#timing.pollMs) : this.#polls.next(this.#pollAskedMs)
    }
  }

  #pickSpread(): number {
    return Math.random() * this.#timing.spreadMs
  }

  /** Resolves when it is over, with why, how long the server wants us to wait, and how long there was a stream. */
  async #readStream(): Promise<{ error: unknown; retryMs: number | null; livedMs: number }> {
    const { deadlineMs, silenceMs, maxBytes } = this.#timing
    const leaving = new AbortController()
    this.#stream = leaving
    let silent = false
    const fallSilent = (): void => {
      silent = true
      leaving.abort()
    }
    // Holds the process open until there is an answer, as any request does; after that the socket does.
    let watchdog = setTimeout(fallSilent, deadlineMs)
    const heard = (): void => {
      clearTimeout(watchdog)
      watchdog = setTimeout(fallSilent, silenceMs)
      this.#ears.heard()
      if (performance.now() - this.#polledAt > this.#timing.pollMs) this.#ask()
    }
    let retryMs: number | null = null
    let openedAt = Infinity
    const sentAt = performance.now()
    try {
      const after = this.#ears.revision() ?? undefined
      const answer = await open(this.#connection, 'GET', `/stash/${this.#connection.stash}/watch`, {
        query: { after },
        headers: { Accept: 'text/event-stream' },
        signal: leaving.signal,
        maxBytes,
      })
      if (answer.body === null || !/^text\/event-stream\b/i.test(answer.headers.get('Content-Type') ?? '')) {
        leaving.abort()
        throw new Failure('What should be a stream is none.')
      }
      openedAt = performance.now()
      this.#ears.dated(answer.headers, sentAt)
      this.#ears.opened()
      this.#ask()
      await readEvents(answer.body, maxBytes, {
        heard,
        told: (data) => this.#ears.told(readEvent(data), 'stream'),
        retry: (ms) => (retryMs = ms),
      })
      throw new Failure('The stream ended.')
    } catch (cause) {
      const livedMs = performance.now() - openedAt
      if (silent) return { error: new Failure('The stream fell silent.', { cause }), retryMs, livedMs }
      const isWorded = cause instanceof Failure || cause instanceof Refused
      // The runtime's own word for it is "terminated".
      return { error: isWorded ? cause : new Failure('The stream broke off.', { cause }), retryMs, livedMs }
    } finally {
      clearTimeout(watchdog)
      leaving.abort()
      this.#stream = null
    }
  }
}
