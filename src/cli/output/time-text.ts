/** Times for people: by the clock of this machine, with how far away they are. JSON has them in UTC, as the service sends them. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const pad = (count: number): string => String(count).padStart(2, '0')

/** `03:08`; on another day `Tue 1 Dec 03:08`, in another year `1 Dec 2027 03:08`. @param iso of the service */
export function formatLocal(iso: string, now = Date.now()): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const today = new Date(now)
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}`
  const date = `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''}`
  if (at.getFullYear() !== today.getFullYear()) return `${date} ${at.getFullYear()} ${clock}`
  return at.toDateString() === today.toDateString() ? clock : `${DAYS[at.getDay()] ?? ''} ${date} ${clock}`
}

/** `03:08:12`, and the date where it is not today. For lists in which seconds matter. */
export function formatLocalSeconds(iso: string, now = Date.now()): string {
  const at = new Date(iso)
  return Number.isNaN(at.getTime()) ? iso : `${formatLocal(iso, now)}:${pad(at.getSeconds())}`
}

/** `30 min`, `2 h`, `1 h 30 min`, `4 days`. @param ms not negative */
export function formatSpan(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 120) return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
  if (ms < 36 * HOUR) {
    const rest = minutes % 60
    return rest === 0 || minutes >= 12 * 60
      ? `${Math.round(minutes / 60)} h`
      : `${Math.floor(minutes / 60)} h ${rest} min`
  }
  const days = Math.round(ms / DAY)
  return days === 1 ? '1 day' : `${days} days`
}

/** `in 30 min`, `30 min ago` or `just now`. */
export function formatRelative(iso: string, now = Date.now()): string {
  const ms = Date.parse(iso) - now
  if (Number.isNaN(ms)) return iso
  // The clocks of two machines differ by about so much.
  if (Math.abs(ms) < 2_000) return 'just now'
  return ms >= 0 ? `in ${formatSpan(ms)}` : `${formatSpan(-ms)} ago`
}

/** `03:08 (in 30 min)`. */
export const formatTime = (iso: string, now = Date.now()): string =>
  `${formatLocal(iso, now)} (${formatRelative(iso, now)})`

/** `in 30 min (03:08)`: for lists, in which how far away it is comes first. */
export const formatRelativeFirst = (iso: string, now = Date.now()): string =>
  `${formatRelative(iso, now)} (${formatLocal(iso, now)})`
