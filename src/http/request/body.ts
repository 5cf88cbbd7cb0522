/**
 * Reads a request's body: never more than its limit, and never for longer than that takes at a slow but usable rate.
 * A body that breaks off is the client's doing (it hung up, or its network did), so it is a refusal and not a fault.
 */
import { ok, refuse, type Result } from '../../model/refusal.ts'

/** A body that sits in the runtime's memory for longer holds a connection for nothing. */
const DEADLINE_MS = 30_000
/** A second more for each of these that the route takes: 2 MiB have two and a half minutes. */
const DEADLINE_STEP_BYTES = 16 * 1024

export const INCOMPLETE: unique symbol = Symbol('incomplete')

/** Of what reads at most `limit` bytes of a body. `INCOMPLETE` where it broke off, or did not come in time. */
export async function readInTime<T>(limit: number, reading: Promise<T>): Promise<T | typeof INCOMPLETE> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<typeof INCOMPLETE>((resolve) => {
    const deadlineMs = DEADLINE_MS + (limit / DEADLINE_STEP_BYTES) * 1_000
    timer = setTimeout(() => resolve(INCOMPLETE), deadlineMs)
  })
  // The runtime rejects with "Network connection lost."; nothing else makes reading fail.
  const brokenOff = (): typeof INCOMPLETE => INCOMPLETE
  const read = await Promise.race([reading.catch(brokenOff), late])
  clearTimeout(timer)
  return read
}

/** The body's bytes, never more than `limit`: a longer one is dropped where it passes it. */
export async function readBody(request: Request, limit: number): Promise<Result<Uint8Array>> {
  const tooLarge = refuse({ code: 'body_too_large', limit_bytes: limit })
  const announced = request.headers.get('Content-Length')
  if (Number(announced ?? 0) > limit) return tooLarge
  if (announced === null && request.body === null) return ok(new Uint8Array())
  // What is announced is all that comes, and read whole it costs half as much.
  const reading: Promise<Uint8Array | ArrayBuffer | null> =
    announced === null ? readChunks(request, limit) : request.arrayBuffer()
  const read = await readInTime(limit, reading)
  if (read === INCOMPLETE) return refuse({ code: 'body_incomplete' })
  return read === null || read.byteLength > limit ? tooLarge : ok(new Uint8Array(read))
}

/** Null: it is longer. */
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
