/**
 * One request to the HTTP API. The client, the CLI and the dashboard send every request through `call` or `sendRequest`. The
 * module has no dependencies, and runs in Node, in browsers and in Workers. `Connection.fetch` replaces the global `fetch`.
 */
import { NoAnswerError, RefusedError } from './errors.ts'

/** The address of a stash, and the token to send. */
export type Connection = {
  /** Base URL with `/api` if the deployment has it: `https://flags.example/api`. A slash at the end is allowed. */
  url: string
  /** The stash's id, 64 hexadecimal digits. */
  stash: string
  /** Public reads (the flags, and watches of them) need no token. */
  token?: string
  fetch?: FetchLike
}

/** The part of `fetch` that is used here, so that a caller can pass another transport. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: [string, string][]; redirect: 'manual'; signal?: AbortSignal; body?: string },
) => Promise<ResponseLike>

export type ResponseLike = {
  ok: boolean
  status: number
  headers: Pick<Headers, 'get'>
  body: { getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'> } | null
}

export type Call = {
  /** Parameters that are undefined are left out. */
  query?: Record<string, string | number | undefined>
  /** A string is sent as it is, any other value as JSON. */
  body?: unknown
  headers?: Record<string, string | undefined>
  /** In ms; default 10 s. After it the call ends with a `NoAnswerError`. */
  deadlineMs?: number
  /** Limit of the answer's body; default 64 MiB. A longer one ends the call with a `NoAnswerError`: it could fill the memory. */
  maxBytes?: number
  signal?: AbortSignal
  /** Returns the body as text, also if its type is JSON. */
  as?: 'text'
}

export type Reply<T> = { status: number; headers: ResponseLike['headers']; body: T }

/** Whether a parsed JSON value is an object, and neither null nor an array. */
export const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)

/** Whether Switchyard can have given this answer to a change. A sign-in page or another service may answer 200 as well. */
export function isChangeAnswer(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && (typeof body['revision'] === 'number' || typeof body['held_id'] === 'string')
}

export const notSwitchyardMessage = (url: string): string =>
  `${getHost(url)} is not Switchyard, or not its API. Check the URL.`

const DEADLINE_MS = 10_000
/** 64 MiB. */
const MAX_BYTES = 2 ** 26

type Target = Pick<Connection, 'url' | 'token' | 'fetch'>

/**
 * @param path under the base URL: `/stash/<id>/flags`. The caller encodes keys in it.
 * @throws {RefusedError} if the status is 4xx or 5xx
 * @throws {NoAnswerError} if there is no answer, or none in time, or one that is broken off, too long, or a redirect
 */
export async function call<T = unknown>(
  connection: Target,
  method: string,
  path: string,
  { deadlineMs = DEADLINE_MS, signal, maxBytes = MAX_BYTES, as, ...rest }: Call = {},
): Promise<Reply<T>> {
  return withDeadline(connection.url, deadlineMs, signal, async (inner) => {
    const answer = await sendRequest(connection, method, path, { ...rest, maxBytes, signal: inner })
    const text = await readText(answer, maxBytes)
    const body = as === 'text' ? text : readBody(answer, text)
    return { status: answer.status, headers: answer.headers, body: body as T }
  })
}

/**
 * Runs a request to its end, or to the end of its deadline. `restart` begins a new deadline. The timer keeps the process alive,
 * and so does the request that it belongs to.
 * @param outer the signal of the caller, which ends the request too
 * @throws {RefusedError} @throws {NoAnswerError} and no other error
 */
export async function withDeadline<T>(
  url: string,
  ms: number,
  outer: AbortSignal | undefined,
  send: (signal: AbortSignal, restart: (ms: number) => void) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: an outer signal that lives for months would collect one dependent signal per request.
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  let timedOut: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const restart = (nextMs: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      timedOut = `${getHost(url)} did not answer within ${nextMs / 1_000} s.`
      abort()
    }, nextMs)
  }
  outer?.addEventListener('abort', abort)
  if (outer?.aborted) abort()
  restart(ms)
  try {
    return await send(controller.signal, restart)
  } catch (cause) {
    const isKnown = cause instanceof RefusedError || cause instanceof NoAnswerError
    // If the deadline has passed, that is the cause of every error.
    if (isKnown && timedOut === undefined) throw cause
    throw new NoAnswerError(timedOut ?? `The connection to ${getHost(url)} broke.`, { cause })
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', abort)
    // Ends a request whose response was not read to the end.
    abort()
  }
}

/** Like `call`, but resolves before the body of a success is read, and has no deadline: only `signal` aborts it. For streams. */
export async function sendRequest(
  { url, token, fetch: send = fetch }: Target,
  method: string,
  path: string,
  { query = {}, body, headers = {}, maxBytes = MAX_BYTES, signal }: Omit<Call, 'deadlineMs' | 'as'>,
): Promise<ResponseLike> {
  let answer: ResponseLike
  try {
    answer = await send(`${url.replace(/\/+$/, '')}${path}${writeQuery(query)}`, {
      method,
      headers: toDefined({ Authorization: token === undefined ? token : `Bearer ${token}`, ...headers }),
      // A redirect that is followed could send the token to another host. Workers do not support 'error'.
      redirect: 'manual',
      ...(signal && { signal }),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  } catch (cause) {
    throw new NoAnswerError(`${getHost(url)} cannot be reached.`, { cause })
  }
  if (answer.ok || answer.status === 304) return answer
  // A browser gives a redirect the status 0.
  if (answer.status < 400) throw new NoAnswerError(`${getHost(url)} redirects to another address. Check the URL.`)
  const read = readBody(answer, await readText(answer, maxBytes))
  const code = answer.headers.get('Switchyard-Problem')
  const problem = isRecord(read) ? read : { ...(code !== null && { code }) }
  throw new RefusedError(answer.status, problem, readRetryAfter(answer.headers))
}

async function readText({ body }: ResponseLike, maxBytes: number): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  // `ignoreBOM` keeps a byte order mark: it is part of the value.
  const decoder = new TextDecoder(undefined, { fatal: false, ignoreBOM: true })
  let text = ''
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      reader.cancel().catch(() => {})
      throw new NoAnswerError(`The answer is larger than ${maxBytes} bytes.`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** `Retry-After` holds seconds or a date. Null if the answer has none, or a malformed one. */
function readRetryAfter(headers: ResponseLike['headers']): number | null {
  const text = headers.get('Retry-After') ?? ''
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

/** The body, parsed only if its type is JSON, because the value of a flag may be any text. */
function readBody({ headers }: ResponseLike, text: string): unknown {
  if (!/^application\/(?:problem\+)?json\b/i.test(headers.get('Content-Type') ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function writeQuery(query: NonNullable<Call['query']>): string {
  const given = toDefined(query)
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** The entries whose value is not undefined. */
const toDefined = (record: Record<string, string | number | undefined>): [string, string][] =>
  Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))

function getHost(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return `"${url}"`
  }
}
