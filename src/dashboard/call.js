/**
 * One call of the HTTP API. Three outcomes, and callers must tell them apart: an answer, a refusal (nothing was changed), and
 * no answer (nobody knows), after which only a repeat with the same Idempotency-Key is safe.
 */

/** The service said no. `code` is stable, `facts` is the whole problem document. */
export class Refused extends Error {
  /** @param {number} status @param {Record<string, any>} facts */
  constructor(status, facts) {
    super(facts.title ?? `The service answered ${status}`)
    this.status = status
    this.code = String(facts.code ?? `http_${status}`)
    this.detail = String(facts.detail ?? '')
    this.facts = facts
  }
}

/** The token ended, or never was one here. An older service says `invalid_token` of each. */
const TOKEN_OVER = new Set(['invalid_token', 'token_expired', 'token_revoked'])

export const isTokenOver = (/** @type {unknown} */ fault) => fault instanceof Refused && TOKEN_OVER.has(fault.code)

/** No answer, or none that says what became of it. */
export class Lost extends Error {}

const DEADLINE_MS = 10_000

/**
 * @param {string} method
 * @param {string} path under `/api`
 * @param {{ query?: Record<string, string | number | undefined>, body?: unknown, headers?: Record<string, string | undefined>, token?: string | null, signal?: AbortSignal }} [call]
 *   a `body` that is a text goes as it is, anything else as JSON
 * @returns {Promise<{ status: number, body: any, text: string, headers: Headers }>} `text` is the body as it came
 */
export async function call(method, path, { query = {}, body, headers = {}, token = null, signal } = {}) {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  let answer
  let text
  try {
    answer = await fetch(`/api${path}${queryOf(query)}`, {
      method,
      cache: 'no-store',
      redirect: 'error',
      headers: headersOf(headers, token),
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    text = await answer.text()
  } catch (cause) {
    throw new Lost(deadline.aborted ? 'There was no answer for 10 seconds.' : 'The service cannot be reached.', {
      cause,
    })
  }
  const read = readBody(answer, text)
  if (answer.ok && isOurs(method, path, read, answer.headers))
    return { status: answer.status, body: read, text, headers: answer.headers }
  if (answer.ok) throw new Lost('Something between here and the service has answered in its place.')
  const facts = typeof read === 'object' && read !== null ? read : {}
  // What comes from something in between knows nothing of what became of the request.
  if (answer.status >= 500 && method !== 'GET' && facts.applied !== 'no' && facts.code !== 'unreachable') {
    throw new Lost(facts.title ?? `The service answered ${answer.status}.`)
  }
  throw new Refused(answer.status, facts)
}

/** A sign-in page and a proxy say 200, too: only what could not come from anyone else counts. */
function isOurs(
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {any} */ body,
  /** @type {Headers} */ headers,
) {
  const [, kind, stash, part] = path.split('/')
  if (method === 'GET' && kind === 'item') return headers.has('ETag')
  if (typeof body !== 'object' || body === null) return false
  if (method !== 'GET') return typeof body.revision === 'number' || typeof body.held_id === 'string'
  return body.stash_id === stash && (part === undefined || Array.isArray(body[LISTS[part] ?? part]))
}

/** Where a list is not called what its route is. */
const LISTS = /** @type {Record<string, string>} */ ({ history: 'entries' })

function queryOf(/** @type {Record<string, string | number | undefined>} */ query) {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function headersOf(/** @type {Record<string, string | undefined>} */ headers, /** @type {string | null} */ token) {
  const all = { ...headers, ...(token !== null && { Authorization: `Bearer ${token}` }) }
  return Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [/** @type {[string, string]} */ ([name, bytesOf(value)])],
  )
}

/** Headers are bytes: a browser takes one character for each, and refuses those beyond. */
const bytesOf = (/** @type {string} */ text) => String.fromCharCode(...new TextEncoder().encode(text))

function readBody(/** @type {Response} */ answer, /** @type {string} */ text) {
  if (!/^application\/(problem\+)?json\b/.test(answer.headers.get('Content-Type') ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `crypto.randomUUID` is for secure origins only; the service on a colleague's machine is none. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Refusals that come after the key was looked up: under it nothing was done before. Any other says nothing of the first try. */
const LOOKED_UP = new Set([
  'version_conflict',
  'frozen',
  'guard_mismatch',
  'reason_required',
  'time_box_required',
  'own_request',
  'later_changes',
])

const PAUSE_MS = { first: 1_000, most: 10_000 }

/**
 * Sends until there is an answer, always under the same key, so that it counts once however often it arrives.
 * @template T
 * @param {(key: string) => Promise<T>} send
 * @param {{ key: string, doubtful: boolean, signal: AbortSignal, lost(tries: number, why: string): void, nudge: EventTarget }} terms `doubtful`: it was sent under this key before, and nobody knows what became of it; `nudge` fires `again` to try at once
 * @returns {Promise<{ answer: T, tries: number }>}
 */
export async function insist(send, { key, doubtful, signal, lost, nudge }) {
  let why = doubtful ? 'An earlier try had no answer.' : ''
  for (let tries = 1; ; tries++) {
    try {
      return { answer: await send(key), tries }
    } catch (fault) {
      if (fault instanceof Refused && why !== '' && !LOOKED_UP.has(fault.code)) {
        const text = `${why} The repeat was refused: ${fault.message}.`
        throw new Lost(text, { cause: fault })
      }
      if (!(fault instanceof Lost) || signal.aborted) throw fault
      why = fault.message
      lost(tries, fault.message)
      await pause(Math.min(PAUSE_MS.first * 2 ** (tries - 1), PAUSE_MS.most), signal, nudge)
      if (signal.aborted) throw fault
    }
  }
}

/** Ends early when the network is back, when a person says so, and when it is given up. */
function pause(/** @type {number} */ ms, /** @type {AbortSignal} */ signal, /** @type {EventTarget} */ nudge) {
  return new Promise((resolve) => {
    const over = new AbortController()
    const end = () => {
      clearTimeout(timer)
      over.abort()
      resolve(undefined)
    }
    const timer = setTimeout(end, ms)
    for (const [target, name] of [
      [window, 'online'],
      [nudge, 'again'],
      [signal, 'abort'],
    ])
      /** @type {EventTarget} */ (target).addEventListener(/** @type {string} */ (name), end, { signal: over.signal })
  })
}
