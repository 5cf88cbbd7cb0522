/**
 * One call of the HTTP API. The only place in `client/`, `cli/` and whoever else asks that knows how a request is made and
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
  init: { method: string; headers: [string, string][]; redirect: 'error'; signal: AbortSignal; body?: string },
) => Promise<{ ok: boolean; status: number; headers: Pick<Headers, 'get'>; text(): Promise<string> }>

export type Call = {
  /** What is undefined is left out. */
  query?: Record<string, string | number | undefined>
  /** A text goes as it is, anything else as JSON. */
  body?: unknown
  headers?: Record<string, string | undefined>
  /** No answer by then is a `Failure`. In ms; 10 seconds where it is not given. */
  deadlineMs?: number
  signal?: AbortSignal
  /** The answer's body as it came, also where its type says JSON: a flag's own value. */
  asText?: boolean
}

export type Reply<T> = { status: number; headers: Pick<Headers, 'get'>; body: T }

/** The service said no: `code` is stable, `detail` says what to do, `facts` help. Nothing was changed, unless `applied` is "unknown". */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly facts: Record<string, unknown>

  constructor(status: number, problem: Record<string, unknown>) {
    const { title, detail, code, type: _, status: __, ...facts } = problem
    super(`${String(title ?? `The answer was ${status}`)}. ${String(detail ?? '')}`.trim())
    this.status = status
    this.code = String(code ?? `http_${status}`)
    this.title = String(title ?? '')
    this.detail = String(detail ?? '')
    this.facts = facts
  }
}

/** There was no answer, or none in time, or none that makes sense. Whether a change was applied is not known. */
export class Failure extends Error {
  override name = 'Failure'
}

const DEADLINE_MS = 10_000

/**
 * @param path under the base URL: `/stash/<id>/flags`. Keys in it are encoded by the caller.
 * @throws {Refused} where the status is not 2xx or 304
 * @throws {Failure} where there is no such answer at all
 */
export async function call<T = unknown>(
  { url, token, fetch: ask = fetch }: Pick<Connection, 'url' | 'token' | 'fetch'>,
  method: string,
  path: string,
  { query = {}, body, headers = {}, deadlineMs = DEADLINE_MS, signal, asText = false }: Call = {},
): Promise<Reply<T>> {
  const target = `${url.replace(/\/+$/, '')}${path}${writeQuery(query)}`
  const deadline = AbortSignal.timeout(deadlineMs)
  const sent = { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers }
  let answer: Awaited<ReturnType<Ask>>
  let text: string
  try {
    answer = await ask(target, {
      method,
      headers: Object.entries(sent).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      ),
      // A redirect would carry the token elsewhere.
      redirect: 'error',
      signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    text = await answer.text()
  } catch (cause) {
    if (signal?.aborted) throw new Failure('The call was given up.', { cause })
    if (deadline.aborted) throw new Failure(`${hostOf(url)} did not answer within ${deadlineMs / 1_000} s.`, { cause })
    throw new Failure(`${hostOf(url)} cannot be reached.`, { cause })
  }
  const read = asText && answer.ok ? text : readBody(answer.headers.get('Content-Type') ?? '', text)
  if (!answer.ok && answer.status !== 304) {
    const code = answer.headers.get('Switchyard-Problem')
    throw new Refused(answer.status, isRecord(read) ? read : { ...(code !== null && { code }) })
  }
  return { status: answer.status, headers: answer.headers, body: read as T }
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
