/**
 * Follows a stash: by a stream, and by polls while there is no stream or the cache needs a confirmation. It tries until `stop`
 * is called. Each update goes to the `FollowerHost`, which decides what the update means for the cache.
 */
import { getRetryAfterMs, NoAnswerError } from '../requests/errors.ts'
import { pause } from '../timers.ts'
import { isStashId, malformed, parseFlags, parseWatchEvent, type FlagUpdate } from './flag-update.ts'
import type { FlagCache } from './flag-cache.ts'
import type { Freshness, Source } from './freshness.ts'
import { readWatchStream } from '../requests/watch-stream.ts'
import { atLeastRetryAfter, BackOff, withJitter } from '../requests/backoff.ts'
import { call, type Connection, type ResponseLike } from '../requests/call.ts'

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
  // 8 MiB.
  maxBytes: 2 ** 23,
}

/** The owner of a follower, which reads its members and calls its methods. */
export type FollowerHost = {
  readonly cache: Pick<FlagCache, 'resumeFrom' | 'prefix'>
  readonly freshness: Pick<Freshness, 'suspected' | 'disconnect'>
  /** The id of the stash; its slug as long as the id is not known. */
  readonly stash: string
  /** A valid answer has arrived, or a stream has begun. @param sentAt `performance.now()` before the request */
  responded(headers: ResponseLike['headers'], sentAt: number): void
  /** A comment or a field has arrived on the stream. */
  heartbeat(): void
  /** @throws {NoAnswerError} if the update is a snapshot of an earlier revision, or leaves out a change */
  update(update: FlagUpdate, via: Source): void
  /** A poll says that this revision is the newest. */
  confirmed(revision: number): void
  failed(error: unknown): void
}

/** A stream that lived for longer than this part of `silenceMs` was steady: its end does not count as a failure. */
const STEADY = 1 / 4

/** @param signal ends the follower */
export function createFollower(given: Connection, timing: Timing, followed: FollowerHost, signal: AbortSignal) {
  // Reads are sent without the token: they are public, and caches do not answer requests that carry one.
  const { token: _, ...connection } = given
  const { cache, freshness } = followed
  const { pollMs, silenceMs, backOffMs, ceilingMs, maxBytes } = timing
  const keys = cache.prefix ? `${cache.prefix}*` : undefined
  const streams = new BackOff(backOffMs, 6 * ceilingMs)
  const polls = new BackOff(backOffMs, ceilingMs)
  let noPollBefore = -Infinity
  let isPolling = false
  let polledAt = -Infinity

  const pickSpread = (): number => Math.random() * timing.spreadMs

  /** @returns the error if there was no valid answer, or one of an earlier revision; else null. Never throws. */
  async function poll(minRevision?: number, deadlineMs = timing.deadlineMs): Promise<unknown> {
    const known = cache.resumeFrom
    isPolling = true
    const sentAt = (polledAt = performance.now())
    try {
      const { status, body, headers } = await call<string>(connection, 'GET', `/stash/${followed.stash}/flags`, {
        query: { keys, min_revision: minRevision },
        deadlineMs,
        maxBytes,
        signal,
        headers: { 'If-None-Match': known === null ? undefined : `"${known}"` },
        as: 'text',
      })
      const update = status === 304 ? null : parseFlags(body, followed.stash)
      if (update === null && known === null) throw malformed('304')
      // The clock is synchronized first, because the update may hold time-boxes that have ended.
      followed.responded(headers, sentAt)
      if (update !== null) followed.update(update, 'poll')
      else if (known !== null) followed.confirmed(known)
      polls.reset()
      return null
    } catch (error) {
      if (!signal.aborted) followed.failed(error)
      noPollBefore = performance.now() + atLeastRetryAfter(0, getRetryAfterMs(error))
      return error
    } finally {
      isPolling = false
    }
  }

  /** A stream that resumes sends no event if nothing has changed, so a poll must confirm the cache. */
  const pollIfSuspected = (): void => {
    if (freshness.suspected && !isPolling) void poll()
  }

  /**
   * Waits until the next stream is due, and polls meanwhile. After a steady stream the first poll comes at a random moment, so
   * that not all clients poll at once. After a first failure it comes after `pollMs`, if the wait is longer than that; from the
   * second failure in a row on, it comes at once.
   */
  async function pollUntilRetry(ms: number, wasSteady: boolean): Promise<void> {
    let until = performance.now() + ms
    let wait = streams.failures < 2 ? Math.min(ms, pollMs) : 0
    if (wasSteady) wait = (Math.random() * pollMs) / 2
    wait = Math.max(wait, noPollBefore - performance.now())
    for (;;) {
      const left = until - performance.now()
      await pause(Math.min(left, wait), signal)
      // A timer may fire a moment early. A poll in that moment could come before the server's `Retry-After` is over.
      if (wait >= left || signal.aborted) return
      const wasAway = polls.failures > 0
      const error = await poll()
      const answered = error === null
      // The service is back, so the stream does not wait for the rest of a long back-off. Its time is random, because all
      // clients find that out at about the same moment.
      if (answered && wasAway) until = Math.min(until, performance.now() + pickSpread())
      if (!answered) freshness.disconnect('poll')
      wait = answered ? withJitter(pollMs) : polls.next(getRetryAfterMs(error))
    }
  }

  /** Resolves at the end of the stream with its cause, the delay that the server asks for, and how long the stream lived. */
  async function readStream(): Promise<{ error: unknown; retryMs: number | null; livedMs: number }> {
    let retryMs: number | null = null
    let openedAt = Infinity
    let error: unknown = null
    // A stream does not name its stash, so the id of a slug must be known before.
    if (!isStashId(followed.stash)) {
      await pause(Math.max(0, noPollBefore - performance.now()), signal)
      error = await poll()
    }
    try {
      if (error === null) {
        const options = { after: cache.resumeFrom ?? undefined, query: { keys }, ...timing, signal }
        await readWatchStream({ ...connection, stash: followed.stash }, options, {
          opened: (headers, sentAt) => {
            openedAt = performance.now()
            followed.responded(headers, sentAt)
            freshness.suspected = true
            pollIfSuspected()
          },
          heartbeat: () => {
            followed.heartbeat()
            if (performance.now() - polledAt > pollMs) pollIfSuspected()
          },
          event: (data) => followed.update(parseWatchEvent(data), 'stream'),
          retry: (ms) => (retryMs = ms),
        })
        error = new NoAnswerError('The stream ended.')
      }
    } catch (cause) {
      error = cause
    }
    return { error, retryMs, livedMs: performance.now() - openedAt }
  }

  /** @param loaded resolves when the store was loaded, which may know the id of a slug */
  async function run(loaded: Promise<void>): Promise<void> {
    // The first poll runs beside the stream, so that the faster of the two makes the client ready.
    if (isStashId(followed.stash)) void poll()
    else await Promise.race([loaded, pause(timing.deadlineMs, signal)])
    while (!signal.aborted) {
      const { error, retryMs, livedMs } = await readStream()
      if (signal.aborted) return
      followed.failed(error)
      freshness.disconnect('stream')
      const wasSteady = livedMs > silenceMs * STEADY
      if (wasSteady) streams.reset()
      const askedMs = getRetryAfterMs(error) ?? retryMs
      // A deploy or a proxy ends the steady streams of all clients at once: they must not reconnect at the same time.
      const wait = wasSteady ? atLeastRetryAfter(pickSpread(), askedMs) : streams.next(askedMs)
      await pollUntilRetry(wait, wasSteady)
    }
  }

  return { run, poll }
}
