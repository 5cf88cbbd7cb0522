/** The rules of what is remembered: what a finding makes of a memo, and what a memo is good for. */
import { pickNewest, type LiveSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'

/** A copy of a stash that exists, and how far it can be trusted. */
export type LiveEntry = CacheEntry & { readonly snapshot: LiveSnapshot }

/** What a look-up found; `vouched` where the object itself stands behind it, as of `askedAt`. */
export type Finding = { snapshot: Snapshot | null; source: CacheEntry['source']; vouched: boolean; askedAt: number }

/** A memo may be younger than a finding by a question's deadline. By more, the clock was set back. */
const LATE_MAX_MS = 10_000

export const EMPTY_ENTRY: CacheEntry = {
  snapshot: null,
  source: 'kv',
  checkedAt: 0,
  vouched: false,
  validAsOf: 0,
  expected: null,
  hotUntil: Infinity,
  readAt: 0,
}

/**
 * Remembers a finding, unless something newer was remembered meanwhile.
 * @param isKept whether the copy is kept confirmed: the hot path then leaves no read to the look-up
 */
export function storeFinding(memory: SnapshotCache, stashId: string, finding: Finding, isKept: boolean): CacheEntry {
  const known = memory.get(stashId)
  if (known !== undefined && isDeleted(known)) return known
  const memo = mergeFinding(known ?? EMPTY_ENTRY, finding, isKept)
  memory.set(stashId, memo)
  return memo
}

function mergeFinding(known: CacheEntry, { snapshot, source, vouched, askedAt }: Finding, isKept: boolean): CacheEntry {
  const { expected, readAt } = known
  if (snapshot === null) return { ...EMPTY_ENTRY, source, checkedAt: askedAt, vouched, validAsOf: askedAt, expected }

  const before = known.snapshot
  const best = pickNewest(before, snapshot) ?? snapshot
  const isBefore = before !== null && best === before
  /** What the object said of an older copy, or before it was asked last, says nothing of this one. */
  const isVouched = vouched && best.revision === snapshot.revision
  const wasVouched = before?.revision === best.revision && known.vouched && known.validAsOf >= askedAt
  const isLate = known.checkedAt > askedAt && known.checkedAt - askedAt < LATE_MAX_MS
  const checkedAt = isLate ? known.checkedAt : askedAt
  return {
    snapshot: best,
    source: isBefore ? known.source : source,
    checkedAt,
    vouched: isVouched || wasVouched,
    validAsOf: wasVouched ? known.validAsOf : isVouched ? askedAt : isBefore ? known.validAsOf : best.publishedAt,
    expected,
    hotUntil: (isVouched || wasVouched) && !isKept ? 0 : Infinity,
    readAt,
  }
}

/** Gone for good: the object itself said so, and an id is never given out twice. */
export const isDeleted = (memo: CacheEntry): boolean => memo.snapshot === null && memo.vouched

export const isLive = (memo: CacheEntry): memo is LiveEntry => memo.snapshot !== null && memo.snapshot.stash !== null

/** Whether it has the revision that is expected, or was asked for since: then nothing better is to be had. */
export const meetsExpectation = ({ snapshot, checkedAt, expected }: CacheEntry): boolean =>
  expected === null || (snapshot?.revision ?? -1) >= expected.revision || checkedAt > expected.at

export const hasRevision = (memo: CacheEntry, minRevision: number): boolean =>
  memo.snapshot === null || memo.snapshot.revision >= minRevision

/** Whether nothing is missing in it: a field that an older version did not write. An object of that version has nothing better. */
export const hasAllFields = ({ snapshot, source }: { snapshot: Snapshot; source: CacheEntry['source'] }): boolean =>
  snapshot.isComplete || source === 'object'
