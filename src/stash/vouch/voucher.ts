/** Confirms the present revision to readers: with the changes since theirs, and for how long the answer holds. */
import { NO_STORAGE, type KnownCopy, type Vouch, type VouchReply } from '../../model/snapshot/vouch.ts'
import { Leases } from './leases.ts'
import { RecentChanges } from './recent-changes.ts'

export class Voucher {
  readonly #leases: Leases
  readonly #changes: RecentChanges

  /** @param callsPerSecond so many confirmations the object gives in a second; see `Leases` */
  constructor(sql: SqlStorage, stashId: string, callsPerSecond: number) {
    this.#leases = new Leases(() => Date.now(), callsPerSecond)
    this.#changes = new RecentChanges(sql, stashId)
  }

  /** @param known the reader's copy; undefined from one of the version before, which gets the bare revision */
  answer(head: Vouch, known: KnownCopy | null | undefined, now: number): Vouch | VouchReply {
    const leaseMs = this.#leases.grant(known?.leaseMs)
    if (known === undefined) return head
    const isAlive = head !== null && head !== NO_STORAGE
    const changes = isAlive && known !== null ? this.#changes.getSince(known, head, now) : null
    return { head, leaseMs, changes }
  }

  /** The lease that a reader gets now, where it is longer than the least. */
  get longLeaseMs(): number | undefined {
    return this.#leases.longLeaseMs
  }

  /** When the last lease ends, in ms since the epoch. */
  get leasesEndAt(): number {
    return this.#leases.endAt
  }
}
