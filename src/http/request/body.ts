/**
 * Reads a request's body up to a limit of bytes and a deadline, which allows for a slow but usable connection. A body that
 * breaks off is a refusal and not a fault, because the client or its network closed the connection.
 */
import { ok, refuse, type Result } from '../../model/refusal.ts'

/** The time that every body gets at least. The deadline exists because a body that never ends would hold memory. */
const DEADLINE_MS = 30_000
/** A body gets one second more for each of these steps in the route's limit: 2 MiB get about two and a half minutes. */
const DEADLINE_STEP_BYTES = 16 * 1024

export const INCOMPLETE: unique symbol = Symbol('incomplete')

/**
 * Awaits `reading`, which reads at most `limit` bytes of a body. Resolves with `INCOMPLETE` if the body broke off or missed
 * the deadline.
 */
export function readInTime<T>(limit: number, reading: Promise<T>): Promise<T | typeof INCOMPLETE> {
  // One promise and no race, because each evaluation comes through here.
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(INCOMPLETE), DEADLINE_MS + (limit / DEADLINE_STEP_BYTES) * 1_000)
    reading.then(
      (read) => {
        clearTimeout(timer)
        return resolve(read)
      },
      // The runtime rejects the read of a body only if the connection broke ("Network connection lost.").
      () => {
        clearTimeout(timer)
        return resolve(INCOMPLETE)
      },
    )
  })
}

/**
 * The body's bytes. A body longer than `limit` is refused: before it is read if it has a Content-Length, else after the chunk
 * that exceeds the limit.
 */
export async function readBody(request: Request, limit: number): Promise<Result<Uint8Array>> {
  const tooLarge = refuse({ code: 'body_too_large', limit_bytes: limit })
  const announced = request.headers.get('Content-Length')
  if (Number(announced ?? 0) > limit) return tooLarge
  if (announced === null && request.body === null) return ok(new Uint8Array())
  // The body is never longer than its Content-Length, so it can be read in one call. Reading it chunk by chunk costs twice
  // the CPU.
  const reading: Promise<Uint8Array | ArrayBuffer | null> =
    announced === null ? readChunks(request, limit) : request.arrayBuffer()
  const read = await readInTime(limit, reading)
  if (read === INCOMPLETE) return refuse({ code: 'body_incomplete' })
  return read === null || read.byteLength > limit ? tooLarge : ok(new Uint8Array(read))
}

/** Null if the body is longer than `limit`. */
async function readChunks(request: Request, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength
    if (length > limit) return null
    chunks.push(chunk)
  }
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0]
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
