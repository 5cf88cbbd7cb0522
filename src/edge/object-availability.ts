/**
 * How far each stash's object is, and whether it answers: what a reader's deadline and the back-off are made of.
 *
 * An object that is silent or overloaded is asked less and less, or the questions of all isolates would hold it where it
 * is. One answer, also to a write, ends that. The pauses have jitter: isolates must not come back together.
 */

import { FLIGHT_DEADLINE_MS } from './single-flight.ts'

/** The least deadline. A reader of a far place waits longer: it would otherwise never hear the object. */
const DEADLINE_MIN_MS = 250
const DEADLINE_MAX_MS = 1_000
const PAUSE_MS = 2_000
const PAUSE_MAX_MS = 30_000
/** A question that cannot be answered without the object pauses no longer than this. */
const URGENT_PAUSE_MAX_MS = 2_000
/** Where there is nothing to serve, only an overloaded object is spared, and not for long. */
const NOTHING_AT_HAND_PAUSE_MS = 1_000
/** Between two requests to recover. Each costs the object a read of KV. */
const RECOVERY_PAUSE_MS = 5_000
/** Stashes of which such things are known. */
const MAX_ENTRIES = 1_000
/** The weight of the last round trip in the average. */
const RECENT = 0.25

/** How much depends on the answer: `some`, there is a copy to serve; `more`, no copy will do; `all`, there is no copy. */
export type Need = 'some' | 'more' | 'all'

type Entry = {
  rttMs: number
  /** Since when a question is under way; null while none is. */
  askedAt: number | null
  silences: number
  silentAt: number
  pauseMs: number
  overloaded: boolean
  recoveryAt: number
}

const UNKNOWN: Readonly<Entry> = {
  rttMs: 0,
  askedAt: null,
  silences: 0,
  silentAt: -Infinity,
  pauseMs: 0,
  overloaded: false,
  recoveryAt: -Infinity,
}

export class ObjectAvailability {
  readonly #entries = new Map<string, Entry>()

  /** How long a reader that has a copy waits for the object's word, from now on. */
  getRemainingMs(stashId: string, now: number): number {
    const waited = now - (this.#get(stashId).askedAt ?? now)
    // Past that its request has died, and it counts as not asked. A clock that was set back has asked nothing either.
    const isUnderWay = waited >= 0 && waited < FLIGHT_DEADLINE_MS
    return Math.max(0, this.getDeadlineMs(stashId) - (isUnderWay ? waited : 0))
  }

  getDeadlineMs(stashId: string): number {
    return Math.min(DEADLINE_MAX_MS, Math.max(DEADLINE_MIN_MS, 1.5 * this.#get(stashId).rttMs))
  }

  /** The round trip as seen lately; 0 before the first. */
  getRttMs(stashId: string): number {
    return this.#get(stashId).rttMs
  }

  /** Whether the object may be asked now. */
  mayAsk(stashId: string, now: number, need: Need): boolean {
    const { silentAt, pauseMs, overloaded } = this.#get(stashId)
    const most = { some: Infinity, more: URGENT_PAUSE_MAX_MS, all: overloaded ? NOTHING_AT_HAND_PAUSE_MS : 0 }[need]
    // A clock that was set back must not hold it up.
    return now < silentAt || now >= silentAt + Math.min(pauseMs, most)
  }

  noteAsked(stashId: string, now: number): void {
    this.#getOrCreate(stashId).askedAt = now
  }

  noteAnswer(stashId: string, rttMs: number): void {
    const entry = this.#getOrCreate(stashId)
    entry.rttMs = entry.rttMs === 0 ? rttMs : entry.rttMs + RECENT * (rttMs - entry.rttMs)
    this.#reset(entry)
  }

  noteTimeout(stashId: string, now: number, overloaded: boolean, dice: () => number): void {
    const entry = this.#getOrCreate(stashId)
    entry.askedAt = null
    entry.silentAt = now
    entry.overloaded = overloaded
    const pauseMs = Math.min(PAUSE_MS * 2 ** entry.silences, PAUSE_MAX_MS)
    entry.silences = Math.min(entry.silences + 1, 10)
    // From three quarters of it to all of it, so that the bound holds.
    entry.pauseMs = pauseMs * (0.75 + 0.25 * dice())
  }

  /** It was heard otherwise: it has answered a write. */
  noteLife(stashId: string): void {
    if (this.#entries.has(stashId)) this.#reset(this.#getOrCreate(stashId))
  }

  /** Whether a recovery may be asked for now; if so, that is noted. */
  acquireRecovery(stashId: string, now: number): boolean {
    const entry = this.#getOrCreate(stashId)
    if (now >= entry.recoveryAt && now < entry.recoveryAt + RECOVERY_PAUSE_MS) return false
    entry.recoveryAt = now
    return true
  }

  #reset(entry: Entry): void {
    entry.askedAt = null
    entry.silences = 0
    entry.pauseMs = 0
    entry.silentAt = -Infinity
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
