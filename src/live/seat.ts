/**
 * Who gets a place among the watchers of one object.
 *
 * One address may be one stranger with a loop, or all services of a company behind one NAT. So an address may take half of
 * the places that the others leave free, never the last ones; and its openings are counted only while more than half of
 * all places are taken. A stash with few watchers turns no address down.
 */

/** What a Worker says of a watcher that it brings. Objects that run an older version leave out what they do not know. */
export type SeatRequest = {
  /** A hash of the client's address, which tells addresses apart and names none. Null: unknown, and not counted. */
  address: string | null
  /** Whether this opening was counted against the rate of its address. */
  counted: boolean
}

/** What a hub is told besides: for which stash, by which name the stash knows the hub, and how full it may be. */
export type HubSeatRequest = SeatRequest & { stashId: string; name: string; limit: number }

export const writeSeat = ({ address, counted }: SeatRequest): Record<string, string> => ({
  ...(address !== null && { 'Seat-Address': address }),
  ...(counted && { 'Seat-Counted': '1' }),
})

export const writeHubSeat = ({ stashId, name, limit, ...seat }: HubSeatRequest): Record<string, string> => ({
  ...writeSeat(seat),
  'Seat-Stash': stashId,
  'Seat-Hub': name,
  'Seat-Limit': String(limit),
})

export const readSeat = (headers: Headers): SeatRequest => ({
  address: headers.get('Seat-Address'),
  counted: headers.has('Seat-Counted'),
})

export const readHubSeat = (headers: Headers): HubSeatRequest => ({
  ...readSeat(headers),
  stashId: headers.get('Seat-Stash') ?? '',
  name: headers.get('Seat-Hub') ?? '',
  limit: Number(headers.get('Seat-Limit')),
})

/** How an object turns an opening down: it is full, the opening must be counted first, or the address has its share. */
export const SEAT_STATUS = { full: 503, uncounted: 428, share: 429 } as const

export type SeatRefusal = keyof typeof SEAT_STATUS

/** @param held the places of this address, among those taken */
export function judgeSeat(
  { address, counted }: SeatRequest,
  { taken, held, limit }: { taken: number; held: number; limit: number },
): SeatRefusal | null {
  if (taken >= limit) return 'full'
  if (address === null) return null
  if (taken * 2 > limit && !counted) return 'uncounted'
  const leftByOthers = limit - (taken - held)
  return held + 1 > Math.max(1, Math.floor(leftByOthers / 2)) ? 'share' : null
}
