/**
 * Calls the API as the clients do (client/call.ts), with what a page needs on top: header values beyond ASCII, and a check
 * that Switchyard gave the answer. A page is used in hotels and trains, where sign-in pages and proxies answer 200 as well.
 */
import { call, isChangeAnswer, type Call, type Connection, type Reply } from '../client/call.ts'
import { NoAnswerError, RefusedError } from '../client/errors.ts'

/** Where the API is, and the token to send. */
export type Target = Pick<Connection, 'url' | 'token' | 'fetch'>

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
  const reply = await call<Body>(target, method, path, { ...options, headers: Object.fromEntries(sent) })
  if (!isOurs(method, path, reply)) throw new NoAnswerError(STRANGER)
  return reply
}

const STRANGER = 'Something between here and the service has answered in its place.'

/** Whether the answer has members that no other program would give. */
function isOurs(method: string, path: string, { body, headers }: Reply<unknown>): boolean {
  const [, kind, stash, part] = path.split('/')
  if (method !== 'GET') return isChangeAnswer(body)
  if (kind === 'item') return headers.get('ETag') !== null
  if (typeof body !== 'object' || body === null || !('stash_id' in body) || body.stash_id !== stash) return false
  return part === undefined || Array.isArray(Reflect.get(body, toListName(part)))
}

/** The member that holds the list of this route. */
const toListName = (part: string): string => (part === 'history' ? 'entries' : part)

/** The bytes of the UTF-8, one character each: `fetch` refuses header values with characters beyond U+00FF. */
const toByteString = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text))

/** An older service answers `invalid_token` in all three cases. */
const TOKEN_ENDED = new Set(['invalid_token', 'token_expired', 'token_revoked'])

/** Whether the service refused because the token has expired, was revoked, or is not one of this stash. */
export const isTokenEnded = (error: unknown): error is RefusedError =>
  error instanceof RefusedError && TOKEN_ENDED.has(error.code)

/** What a proxy answers has no title. */
export const describeError = (error: RefusedError | NoAnswerError): string =>
  error instanceof NoAnswerError ? error.message : error.title || `The service answered ${error.status}`
