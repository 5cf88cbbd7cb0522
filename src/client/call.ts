/**
 * One call of the HTTP API. The only place in `client/` and `cli/` that knows how a request is made and
 * what a refusal looks like. No dependencies: it runs in Node, in browsers and in Workers.
 */

/** Which stash, where, and in whose name. */
export type Connection = {
  /** Scheme, host and, where there is one, `/api`: `https://flags.example/api`. A slash at the end does no harm. */
  url: string
  /** The stash's id, 64 hexadecimal digits. */
  stash: string
  /** Reads need none. */
  token?: string
  fetch?: Ask
}

/** As much of `fetch` as is used here, so that what is no whole `fetch` will do. */
export type Ask = (
  url: string,
  init: { method: string; headers: [string, string][]; redirect: 'manual'; signal?: AbortSignal; body?: string },
) => Promise<Answer>

export type Answer = {
  ok: boolean
  status: number
  headers: Pick<Headers, 'get'>
  body: { getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'> } | null
}

export type Call = {
  /** What is undefined is left out. */
  query?: Record<string, string | number | undefined>
  /** A text goes as it is, anything else as JSON. */
  body?: unknown
  headers?: Record<string, string | undefined>
  /** No answer by then is a `Failure`. In ms; 10 seconds where it is not given. */
  deadlineMs?: number
  /** More than this is a `Failure`: nobody fills our memory. 64 MiB where it is not given. */
  maxBytes?: number
  signal?: AbortSignal
  /** The body as it came, also where it says that it is JSON. */
  as?: 'text'
}

export type Reply<T> = { status: number; headers: Answer['headers']; body: T }

/** The service said no: `code` is stable, `detail` says what to do, `facts` help. Nothing was changed, unless `applied` is "unknown". */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly facts: Record<string, unknown>
  /** What `Retry-After` asks for; null where it asks for nothing. */
  readonly retryAfterMs: number | null

  constructor(status: number, problem: Record<string, unknown>, retryAfterMs: number | null = null) {
    const { title, detail, code, type: _, status: __, ...facts } = problem
    super(`${String(title ?? `The answer was ${status}`)}. ${String(detail ?? '')}`.trim())
    this.status = status
    this.code = String(code ?? `http_${status}`)
    this.title = String(title ?? '')
    this.detail = String(detail ?? '')
    this.facts = facts
    this.retryAfterMs = retryAfterMs
  }
}

/** There was no answer, or none in time, or none that makes sense. Whether a change was applied is not known. */
export class Failure extends Error {
  override name = 'Failure'
}

/** Whether it is certain that nobody was asked: nothing listens there, or there is no such host. Only Node can tell. */
export function isUnsent(fault: unknown): boolean {
  let cause = fault
  for (let depth = 0; depth < 5 && cause instanceof Error; depth++) {
    if ('code' in cause && UNSENT.has(String(cause.code))) return true
    cause = cause.cause
  }
  return false
}

const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/** Whether a change may have been applied, though it failed. The service says; what stands before it does not know. */
export function mayBeApplied(fault: unknown): boolean {
  if (!(fault instanceof Refused)) return !isUnsent(fault)
  return fault.facts['applied'] === 'unknown' || (fault.status >= 500 && fault.code === `http_${fault.status}`)
}

/** Whether this answers a change: each that was made or held says where. A sign-in page and another service do not. */
export function isChangeAnswer(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && (typeof body['revision'] === 'number' || typeof body['held_id'] === 'string')
}

/** What is said of a 2xx that Switchyard cannot have given. */
export const wordStranger = (url: string): string => `${hostOf(url)} is not Switchyard, or not its API.`

const DEADLINE_MS = 10_000
const MAX_BYTES = 64 * 1024 * 1024

type Asked = Pick<Connection, 'url' | 'token' | 'fetch'>

/**
 * @param path under the base URL: `/stash/<id>/flags`. Keys in it are encoded by the caller.
 * @throws {Refused} where the status is not 2xx or 304
 * @throws {Failure} where there is no such answer at all
 */
export async function call<T = unknown>(
  connection: Asked,
  method: string,
  path: string,
  { deadlineMs = DEADLINE_MS, signal, maxBytes = MAX_BYTES, as, ...rest }: Call = {},
): Promise<Reply<T>> {
  // Not AbortSignal.any: a caller's signal that lives for months would collect one follower a call.
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  let late = false
  const deadline = setTimeout(() => ((late = true), leave()), deadlineMs)
  signal?.addEventListener('abort', leave)
  if (signal?.aborted) leave()
  try {
    const answer = await open(connection, method, path, { ...rest, maxBytes, signal: leaving.signal })
    const text = await readText(answer, maxBytes)
    const body = as === 'text' ? text : readBody(answer.headers.get('Content-Type') ?? '', text)
    return { status: answer.status, headers: answer.headers, body: body as T }
  } catch (cause) {
    if (signal?.aborted) throw new Failure('The call was given up.', { cause })
    if (late) throw new Failure(`${hostOf(connection.url)} did not answer within ${deadlineMs / 1_000} s.`, { cause })
    if (cause instanceof Refused || cause instanceof Failure) throw cause
    throw new Failure(`${hostOf(connection.url)} broke off its answer.`, { cause })
  } finally {
    clearTimeout(deadline)
    signal?.removeEventListener('abort', leave)
  }
}

/** The answer before its body is read, for a stream. Its only deadline is the signal. Throws what `call` throws. */
export async function open(
  { url, token, fetch: ask = fetch }: Asked,
  method: string,
  path: string,
  { query = {}, body, headers = {}, maxBytes = MAX_BYTES, signal }: Omit<Call, 'deadlineMs' | 'as'>,
): Promise<Answer> {
  const sent = { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers }
  let answer: Answer
  try {
    answer = await ask(`${url.replace(/\/+$/, '')}${path}${writeQuery(query)}`, {
      method,
      headers: Object.entries(sent).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      ),
      // Followed, it would carry the token elsewhere. Not 'error', which Workers do not know.
      redirect: 'manual',
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  } catch (cause) {
    throw new Failure(`${hostOf(url)} cannot be reached.`, { cause })
  }
  if (answer.ok || answer.status === 304) return answer
  // A browser shows a redirect as status 0.
  if (answer.status < 400) throw new Failure(`${hostOf(url)} sends elsewhere, which is not followed.`)
  const read = readBody(answer.headers.get('Content-Type') ?? '', await readText(answer, maxBytes))
  const code = answer.headers.get('Switchyard-Problem')
  const problem = isRecord(read) ? read : { ...(code !== null && { code }) }
  throw new Refused(answer.status, problem, readRetryAfter(answer.headers))
}

async function readText({ body }: Answer, maxBytes: number): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  // A byte order mark is part of a value.
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
  let text = ''
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      reader.cancel().catch(() => {})
      throw new Failure(`The answer is larger than ${maxBytes} bytes.`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** Seconds, or a date. */
function readRetryAfter(headers: Answer['headers']): number | null {
  const text = headers.get('Retry-After') ?? ''
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

/** Only what says that it is JSON is read as such; a flag's own value may be anything. */
function readBody(type: string, text: string): unknown {
  if (!/^application\/(?:problem\+)?json\b/i.test(type)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function writeQuery(query: NonNullable<Call['query']>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return `"${url}"`
  }
}

const isRecord = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
