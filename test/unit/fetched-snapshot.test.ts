import { describe, expect, it } from 'vitest'
import {
  isDeleted,
  isLive,
  hasAllFields,
  meetsExpectation,
  EMPTY_ENTRY,
  hasRevision,
  mergeIntoCache,
  type FetchedSnapshot,
} from '../../src/edge/fetched-snapshot.ts'
import { SnapshotCache, type CacheEntry } from '../../src/edge/snapshot-cache.ts'
import { snapshotAt } from '../support/isolate.ts'

const at = (revision: number, publishedAt = 0) => ({ ...snapshotAt(revision), publishedAt })
const createFetched = (facts: Partial<FetchedSnapshot> = {}): FetchedSnapshot => ({
  snapshot: at(5),
  source: 'kv',
  vouched: false,
  askedAt: 1_000,
  ...facts,
})
const TERMS = { isRefreshing: false, leaseMs: 5_000 }

/** Returns the cache entry after these snapshots have been merged into it. */
function after(...fetched: Partial<FetchedSnapshot>[]): CacheEntry {
  const cache = new SnapshotCache(10, 1e9)
  for (const one of fetched) mergeIntoCache(cache, 's', createFetched(one), TERMS)
  return cache.get('s') ?? EMPTY_ENTRY
}

describe('mergeIntoCache', () => {
  it('trusts a copy of KV as of its publication, and starts no refresh-ahead for it', () => {
    const snapshot = at(5, 400)
    expect(after({ snapshot })).toEqual({
      snapshot,
      source: 'kv',
      checkedAt: 1_000,
      freshMs: 1_000,
      vouched: false,
      validAsOf: 400,
      expected: null,
      fastPathUntil: Infinity,
      readAt: 0,
    })
  })
  it('trusts a vouched copy as of the request, and sends its next read past the fast path', () => {
    expect(after({ vouched: true, source: 'object' })).toMatchObject({
      source: 'object',
      freshMs: 5_000,
      vouched: true,
      validAsOf: 1_000,
      fastPathUntil: 0,
    })
  })
  it('keeps the newer copy with its source, and does not apply the vouch for the older one to it', () => {
    const entry = after({ snapshot: at(7, 300), source: 'object' }, { snapshot: at(5), vouched: true, askedAt: 2_000 })
    expect(entry).toMatchObject({ snapshot: { revision: 7 }, source: 'object', vouched: false, validAsOf: 300 })
    expect(entry.checkedAt).toBe(2_000)
  })
  it('stores a newer copy without the vouch for the older one', () => {
    const entry = after({ vouched: true, askedAt: 2_000 }, { snapshot: at(6, 300), askedAt: 1_500 })
    expect(entry).toMatchObject({ snapshot: { revision: 6 }, vouched: false, validAsOf: 300, fastPathUntil: Infinity })
  })
  it('keeps a vouch that is as new as the fetched copy, and drops an older one', () => {
    const late = after({ vouched: true, askedAt: 2_000 }, { askedAt: 1_500 })
    expect(late).toMatchObject({ vouched: true, validAsOf: 2_000, checkedAt: 2_000, fastPathUntil: 0 })
    expect(after({ vouched: true, askedAt: 2_000 }, { askedAt: 2_000 }).vouched).toBe(true)
    expect(after({ vouched: true, askedAt: 2_000 }, { askedAt: 2_001 })).toMatchObject({
      vouched: false,
      validAsOf: 2_000,
      checkedAt: 2_001,
    })
  })
  it('was checked at the later of two times, up to ten seconds: by more, the clock was set back', () => {
    expect(after({ askedAt: 20_000 }, { askedAt: 10_001 }).checkedAt).toBe(20_000)
    expect(after({ askedAt: 20_000 }, { askedAt: 10_000 }).checkedAt).toBe(10_000)
  })
  it('never replaces a deleted stash, and replaces a copy by the deletion', () => {
    const gone = after({ vouched: true }, { snapshot: null, source: 'object', vouched: true, askedAt: 2_000 })
    expect(gone).toMatchObject({
      snapshot: null,
      vouched: true,
      checkedAt: 2_000,
      validAsOf: 2_000,
      fastPathUntil: Infinity,
    })
    expect(isDeleted(gone)).toBe(true)
    expect(after({ snapshot: null, vouched: true }, { snapshot: at(9), vouched: true }).snapshot).toBeNull()
    expect(after({ snapshot: null }, { snapshot: at(9) }).snapshot?.revision).toBe(9)
  })
  it('keeps the expected revision of a write', () => {
    const cache = new SnapshotCache(10, 1e9)
    const expected = { revision: 9, at: 500 }
    for (const snapshot of [at(5), null]) {
      cache.set('s', { ...EMPTY_ENTRY, expected })
      expect(mergeIntoCache(cache, 's', createFetched({ snapshot }), TERMS).expected).toEqual(expected)
    }
  })
})

describe('a cache entry', () => {
  const entry = after({ snapshot: at(5), askedAt: 1_000 })
  it('reaches its own revision and all before, and any if there is no stash', () => {
    expect([4, 5, 6].map((revision) => hasRevision(entry, revision))).toEqual([true, true, false])
    expect(hasRevision(EMPTY_ENTRY, 6)).toBe(true)
  })
  it('satisfies an expected revision that it has reached, or one that is older than its check', () => {
    const of = (revision: number, at: number) => meetsExpectation({ ...entry, expected: { revision, at } })
    expect([meetsExpectation(entry), of(5, 9_000), of(6, 9_000), of(6, 1_000), of(6, 999)]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
    expect(meetsExpectation({ ...EMPTY_ENTRY, expected: { revision: 0, at: 0 } })).toBe(false)
  })
  it('is deleted only if the object said so, and live only with a stash in it', () => {
    expect([
      isDeleted(EMPTY_ENTRY),
      isDeleted({ ...EMPTY_ENTRY, vouched: true }),
      isDeleted({ ...entry, vouched: true }),
    ]).toEqual([false, true, false])
    expect([isLive(entry), isLive(EMPTY_ENTRY), isLive({ ...entry, snapshot: { ...at(5), stash: null } })]).toEqual([
      true,
      false,
      false,
    ])
  })
  it('is complete with every field, or if it came from the object', () => {
    const lacking = { ...at(5), isComplete: false }
    expect([
      hasAllFields({ snapshot: at(5), source: 'kv' }),
      hasAllFields({ snapshot: lacking, source: 'kv' }),
      hasAllFields({ snapshot: lacking, source: 'object' }),
    ]).toEqual([true, false, true])
  })
})
