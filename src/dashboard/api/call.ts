/**
 * Calls the API as the clients do (client/requests/call.ts), with what a page needs on top: header values beyond ASCII, and
 * a check that Switchyard gave the answer. A page is used in hotels and trains, where sign-in pages and proxies answer 200
 * as well.
 */
import { call, isChangeAnswer, isRecord, type Call, type Connection, type Reply } from '../../client/requests/call.ts'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { learnTime } from './service-time.ts'

/** Where the API is, and the token to send. */
type Target = Pick<Connection, 'url' | 'token' | 'fetch'>

/**
 * @param path under `/api`
 * @throws {RefusedError} @throws {NoAnswerError} also if something else has answered
 */
export async function callApi<Body>(
  target: Target,
  method: string,
  path: string,
  { headers = {}, ...options }: Call = {},
): Promise<Reply<Body>> {
  const sent = Object.entries(headers).map(([name, value]) => [name, value && toByteString(value)])
  const sentAt = Date.now()
  const reply = await call<Body>(target, method, path, { ...options, headers: Object.fromEntries(sent) })
  if (!isOurs(method, path, reply)) throw new NoAnswerError(STRANGER)
  learnTime(reply.headers, sentAt)
  return reply
}

const STRANGER = 'Something between here and the service has answered in its place.'

/** Whether the answer has members that no other program would give. */
function isOurs(method: string, path: string, { body, headers }: Reply<unknown>): boolean {
  const [, kind, stash = '', part] = path.split('/')
  if (method !== 'GET') return isChangeAnswer(body) || (isRecord(body) && typeof body['master_token'] === 'string')
  if (kind === 'item') return headers.get('ETag') !== null
  if (!isRecord(body)) return false
  if (kind === 'stashes') return Array.isArray(body['stashes'])
  if (part === 'token') return typeof body['token_id'] === 'string'
  const id = body['stash_id']
  if (typeof id !== 'string' || (isStashId(stash) && id !== stash)) return false
  if (part === undefined) return typeof body['revision'] === 'number'
  if (part === 'export') return Array.isArray(body['items'])
  return part === 'flags' ? isRecord(body['flags']) : Array.isArray(body[part === 'history' ? 'entries' : part])
}

/** Whether the text is an id, and not a slug. */
export const isStashId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/** The bytes of the UTF-8, one character each: `fetch` refuses header values with characters beyond U+00FF. */
const toByteString = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text))

/** An older service answers `invalid_token` in all three cases. */
const TOKEN_ENDED = new Set(['invalid_token', 'token_expired', 'token_revoked'])

/** Whether the service refused because the token has expired, was revoked, or is not one of this stash. */
export const isTokenEnded = (error: unknown): error is RefusedError =>
  error instanceof RefusedError && TOKEN_ENDED.has(error.code)

/** Whether the service says that there is no such stash, and not something in between that has no such page. */
export const isStashMissing = (error: unknown): boolean =>
  error instanceof RefusedError && (error.status === 404 || error.status === 400) && !isStranger(error)

/** Whether something in between has refused: it names no code. */
const isStranger = ({ code }: RefusedError): boolean => code.startsWith('http_')

/** What a proxy answers has no title. */
export const describeError = (error: RefusedError | NoAnswerError): string =>
  error instanceof NoAnswerError ? error.message : error.title || `The service answered ${error.status}`

/** What failed, and what the service says of it. */
export const describeFailure = (error: RefusedError | NoAnswerError): string =>
  error instanceof NoAnswerError ? error.message : `${describeError(error)}. ${error.detail}`
