/**
 * Server-Sent Events from the body of a `fetch`: Node and Workers have no EventSource, and the one of a browser hides
 * the comments by which a live stream is told from a dead one. Only `data` and `retry` are read: the data says the rest.
 */
import { Failure, type Answer } from './call.ts'

type Ears = {
  /** A comment or a field came: the other side lives, and speaks this language. Bytes alone may be anything. */
  heard(): void
  told(data: string): void
  /** How long the server wants whoever is cut off to wait. */
  retry(ms: number): void
}

/** Resolves when the stream ends. @throws {Failure} where an event is longer than this; whatever `told` throws */
export async function readEvents(body: NonNullable<Answer['body']>, maxChars: number, ears: Ears): Promise<void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest: string[] = []
  let chars = 0
  let data: string[] = []
  const takeLine = (line: string): void => {
    if (line === '') {
      if (data.length > 0) ears.told(data.join('\n'))
      data = []
      chars = 0
      return
    }
    if (SIGN_OF_LIFE.test(line)) ears.heard()
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (/^retry: ?\d+$/.test(line)) ears.retry(Number(line.slice(6)))
  }
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = decoder.decode(value, { stream: true }).split('\n')
      for (const [i, part] of lines.entries()) {
        chars += part.length
        if (chars > maxChars) throw new Failure(`An event is longer than ${maxChars} characters.`)
        rest.push(part)
        if (i === lines.length - 1) break
        takeLine(rest.join('').replace(/\r$/, ''))
        rest = []
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

const SIGN_OF_LIFE = /^(?::|(?:id|event|data|retry):)/
