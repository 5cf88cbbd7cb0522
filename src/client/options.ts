/** What a client is made of, and what it tells of itself. */
import type { Connection } from './call.ts'
import type { Timing } from './follow.ts'
import type { Store } from './keep.ts'

export type Options = Connection & {
  /** Where last known values outlive a restart. */
  store?: Store
  /**
   * Whether something runs in the background; it does, unless this is false. A Worker has no background: there, await
   * `refresh()` in the request.
   */
  follow?: boolean
  timing?: Partial<Timing>
  /**
   * Told of what a read does not throw: once of each flag's text that does not fit, once of each key that the stash has
   * never had (from when the service has confirmed the copy), and of the service and the store where they fail. Of tries
   * that fail in the same words one after the other, the first is told.
   */
  report?: (problem: Problem) => void
}

export type Problem =
  | { kind: 'misfit'; key: string; expected: string; message: string }
  | { kind: 'missing'; key: string; message: string }
  | { kind: 'service' | 'store' | 'listener'; message: string; cause: unknown }

/** @returns the options with the token as it is sent: without the line end of the file that it was read from */
export function checkOptions(options: Options): Options {
  const { url, stash, token, ...rest } = options
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new TypeError('`url` is no http(s) address')
  if (!/^[0-9a-f]{64}$/.test(stash)) throw new TypeError('`stash` is no id of a stash: 64 hexadecimal digits')
  const sent = checkToken(token)
  return { ...rest, url, stash, ...(sent !== undefined && { token: sent }) }
}

const NO_TOKEN = '`token` is no token: it has blanks, line ends or other characters that none has'

/** What cannot stand in a header is turned down here: the runtime's own error would quote it, into somebody's log. */
function checkToken(token: unknown): string | undefined {
  if (token === undefined || token === null) return undefined
  const bare = typeof token === 'string' ? token.trim() : ' '
  if (!/^[\x21-\x7e]*$/.test(bare)) throw new TypeError(NO_TOKEN)
  // An environment variable that is not set.
  return bare === '' ? undefined : bare
}
