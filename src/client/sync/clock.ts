/**
 * The time of the service, from the `Date` of its answers. Between answers it follows `performance.now()`, so that neither a
 * wrong local clock nor a step of it moves the end of a time-box. Before the first answer there is only the local clock, with
 * the correction that the store has kept.
 */
import type { ResponseLike } from '../requests/call.ts'

/** The part of the clock that is saved in a store. */
export type StoredClock = {
  /** Service time minus local time. */
  offsetMs: number
  /** The service time at the save. A restored clock starts no earlier than this, whatever the local clock says. */
  seenAt: number
}

/** The oscillator of a computer drifts by less than this share of the time (500 ppm). */
const DRIFT = 500e-6
/**
 * A clock that turns out to be ahead stands still until the real time has caught up, because a clock that went back would
 * begin an ended time-box again. A clock that is ahead by more than this goes back all the same.
 */
const STAND_STILL_MS = 5_000

/**
 * A `Date` has a resolution of a second and is delayed by the network, so each answer gives an interval for the offset; later
 * answers narrow it. A local clock within the interval is used as it is, which is exact on a host that keeps time. Otherwise
 * the upper bound of the interval is used: a time-box may end early by the width of the interval, and, apart from the drift since
 * the last answer, never late.
 */
export type Clock = ReturnType<typeof createClock>

export function createClock() {
  /** Null until the first call of `now` or `synchronize`: a Worker has no clock before its first request. */
  let offset: number | null = null
  /** The latest time that was returned. The clock returns an earlier one only if it was ahead by more than STAND_STILL_MS. */
  let latest = -Infinity
  /** The bounds of the offset, service time minus `performance.now()`, at `boundAt`. Infinite before the first answer. */
  let least = -Infinity
  let most = Infinity
  let boundAt = 0
  let storedOffset: number | null = null

  /** In ms since the epoch, with a fraction. */
  const now = (): number => {
    offset ??= Date.now() + (storedOffset ?? 0) - performance.now()
    return (latest = Math.max(latest, offset + performance.now()))
  }

  return {
    now,

    /** Starts with the clock that an earlier process saved, unless an answer has synchronized this clock already. */
    restore({ offsetMs, seenAt }: StoredClock): void {
      if (most < Infinity) return
      storedOffset = offsetMs
      offset = null
      latest = seenAt
    },

    /** @param sentAt `performance.now()` before the request */
    synchronize(headers: ResponseLike['headers'], sentAt: number): void {
      const date = Date.parse(headers.get('Date') ?? '')
      if (Number.isNaN(date) || isFromCache(headers)) return
      const arrivedAt = performance.now()
      const drift = (arrivedAt - boundAt) * DRIFT
      const newLeast = date - arrivedAt
      const newMost = date + 1_000 - sentAt
      least -= drift
      most += drift
      boundAt = arrivedAt
      // An answer older than an earlier one comes from a cache that does not identify itself, unless it is `no-store`.
      if (newMost < least && !/no-store/i.test(headers.get('Cache-Control') ?? '')) return
      const overlap = newLeast <= most && least <= newMost
      least = overlap ? Math.max(newLeast, least) : newLeast
      most = overlap ? Math.min(newMost, most) : newMost
      const local = Date.now() - arrivedAt
      offset = local >= least && local <= most ? local : most
      if (offset + arrivedAt < latest - STAND_STILL_MS) latest = -Infinity
    },

    /** null if no answer has had a usable `Date`, in this process or in one that saved its clock. */
    toStored(): StoredClock | null {
      if (most === Infinity && storedOffset === null) return null
      const time = now()
      return { offsetMs: Math.round(time - Date.now()), seenAt: Math.floor(time) }
    },
  }
}

/** `Age` means that a cache answered (RFC 9111 §5.1); some caches say it only in a header of their own. */
function isFromCache(headers: ResponseLike['headers']): boolean {
  const values = CACHE_HEADERS.map((name) => headers.get(name) ?? '')
  return headers.get('Age') !== null || values.some((value) => /hit|stale|updating|revalidated/i.test(value))
}

const CACHE_HEADERS = ['CF-Cache-Status', 'Cache-Status', 'X-Cache', 'X-Cache-Status', 'X-Proxy-Cache']
