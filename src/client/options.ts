/** The options of `connect`, and the check of them. */
import type { Connection } from './requests/call.ts'
import type { Timing } from './sync/follow.ts'
import type { Store } from './sync/persister.ts'
import type { Problem } from './reporter.ts'

export type Options = Connection & {
  /** Keeps the last known flags over a restart. */
  store?: Store
  /**
   * Whether the client follows the stash in the background; default true. A Worker has no background: there, set it to
   * false and await `refresh()` in the request.
   */
  follow?: boolean
  timing?: Partial<Timing>
  /**
   * Called with problems, which no read throws: at the first read of a text that does not fit, at the first read of a
   * key that the stash does not have (if the state is `fresh`, and this client has not seen the key deleted), and at failures
   * of the service, of the store and of listeners. During an outage, a failure of the service is not reported if its message is
   * the same as in the last report, or as in the last failure of the same source (stream or poll).
   */
  report?: (problem: Problem) => void
}

/**
 * @returns the options, with the token as it is sent: without spaces and line ends around it
 * @throws {TypeError} if the address, the id or the token cannot be valid
 */
export function checkOptions(options: Options): Options {
  const { url, stash, token, ...rest } = options
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new TypeError('`url` is not an http(s) address')
  if (!/^[0-9a-f]{64}$/.test(stash)) throw new TypeError('`stash` is not the id of a stash: 64 hexadecimal digits')
  const sent = checkToken(token)
  return { ...rest, url, stash, ...(sent !== undefined && { token: sent }) }
}

const NOT_A_TOKEN = '`token` contains spaces, line ends or other characters that no token has'

/** The token is checked here because the error of `fetch` for a bad header would quote it, and so write it to a log. */
function checkToken(token: unknown): string | undefined {
  if (token === undefined || token === null) return undefined
  const trimmed = typeof token === 'string' ? token.trim() : ' '
  if (!/^[\x21-\x7e]*$/.test(trimmed)) throw new TypeError(NOT_A_TOKEN)
  // An empty token counts as none: environment variables are often set and empty.
  return trimmed === '' ? undefined : trimmed
}
