/**
 * The service's time, as the `Date` of its answers tells it, counted monotonically in between: neither a wrong local clock
 * nor a step of it moves the end of a time-box. A `Date` has whole seconds and is some time old, so it leaves a span open
 * of a second and the round trip; later answers narrow it. A local clock within the span is used as it is, which is exact
 * where the host keeps time. Outside it, the span's later end counts: never late, early by at most the span.
 */
import type { Answer } from './call.ts'

/** What a store keeps of a clock. */
export type Kept = {
  /** The service's time less the local one. */
  offsetMs: number
  /** The service's time when this was kept: it is later now, whatever the local clock says. */
  seenAt: number
}

/** In units of `now() - performance.now()`. */
type Span = { least: number; most: number }

/** Oscillators of computers stay within this. */
const DRIFT = 500e-6
/** Time that turns out to be ahead stands still for so long, and goes back where it is more. What ended would begin anew. */
const STAND_STILL_MS = 5_000
const ANYTHING: Span = { least: -Infinity, most: Infinity }

export class Clock {
  /** The service's time less `performance.now()`; null: not asked for yet. (A Worker has no time before its first request.) */
  #ahead: number | null = null
  /** Time does not go back to before this. */
  #reached = -Infinity
  #span = ANYTHING
  #spanAt = 0
  #keptOffset: number | null = null

  /** In ms since the epoch, and a fraction. */
  now(): number {
    this.#ahead ??= Date.now() + (this.#keptOffset ?? 0) - performance.now()
    return (this.#reached = Math.max(this.#reached, this.#ahead + performance.now()))
  }

  /** What an earlier process kept. The first answer has the last word. */
  resume({ offsetMs, seenAt }: Kept): void {
    if (this.#span !== ANYTHING) return
    this.#keptOffset = offsetMs
    this.#ahead = null
    this.#reached = seenAt
  }

  /** @param sentAt `performance.now()` before the request */
  correct(headers: Answer['headers'], sentAt: number): void {
    const date = Date.parse(headers.get('Date') ?? '')
    if (Number.isNaN(date) || isFromCache(headers)) return
    const arrivedAt = performance.now()
    const told = { least: date - arrivedAt, most: date + 1_000 - sentAt }
    const drift = (arrivedAt - this.#spanAt) * DRIFT
    const known = { least: this.#span.least - drift, most: this.#span.most + drift }
    // Older than an earlier answer: it comes from a cache that does not say so. No cache keeps `no-store`.
    if (told.most < known.least && !/no-store/i.test(headers.get('Cache-Control') ?? '')) return
    const both = { least: Math.max(told.least, known.least), most: Math.min(told.most, known.most) }
    this.#span = both.least <= both.most ? both : told
    this.#spanAt = arrivedAt
    const local = Date.now() - arrivedAt
    this.#ahead = local >= this.#span.least && local <= this.#span.most ? local : this.#span.most
    if (this.#ahead + arrivedAt < this.#reached - STAND_STILL_MS) this.#reached = -Infinity
  }

  /** null where no answer has told the time, in this process or before. */
  keep(): Kept | null {
    if (this.#span === ANYTHING && this.#keptOffset === null) return null
    const now = this.now()
    return { offsetMs: Math.round(now - Date.now()), seenAt: Math.floor(now) }
  }
}

/** `Age` alone says that a cache answered by itself (RFC 9111 §5.1); the others say in a word of their own what they did. */
function isFromCache(headers: Answer['headers']): boolean {
  const said = CACHES_SAY.map((name) => headers.get(name) ?? '')
  return headers.get('Age') !== null || said.some((word) => /hit|stale|updating|revalidated/i.test(word))
}

const CACHES_SAY = ['CF-Cache-Status', 'Cache-Status', 'X-Cache', 'X-Cache-Status', 'X-Proxy-Cache']
