/** A time on the wire: ISO 8601, UTC. Inside the service, times are in ms since the epoch. */
export const toIsoTime = (ms: number): string => new Date(ms).toISOString()

export const toIsoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : toIsoTime(ms))

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A time for people: `02:08 UTC, in 14 min`, with the date if it is not today. */
export function formatTime(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)]
  const clock = `${toIsoTime(at).slice(11, 16)} UTC`
  const sameDay = toIsoTime(at).slice(0, 10) === toIsoTime(now).slice(0, 10)
  const year = then.getUTCFullYear() === today.getUTCFullYear() ? '' : ` ${then.getUTCFullYear()}`
  const day = sameDay ? '' : `${then.getUTCDate()} ${MONTHS[then.getUTCMonth()]}${year}, `
  return `${day}${clock}, ${formatDistance(at - now)}`
}

function formatDistance(ms: number): string {
  const span = Math.abs(ms)
  const minutes = Math.round(span / 60_000)
  const text =
    span < 60_000
      ? `${Math.round(span / 1_000)} s`
      : minutes < 60
        ? `${minutes} min`
        : minutes < 48 * 60
          ? `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
          : `${Math.round(minutes / (24 * 60))} days`
  return ms < 0 ? `${text} ago` : `in ${text}`
}
