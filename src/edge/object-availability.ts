/**
 * Tracks for each stash's object its round-trip time, which sets a reader's deadline, its last lease, which sets how long a confirmed
 * copy is served, and its failures, which set the back-off.
 * The back-off grows while an object fails or is overloaded: otherwise the requests of all isolates would keep it overloaded.
 * One vouch, one answer to a write, or one event of a watch resets the back-off. It has jitter, so that isolates do not retry at
 * the same time.
 */

import { LEASE_MIN_MS } from '../model/snapshot/vouch.ts'
import { FLIGHT_DEADLINE_MS } from './single-flight.ts'

/** The shortest deadline. A reader far from the object waits longer, because its answers may take longer than this. */
const DEADLINE_MIN_MS = 250
const DEADLINE_MAX_MS = 1_000
const BACKOFF_MS = 2_000
const BACKOFF_MAX_MS = 30_000
/** The least share of a back-off, after its jitter. */
const BACKOFF_LEAST = 0.25
/** The longest back-off for a reader that has only an outdated copy. */
const OUTDATED_BACKOFF_MAX_MS = 2_000
/** The longest back-off for a reader without a copy. It applies to an overloaded object only. */
const NO_COPY_BACKOFF_MAX_MS = 1_000
/** The least time between two recovery requests of this isolate to one object. Each may cost the object a read of KV. */
const RECOVERY_INTERVAL_MS = 5_000
/** The number of stashes to track. Beyond it the oldest entry is dropped, and its object counts as available. */
const MAX_ENTRIES = 1_000
/** The weight of the last round trip in the moving average. */
const RTT_WEIGHT = 0.25

/** The copy that the reader can serve if the object does not answer: a suitable one, only an outdated one, or none. */
export type Fallback = 'copy' | 'outdated' | 'none'

type Entry = {
  rttMs: number
  leaseMs: number
  /** When the request in flight was sent; null if there is none, or if `noteAlive` was called since. */
  askedAt: number | null
  failures: number
  failedAt: number
  backoffMs: number
  overloaded: boolean
  recoveryAt: number
}

const UNKNOWN: Readonly<Entry> = {
  rttMs: 0,
  leaseMs: LEASE_MIN_MS,
  askedAt: null,
  failures: 0,
  failedAt: -Infinity,
  backoffMs: 0,
  overloaded: false,
  recoveryAt: -Infinity,
}

export class ObjectAvailability {
  readonly #entries = new Map<string, Entry>()

  /** How much longer a look-up waits for the request in flight, or for a new one, before it goes on without a vouch. */
  getRemainingMs(stashId: string, now: number): number {
    const waited = now - (this.#get(stashId).askedAt ?? now)
    // A request that is older than the deadline of a flight counts as lost. So does one from before the clock was set back.
    const isInFlight = waited >= 0 && waited < FLIGHT_DEADLINE_MS
    return Math.max(0, this.getDeadlineMs(stashId) - (isInFlight ? waited : 0))
  }

  getDeadlineMs(stashId: string): number {
    return Math.min(DEADLINE_MAX_MS, Math.max(DEADLINE_MIN_MS, 1.5 * this.#get(stashId).rttMs))
  }

  /** The moving average of the round trips; 0 before the first. */
  getRttMs(stashId: string): number {
    return this.#get(stashId).rttMs
  }

  /** For how long the copy that the last vouch confirmed may be served. */
  getLeaseMs(stashId: string): number {
    return this.#get(stashId).leaseMs
  }

  /** The last lease, where the object has not answered since it ended. */
  getInterruptedLeaseMs(stashId: string): number | undefined {
    const { failures, leaseMs } = this.#get(stashId)
    return failures > 0 ? leaseMs : undefined
  }

  /** Whether the back-off allows a request now. */
  mayAsk(stashId: string, now: number, fallback: Fallback): boolean {
    const { failedAt, backoffMs, overloaded } = this.#get(stashId)
    const maxMs = { copy: Infinity, outdated: OUTDATED_BACKOFF_MAX_MS, none: overloaded ? NO_COPY_BACKOFF_MAX_MS : 0 }[
      fallback
    ]
    // A clock that was set back must not extend the back-off.
    return now < failedAt || now >= failedAt + Math.min(backoffMs, maxMs)
  }

  noteAsked(stashId: string, now: number): void {
    this.#getOrCreate(stashId).askedAt = now
  }

  noteAnswer(stashId: string, rttMs: number, leaseMs: number): void {
    const entry = this.#getOrCreate(stashId)
    // A lease of a second counts from the question, so that its bound holds: the object is asked by few. A longer one counts from the
    // answer. If it was over when the answer came, an object with a long queue would be asked again at once, and the queue would stay.
    entry.leaseMs = leaseMs > LEASE_MIN_MS ? leaseMs + rttMs : LEASE_MIN_MS
    entry.rttMs = entry.rttMs === 0 ? rttMs : entry.rttMs + RTT_WEIGHT * (rttMs - entry.rttMs)
    this.#reset(entry)
  }

  noteFailure(stashId: string, now: number, overloaded: boolean, random: () => number): void {
    const entry = this.#getOrCreate(stashId)
    entry.askedAt = null
    entry.failedAt = now
    entry.overloaded = overloaded
    const backoffMs = Math.min(BACKOFF_MS * 2 ** entry.failures, BACKOFF_MAX_MS)
    entry.failures = Math.min(entry.failures + 1, 10)
    // Isolates that have failed at one moment ask again at any time up to the back-off, and not all at its end.
    entry.backoffMs = backoffMs * (BACKOFF_LEAST + (1 - BACKOFF_LEAST) * random())
  }

  /** To be called after an answer to a write, or an event of a watch (also from a hub): the object then counts as available. */
  noteAlive(stashId: string): void {
    if (this.#entries.has(stashId)) this.#reset(this.#getOrCreate(stashId))
  }

  /** Whether the object may be asked to recover now. If so, the next permission follows after RECOVERY_INTERVAL_MS. */
  acquireRecovery(stashId: string, now: number): boolean {
    const entry = this.#getOrCreate(stashId)
    if (now >= entry.recoveryAt && now < entry.recoveryAt + RECOVERY_INTERVAL_MS) return false
    entry.recoveryAt = now
    return true
  }

  #reset(entry: Entry): void {
    entry.askedAt = null
    entry.failures = 0
    entry.backoffMs = 0
    entry.failedAt = -Infinity
    entry.overloaded = false
  }

  #get(stashId: string): Readonly<Entry> {
    return this.#entries.get(stashId) ?? UNKNOWN
  }

  #getOrCreate(stashId: string): Entry {
    const known = this.#entries.get(stashId)
    if (known !== undefined) return known
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MAX_ENTRIES) break
      this.#entries.delete(oldest)
    }
    const entry = { ...UNKNOWN }
    this.#entries.set(stashId, entry)
    return entry
  }
}
