/**
 * The status of a stash, for watchers that ask for it: how many changes are held, and which freezes stand. It may change without
 * a new revision, so it is compared by a digest with what a watcher received last, and its event has no id.
 */
import { murmur3 } from '../evaluation/murmur3.ts'
import type { PublicFreeze } from '../freeze.ts'

/** In messages between versions of the code: new fields must be optional. */
export type WatchStatus = {
  /** The number of held changes that a list shows. */
  held: number
  /** The freezes that stand. Their patterns are limited, like their number (`model/freeze.ts`). */
  freezes: PublicFreeze[]
}

/** As JSON: `{"type":"status","revision":7,"held":1,"freezes":[]}`. The events up to the revision were sent before it. */
export const serializeStatus = (status: WatchStatus, revision: number): string =>
  JSON.stringify({ type: 'status', revision, ...toMembers(status) })

/**
 * Fits the attachment of a hibernating socket, whatever the number of freezes. Two different statuses have the same digest once
 * in four billion times: then the watcher receives the later one with its next change.
 */
export const getStatusDigest = (status: WatchStatus): number => murmur3(JSON.stringify(toMembers(status)))

function toMembers({ held, freezes }: WatchStatus): object {
  // oxlint-disable-next-line no-restricted-globals -- it formats a time, and reads no clock.
  const toTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
  return { held, freezes: freezes.map(({ keys, until }) => ({ keys, until: toTime(until) })) }
}
