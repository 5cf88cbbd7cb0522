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
  /** Told of what a read does not throw. Called once for each flag's text that does not fit. */
  report?: (problem: Problem) => void
}

export type Problem =
  | { kind: 'misfit'; key: string; expected: string; message: string }
  | { kind: 'service' | 'store' | 'listener'; message: string; cause: unknown }

export function checkOptions({ url, stash }: Connection): void {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new TypeError('`url` is no http(s) address')
  if (!/^[0-9a-f]{64}$/.test(stash)) throw new TypeError('`stash` is no id of a stash: 64 hexadecimal digits')
}
