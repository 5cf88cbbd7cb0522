/** Rules of cache entries: how the finding of a look-up changes an entry, and which reads an entry can serve. */
import { pickNewest, type LiveSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import { LEASE_MIN_MS } from '../model/snapshot/vouch.ts'
import type { CacheEntry, SnapshotCache } from './snapshot-cache.ts'

/** The entry of a stash that exists. */
export type LiveEntry = CacheEntry & { readonly snapshot: LiveSnapshot }

/** The snapshot that a look-up found; `vouched` if the object confirmed that it was current at `askedAt`. */
export type FetchedSnapshot = {
  snapshot: Snapshot | null
  source: CacheEntry['source']
  vouched: boolean
  askedAt: number
  /** For how long it is served, where it is not vouched. Absent: CACHE_FRESH_MS. */
  unvouchedMs?: number
}

/** An entry may be newer than a finding by the few seconds of a look-up. If it is newer by more, the clock was set back. */
const LATE_MAX_MS = 10_000

/** The lifetime of a cache entry for which the object has given no longer lease. */
export const CACHE_FRESH_MS = LEASE_MIN_MS

export const EMPTY_ENTRY: CacheEntry = {
  snapshot: null,
  source: 'kv',
  checkedAt: 0,
  freshMs: CACHE_FRESH_MS,
  vouched: false,
  validAsOf: 0,
  expected: null,
  fastPathUntil: Infinity,
  readAt: 0,
}

/**
 * `isRefreshing`: refresh-ahead is running for the stash, so the fast path serves all reads. `leaseMs`: for how long a vouched entry
 * may be served.
 */
export type EntryTerms = { isRefreshing: boolean; leaseMs: number }

/**
 * Merges a finding into the cache. A cached snapshot that is newer than the found one stays. A deletion replaces any snapshot,
 * and is never replaced.
 */
export function mergeIntoCache(
  cache: SnapshotCache,
  stashId: string,
  finding: FetchedSnapshot,
  terms: EntryTerms,
): CacheEntry {
  const known = cache.get(stashId)
  if (known !== undefined && isDeleted(known)) return known
  const entry = mergeFinding(known ?? EMPTY_ENTRY, finding, terms)
  cache.set(stashId, entry)
  return entry
}

function mergeFinding(
  known: CacheEntry,
  { snapshot, source, vouched, askedAt, unvouchedMs = CACHE_FRESH_MS }: FetchedSnapshot,
  { isRefreshing, leaseMs }: EntryTerms,
): CacheEntry {
  const { expected, readAt } = known
  if (snapshot === null) return { ...EMPTY_ENTRY, source, checkedAt: askedAt, vouched, validAsOf: askedAt, expected }

  const before = known.snapshot
  const best = pickNewest(before, snapshot) ?? snapshot
  const isBefore = before !== null && best === before
  // The merged copy counts as vouched if the finding was vouched at the copy's revision, or if the entry already had a vouch for
  // that revision that is not older than this request.
  const isVouched = vouched && best.revision === snapshot.revision
  const wasVouched = before?.revision === best.revision && known.vouched && known.validAsOf >= askedAt
  const isLate = known.checkedAt > askedAt && known.checkedAt - askedAt < LATE_MAX_MS
  const checkedAt = isLate ? known.checkedAt : askedAt
  return {
    snapshot: best,
    source: isBefore ? known.source : source,
    checkedAt,
    freshMs: wasVouched ? known.freshMs : isVouched ? Math.max(CACHE_FRESH_MS, leaseMs) : unvouchedMs,
    vouched: isVouched || wasVouched,
    validAsOf: wasVouched ? known.validAsOf : isVouched ? askedAt : isBefore ? known.validAsOf : best.publishedAt,
    expected,
    fastPathUntil: (isVouched || wasVouched) && !isRefreshing ? 0 : Infinity,
    readAt,
  }
}

/** There is no such stash: it was deleted, or never created. This is final, because the id of a stash is never used again. */
export const isDeleted = (entry: CacheEntry): boolean => entry.snapshot === null && entry.vouched

export const isLive = (entry: CacheEntry): entry is LiveEntry =>
  entry.snapshot !== null && entry.snapshot.stash !== null

/**
 * Whether the entry has the expected revision, or was checked after the write or event that set the expectation: the stores then
 * had nothing newer, or did not answer.
 */
export const meetsExpectation = ({ snapshot, checkedAt, expected }: CacheEntry): boolean =>
  expected === null || (snapshot?.revision ?? -1) >= expected.revision || checkedAt > expected.at

export const hasRevision = (entry: CacheEntry, minRevision: number): boolean =>
  entry.snapshot === null || entry.snapshot.revision >= minRevision

/**
 * False if an older version of the code wrote the copy, without a field that readers need today. A copy from the object counts
 * as complete, because an object that still runs the older version has nothing better.
 */
export const hasAllFields = ({ snapshot, source }: { snapshot: Snapshot; source: CacheEntry['source'] }): boolean =>
  snapshot.isComplete || source === 'object'
