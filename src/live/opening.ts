/**
 * Who is accepted as a watcher by one object.
 *
 * The stash's own object takes a few watchers without limits by address; all others go to hubs. There, one address may be one stranger
 * with a loop, or all services of a company behind one NAT. So an address may take half of the places that the others leave free,
 * never the last ones; and its openings are counted only while more than half of all places are taken.
 */

/** What a Worker says of a watcher that it brings. Objects that run an older version leave out what they do not know. */
export type Opening = {
  /** A hash of the client's address, which tells addresses apart and names none. Null: unknown, and not counted. */
  address: string | null
  /** Whether this opening was counted against the rate of its address. */
  counted: boolean
}

/** What a hub is told besides: for which stash, by which name the stash knows the hub, and how full it may be. */
export type HubOpening = Opening & {
  stashId: string
  name: string
  limit: number
  /** Whether the watcher comes back, and the Worker does not know where from: a hub that is not subscribed refuses it. */
  returning: boolean
}

export const serializeOpening = ({ address, counted }: Opening): Record<string, string> => ({
  ...(address !== null && { 'Seat-Address': address }),
  ...(counted && { 'Seat-Counted': '1' }),
})

export const serializeHubOpening = ({
  stashId,
  name,
  limit,
  returning,
  ...opening
}: HubOpening): Record<string, string> => ({
  ...serializeOpening(opening),
  'Seat-Stash': stashId,
  'Seat-Hub': name,
  'Seat-Limit': String(limit),
  ...(returning && { 'Seat-Returning': '1' }),
})

export const parseOpening = (headers: Headers): Opening => ({
  address: headers.get('Seat-Address'),
  counted: headers.has('Seat-Counted'),
})

export const parseHubOpening = (headers: Headers): HubOpening => ({
  ...parseOpening(headers),
  stashId: headers.get('Seat-Stash') ?? '',
  name: headers.get('Seat-Hub') ?? '',
  limit: Number(headers.get('Seat-Limit')),
  returning: headers.has('Seat-Returning'),
})

/**
 * How an object refuses an opening: it is full, the opening must be counted first, the address has its share, or the hub is not
 * subscribed.
 */
export const REFUSAL_STATUS = { full: 503, uncounted: 428, share: 429, idle: 421 } as const

/**
 * How many hubs the stash has on the continent, in each answer of a hub: an isolate that has just begun spreads its watchers over all
 * of them, instead of filling one after the other.
 */
export const HUB_COUNT_HEADER = 'Hub-Count'

export type OpeningRefusal = Exclude<keyof typeof REFUSAL_STATUS, 'idle'>

/** @param held the places of this address, among those taken */
export function judgeOpening(
  { address, counted }: Opening,
  { taken, held, limit }: { taken: number; held: number; limit: number },
): OpeningRefusal | null {
  if (taken >= limit) return 'full'
  if (address === null) return null
  if (taken * 2 > limit && !counted) return 'uncounted'
  const leftByOthers = limit - (taken - held)
  return held + 1 > Math.max(1, Math.floor(leftByOthers / 2)) ? 'share' : null
}
