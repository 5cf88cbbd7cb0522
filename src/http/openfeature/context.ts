/**
 * For whom flags are to be evaluated. Lenient, because clients differ: no body, no context and no targeting key are all
 * fine where nothing depends on them, and the Content-Type says nothing. What is given must be what it claims to be.
 */
import { parseJson } from '../../model/parse-json.ts'
import type { Failure } from './failure.ts'
import { INCOMPLETE, readInTime } from '../request/body.ts'
import { readText } from '../request/parse.ts'

/** A context says who asks, in a few lines. */
const CONTEXT_MAX_BYTES = 64 * 1024

/** It is hashed once for each flag that is rolled out by shares. */
const TARGETING_KEY_MAX_CHARS = 1_024

/** `text` is all that was sent, for telling one context from another. */
export type Context = { targetingKey: string | null; text: string }

export async function readContext(request: Request): Promise<Context | Failure> {
  const text = await readShort(request)
  if (text === null) return invalid(`The request may have at most ${CONTEXT_MAX_BYTES} bytes.`)
  return parseContext(text)
}

/** Null: it is too long. What says its length, as all clients do, is read whole: that costs a third less than piece by piece. */
async function readShort(request: Request): Promise<string | null> {
  const announced = request.headers.get('Content-Length')
  if (announced !== null && Number(announced) <= CONTEXT_MAX_BYTES) return readShortInTime(request)
  const read = await readText(request, CONTEXT_MAX_BYTES)
  if (read.ok) return read.value
  return read.refusal.code === 'body_too_large' ? null : NOT_JSON
}

async function readShortInTime(request: Request): Promise<string> {
  const text = await readInTime(CONTEXT_MAX_BYTES, request.text())
  return text === INCOMPLETE ? NOT_JSON : text
}

/** What is not UTF-8 is no JSON either. Nor is what broke off: its client has left. */
const NOT_JSON = '\u0000'

function parseContext(text: string): Context | Failure {
  const parsed = text.trim() === '' ? { value: {} } : parseJson(text)
  if (parsed === undefined) {
    return { errorCode: 'PARSE_ERROR', errorDetails: `The body is not JSON. ${EXPECTED}` }
  }
  if (!isRecord(parsed.value)) return invalid(`The body is not an object. ${EXPECTED}`)
  const context = parsed.value['context'] ?? {}
  if (!isRecord(context)) return invalid(`The context is not an object. ${EXPECTED}`)
  const targetingKey = context['targetingKey'] ?? null
  if (targetingKey !== null && typeof targetingKey !== 'string') {
    return invalid('context.targetingKey is not a string.')
  }
  if (targetingKey !== null && targetingKey.length > TARGETING_KEY_MAX_CHARS) {
    return invalid(`context.targetingKey has more than ${TARGETING_KEY_MAX_CHARS} characters.`)
  }
  // Nobody in particular: taking that for a user would give all such callers one fate.
  return { targetingKey: targetingKey === '' ? null : targetingKey, text }
}

const EXPECTED = 'It takes {"context": {"targetingKey": "user-1"}}.'

const invalid = (errorDetails: string): Failure => ({ errorCode: 'INVALID_CONTEXT', errorDetails })

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
