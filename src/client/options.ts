/** The options of `connect`, and the check of them. */
import type { Connection, FetchLike } from './requests/call.ts'
import { getProcess } from './host.ts'
import { isStashId } from './sync/flag-update.ts'
import type { Timing } from './sync/follow.ts'
import { VERSION } from './version.ts'
import type { Problem } from './reporter.ts'
import type { Store } from './sync/persister.ts'

export type Options = Connection & {
  /**
   * Fetches, watches and keeps only the flags `<service>.*`. All names are then without the service, in reads, changes,
   * listeners and reports: `maintenance-mode` is the flag `checkout.maintenance-mode` of the service `checkout`.
   */
  service?: string
  /**
   * Texts by name, which this process reads instead of the flags. The variable SWITCHYARD_OVERRIDE and the file that
   * SWITCHYARD_OVERRIDE_FILE names count over them. See the guide.
   */
  override?: Record<string, string>
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
   * key that the stash does not have (if the state is `fresh`, and this client has not seen the key deleted), at each new set
   * of overrides, and at failures of the service, of the store and of listeners. Until the state is `fresh` again, each message
   * of a failure of the service is reported once, and five messages at most.
   */
  report?: (problem: Problem) => void
}

/**
 * @returns the options, with the token as it is sent: without spaces and line ends around it
 * @throws {TypeError} if the address, the stash, the service or the token cannot be valid
 */
export function checkOptions(options: Options): Options {
  const { token, ...rest } = options
  const { url, stash, service = 'any' } = rest
  // The token is checked here because the error of `fetch` for a bad header would quote it, and so write it to a log.
  const sent = String(token ?? '').trim()
  check(/^https?:\/\/[^/\s]/.test(url), '`url` is not an http(s) address')
  check(isStashId(stash) || /^[a-z][a-z0-9-]{2,39}$/.test(stash), '`stash` is not an id or a slug')
  check(/^[\w.-]{1,126}$/.test(service), '`service` is not the first part of a key')
  check(/^[\x21-\x7e]*$/.test(sent), '`token` contains spaces or odd characters')
  return {
    ...rest,
    // An empty token counts as none: environment variables are often set and empty.
    ...(sent && { token: sent }),
    // In a browser the header would cause a preflight.
    ...(getProcess().versions?.node && { fetch: withUserAgent(rest.fetch) }),
  }
}

function check(isValid: boolean, flaw: string): void {
  if (!isValid) throw new TypeError(flaw)
}

const withUserAgent =
  (send: FetchLike = (url, init) => fetch(url, init)): FetchLike =>
  (url, init) =>
    send(url, { ...init, headers: [...init.headers, ['User-Agent', `switchyard-client/${VERSION}`]] })
