/**
 * The headers of a public read that say how old it may become: for Workers Cache, for other caches, and for readers who want to know
 * where the copy came from.
 */
import type { LiveEntry } from '../../edge/fetched-snapshot.ts'
import { toCacheTag } from '../../model/snapshot/snapshot.ts'
import { EXPOSED } from './reply.ts'
import { toIsoTime } from './time.ts'

export type Times = {
  /** When the representation changes by the clock, in ms since the epoch: the end of a time-box or a freeze. Else absent. */
  until?: number
  /**
   * How many ends of time-boxes and freezes the representation shows that have no revision yet. For a single flag, whether it
   * shows such an end.
   */
  reverted?: number | boolean
}

/**
 * How long Workers Cache keeps a response, in seconds. A vouched response is fresh for 2 s, and may be served for 2 s more while
 * the next one is fetched: short, because purges are few and may be lost, and a miss costs the same request as a hit. An unvouched
 * response is kept for 1 s. Other caches must revalidate each time.
 */
const VOUCHED = { fresh: 2, revalidating: 2 }
const UNVOUCHED = { fresh: 1, revalidating: 0 }
/** How long the cache may serve an old response if the Worker fails to answer, because an old response is better than none. */
const ON_ERROR_S = 86_400

/**
 * How long the cache in front may keep a response. Before the representation ends by the clock, it gets only half of the
 * remaining time: a second cache tier that ignores the Age from the first one starts again, and must still drop the response in
 * time.
 */
function toCdnCacheControl({ checkedAt, freshMs, vouched }: LiveEntry, until = Infinity): string {
  const { fresh, revalidating } = vouched ? VOUCHED : UNVOUCHED
  // The prepared response is served for as long as the cache entry is fresh.
  const servedUntil = Math.max(Date.now(), checkedAt + freshMs)
  const left = Math.floor((until - servedUntil) / 2_000)
  if (left < 1) return 'no-store'
  const maxAge = Math.min(fresh, left)
  const lifetimes = [
    ['max-age', maxAge],
    ['stale-while-revalidate', Math.min(revalidating, left - maxAge)],
    ['stale-if-error', Math.min(ON_ERROR_S, left - maxAge)],
  ] as const
  return ['public', ...lifetimes.flatMap(([name, seconds]) => (seconds > 0 ? `${name}=${seconds}` : []))].join(', ')
}

export function toCacheHeaders(entry: LiveEntry, { until, reverted }: Times) {
  const { snapshot } = entry
  return {
    'Cache-Control': 'no-cache',
    'Cloudflare-CDN-Cache-Control': toCdnCacheControl(entry, until),
    'Cache-Tag': toCacheTag(snapshot.stashId),
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'Switchyard-Revision': String(snapshot.revision),
    'Switchyard-Source': `${toSourceHeader(entry)}${Number(reverted ?? 0) > 0 ? '; reverted' : ''}`,
  }
}

/** The value of Switchyard-Source: the store that the copy came from, whether it is vouched, and as of when it is valid. */
export const toSourceHeader = ({ source, vouched, validAsOf }: LiveEntry): string =>
  `${source}; ${vouched ? 'vouched' : 'unvouched'}; as-of=${toIsoTime(validAsOf)}`
