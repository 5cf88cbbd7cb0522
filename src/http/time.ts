/** Times on the wire: ISO 8601, UTC. Inside they are in ms since the epoch. */
export const isoTime = (ms: number): string => new Date(ms).toISOString()

export const timeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms))
