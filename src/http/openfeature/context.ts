/**
 * Parses the evaluation context. It is lenient, because clients differ: the body, the context and the targeting key may all be
 * absent, the context and the key may be null, and the Content-Type is ignored. A part that is given must have the right type.
 */
import { parseJson } from '../../model/parse-json.ts'
import type { Failure } from './failure.ts'
import { INCOMPLETE, readInTime } from '../request/body.ts'
import { readText } from '../request/parse.ts'

/** The limit of the body. A context has a few short attributes. */
const CONTEXT_MAX_BYTES = 64 * 1024

/** The limit exists because the targeting key is hashed once for each flag that is rolled out by shares. */
const TARGETING_KEY_MAX_CHARS = 1_024

/** The part of a context that flags are evaluated by. */
export type Context = { targetingKey: string | null }

export async function readContext(request: Request): Promise<Context | Failure> {
  const text = await readShort(request)
  if (text === null) return invalid(`The body may have at most ${CONTEXT_MAX_BYTES} bytes.`)
  return parseContext(text === INCOMPLETE ? NOT_JSON : text)
}

/**
 * The body, or null if it is too long. With a Content-Length, which most clients send, it is read in one call: that costs a
 * third less CPU.
 */
function readShort(request: Request): Promise<string | typeof INCOMPLETE | null> {
  const announced = request.headers.get('Content-Length')
  return announced !== null && Number(announced) <= CONTEXT_MAX_BYTES
    ? readInTime(CONTEXT_MAX_BYTES, request.text())
    : readShortChunks(request)
}

async function readShortChunks(request: Request): Promise<string | null> {
  const read = await readText(request, CONTEXT_MAX_BYTES)
  if (read.ok) return read.value
  return read.refusal.code === 'body_too_large' ? null : NOT_JSON
}

/**
 * Stands for a body that broke off, so that it is refused like one that is not JSON. It also stands for one that is not UTF-8, if
 * the body has no Content-Length: otherwise `request.text()` replaces the malformed bytes.
 */
const NOT_JSON = '\u0000'

function parseContext(text: string): Context | Failure {
  const parsed = text.trim() === '' ? { value: {} } : parseJson(text)
  if (parsed === undefined) {
    return { errorCode: 'PARSE_ERROR', errorDetails: `The body is not JSON. ${EXPECTED}` }
  }
  if (!isRecord(parsed.value)) return invalid(`The body is not an object. ${EXPECTED}`)
  return toContext(parsed.value['context'] ?? {})
}

export function toContext(context: unknown): Context | Failure {
  if (!isRecord(context)) return invalid(`The context is not an object. ${EXPECTED}`)
  const targetingKey = context['targetingKey'] ?? null
  if (targetingKey !== null && typeof targetingKey !== 'string') {
    return invalid('context.targetingKey is not a string.')
  }
  if (targetingKey !== null && targetingKey.length > TARGETING_KEY_MAX_CHARS) {
    return invalid(`context.targetingKey has more than ${TARGETING_KEY_MAX_CHARS} characters.`)
  }
  // An empty targeting key counts as absent: as a key, it would put all such callers into the same share.
  return { targetingKey: targetingKey === '' ? null : targetingKey }
}

const EXPECTED = 'Send {"context": {"targetingKey": "user-1"}}.'

const invalid = (errorDetails: string): Failure => ({ errorCode: 'INVALID_CONTEXT', errorDetails })

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
