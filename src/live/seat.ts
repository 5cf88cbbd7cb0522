/** What a Worker tells a hub when it brings a watcher: for which stash, by which name it knows the hub, and how full it may be. */
export type SeatRequest = { stashId: string; name: string; limit: number }

export const writeSeat = ({ stashId, name, limit }: SeatRequest): Record<string, string> => ({
  'Seat-Stash': stashId,
  'Seat-Hub': name,
  'Seat-Limit': String(limit),
})

export const readSeat = (headers: Headers): SeatRequest => ({
  stashId: headers.get('Seat-Stash') ?? '',
  name: headers.get('Seat-Hub') ?? '',
  limit: Number(headers.get('Seat-Limit')),
})
