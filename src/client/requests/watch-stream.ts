/**
 * One connection to `/watch` over SSE, from the request to its end. It does not reconnect and does not interpret events: the
 * client's `Follower`, the CLI and the dashboard each do that in their own way. A stream that is silent for `silenceMs` is
 * dead: the service sends a comment every 15 s.
 */
import {
  notSwitchyardMessage,
  sendRequest,
  withDeadline,
  type Call,
  type Connection,
  type ResponseLike,
} from './call.ts'
import { NoAnswerError } from './errors.ts'
import { readSse, type SseHandlers } from './sse.ts'

export type WatchStreamOptions = {
  /** The last known revision; undefined asks for a snapshot first. */
  after: number | undefined
  /** Other parameters of `/watch`. */
  query?: NonNullable<Call['query']>
  /** The time limit for the first sign of life, which the service sends at once. */
  deadlineMs: number
  silenceMs: number
  /** The limit of one event (counted in UTF-16 code units), and of the body of a refusal. */
  maxBytes: number
  signal: AbortSignal
}

export type WatchStreamHandlers = SseHandlers & {
  /** The stream has begun. @param sentAt `performance.now()` before the request */
  opened(headers: ResponseLike['headers'], sentAt: number): void
}

/**
 * Resolves when the service, or a proxy before it, ends the stream.
 * @throws {RefusedError} @throws {NoAnswerError} also if the stream is silent, breaks, or is aborted
 */
export async function readWatchStream(
  connection: Connection,
  { after, query, deadlineMs, silenceMs, maxBytes, signal }: WatchStreamOptions,
  { opened, heartbeat, ...handlers }: WatchStreamHandlers,
): Promise<void> {
  const sentAt = performance.now()
  await withDeadline(connection.url, deadlineMs, signal, async (inner, restart) => {
    const { headers, body } = await sendRequest(connection, 'GET', `/stash/${connection.stash}/watch`, {
      query: { after, ...query },
      headers: { Accept: 'text/event-stream' },
      signal: inner,
      maxBytes,
    })
    if (body === null || !/^text\/event-stream\b/i.test(headers.get('Content-Type') ?? '')) {
      throw new NoAnswerError(notSwitchyardMessage(connection.url))
    }
    opened(headers, sentAt)
    await readSse(body, maxBytes, {
      ...handlers,
      heartbeat: () => {
        restart(silenceMs)
        heartbeat()
      },
    })
  })
}
