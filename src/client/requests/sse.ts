/**
 * Parses Server-Sent Events from the body of a `fetch`. EventSource is no substitute: it hides the comments that show whether a
 * stream is alive, and Node has none by default. Only the fields `data` and `retry` are used.
 */
import type { ResponseLike } from './call.ts'
import { NoAnswerError } from './errors.ts'

export type SseHandlers = {
  /** A comment or a field arrived: the server is alive and speaks SSE. Other bytes could come from any server. */
  heartbeat(): void
  /** Gets the data of an event. An error that it throws ends the stream. */
  event(data: string): void
  /** Gets the delay before a reconnect that the server asks for. */
  retry?(ms: number): void
}

/** Resolves at the end of the stream. @throws {NoAnswerError} if an event is longer than `maxChars` */
export async function readSse(
  body: NonNullable<ResponseLike['body']>,
  maxChars: number,
  { heartbeat, event, retry }: SseHandlers,
): Promise<void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  // The parts of a line are joined once it is complete: appending to a long text for each chunk would be quadratic.
  let partial: string[] = []
  let chars = 0
  let data: string[] = []
  const takeLine = (line: string): void => {
    if (line === '') {
      if (data.length > 0) event(data.join('\n'))
      data = []
      chars = 0
      return
    }
    if (HEARTBEAT.test(line)) heartbeat()
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (/^retry: ?\d+$/.test(line)) retry?.(Number(line.slice(6)))
  }
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = decoder.decode(value, { stream: true }).split('\n')
      for (const [i, part] of lines.entries()) {
        chars += part.length
        if (chars > maxChars) throw new NoAnswerError(`An event is larger than ${maxChars} characters.`)
        partial.push(part)
        if (i === lines.length - 1) break
        takeLine(partial.join('').replace(/\r$/, ''))
        partial = []
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

const HEARTBEAT = /^(id|event|data|retry|):/
