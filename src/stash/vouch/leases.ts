/**
 * Leases bound the load of the object, whatever the number of isolates that read its stash. Each confirmation holds for a time, its
 * lease, after which the isolate asks again. So a lease reserves the time of a call: it ends at the first time, a second from now or
 * later, at which not as many others end as the object answers. While few ask, that is after a second. The more ask, the longer
 * it is, and the calls are spread evenly. Isolates that ask for the first time come on top.
 *
 * The reservations are in memory, and pass. So after an outage there are none, and all isolates come back within their back-off: an
 * isolate whose questions have failed is granted its former lease, or all would come again a second later. Where isolates have stopped
 * reading, their times pass unused.
 */
import { LEASE_MAX_MS, LEASE_MIN_MS } from '../../model/snapshot/vouch.ts'

/**
 * Calls a second, where CONFIRMATIONS_PER_SECOND says nothing else. An object takes 500 to 1,000 simple calls a second by Cloudflare's
 * documentation; the rest is for writes, watchers and queries.
 */
const CALLS_PER_SECOND = 285
/** The least length of a slot of time. It is longer where a call is answered less often than once in it. */
const SLOT_MIN_MS = 200
/** So many former leases are a crowd, as a share of the calls of a slot. */
const CROWD_SHARE = 0.1

export class Leases {
  readonly #now: () => number
  readonly #slotMs: number
  readonly #callsPerSlot: number
  /** The number of leases that end in each slot of time, as a ring: of the present slot and those that a lease can reach. */
  readonly #ending: Uint32Array
  /** The present slot, and the first one that may have room. */
  #slot = 0
  #open = 0
  #lastMs = 0
  /** How many isolates were granted their former lease in the present slot. */
  #formerInSlot = 0
  /** When the last lease ends, in ms since the epoch. */
  endAt = 0

  /** @param callsPerSecond a positive number; any other counts as none */
  constructor(now: () => number, callsPerSecond = CALLS_PER_SECOND) {
    this.#now = now
    const perSecond = callsPerSecond > 0 ? callsPerSecond : CALLS_PER_SECOND
    this.#slotMs = Math.max(SLOT_MIN_MS, 1_000 / perSecond)
    this.#callsPerSlot = (perSecond * this.#slotMs) / 1_000
    this.#ending = new Uint32Array(Math.ceil(LEASE_MAX_MS / this.#slotMs) + 2)
  }

  /**
   * For how long the answer of now holds, in ms.
   * @param formerMs the last lease of an isolate whose questions have failed since
   */
  grant(formerMs = LEASE_MIN_MS): number {
    const now = this.#now()
    this.#moveTo(Math.floor(now / this.#slotMs))
    const leastMs = Math.min(Math.max(LEASE_MIN_MS, formerMs), LEASE_MAX_MS)
    const soonest = Math.floor((now + leastMs) / this.#slotMs)
    const last = Math.floor((now + LEASE_MAX_MS) / this.#slotMs)
    let slot = Math.max(this.#open, soonest)
    while (slot < last && this.#count(slot) >= this.#callsPerSlot) slot++
    const isFormer = leastMs > LEASE_MIN_MS
    this.#formerInSlot += Number(isFormer)
    // A few former leases leave the room before their ends to the others. Many are a crowd that comes back after an outage: then the room
    // is needed for its questions.
    if (!isFormer || this.#formerInSlot > Math.max(1, this.#callsPerSlot * CROWD_SHARE)) this.#open = slot
    const before = this.#count(slot)
    this.#ending[slot % this.#ending.length] = before + 1
    // Within a slot the ends follow each other evenly.
    const end = (slot + Math.min(1, before / this.#callsPerSlot)) * this.#slotMs
    const isSoonest = slot === soonest
    const leaseMs = isSoonest ? leastMs : Math.min(Math.max(LEASE_MIN_MS, Math.round(end - now)), LEASE_MAX_MS)
    this.endAt = Math.max(this.endAt, now + leaseMs)
    this.#lastMs = leaseMs
    return leaseMs
  }

  /** The last lease, where it was longer than the least, and has not ended. */
  get longLeaseMs(): number | undefined {
    return this.#lastMs > LEASE_MIN_MS && this.#now() < this.endAt ? this.#lastMs : undefined
  }

  #count(slot: number): number {
    return this.#ending[slot % this.#ending.length] ?? 0
  }

  /** Forgets the slots that have passed. */
  #moveTo(slot: number): void {
    if (slot !== this.#slot) this.#formerInSlot = 0
    // The clock was set back, or nothing was asked for longer than any lease.
    if (slot < this.#slot || slot - this.#slot >= this.#ending.length) {
      this.#ending.fill(0)
      this.#open = 0
      this.endAt = 0
      this.#slot = slot
    }
    for (; this.#slot < slot; this.#slot++) this.#ending[this.#slot % this.#ending.length] = 0
  }
}
