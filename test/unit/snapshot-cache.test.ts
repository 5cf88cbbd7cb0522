import { describe, expect, it, vi } from 'vitest'
import { SnapshotCache, getSelectionsMaxBytes, type CacheEntry } from '../../src/edge/snapshot-cache.ts'
import type { Snapshot } from '../../src/model/snapshot/snapshot.ts'

const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
const createSnapshot = (facts: Partial<Snapshot> = {}, chars = 1_000): Snapshot => ({
  stashId: 's',
  revision: 1,
  chain: null,
  publishedAt: 0,
  stash,
  flags: new Map([['k', { key: 'k', value: 'v'.repeat(chars - 1), type: 'text/plain', version: 1 }]]),
  reverts: [],
  changesAt: Infinity,
  reverted: new Set(),
  descriptions: new Map(),
  isComplete: true,
  ...facts,
})
const toCacheEntry = (snapshot: Snapshot | null): CacheEntry => ({
  snapshot,
  source: 'kv',
  checkedAt: 0,
  freshMs: 1_000,
  vouched: true,
  validAsOf: 0,
  expected: null,
  fastPathUntil: Infinity,
  readAt: 0,
})
/** The documented rule for sizes: texts, their prepared responses, and the kept selections. */
const WEIGHT = 400 + 1_500 + 8 * 1_000 + (8 * 1024 + 100 + 2 * 1_000)

const held = (cache: SnapshotCache, ids: string[]) => ids.filter((id) => cache.get(id) !== undefined)

describe('SnapshotCache', () => {
  it('evicts the least recently written entry, once there are too many', () => {
    const cache = new SnapshotCache(2, 1e9)
    for (const id of ['a', 'b', 'a', 'c']) cache.set(id, toCacheEntry(createSnapshot()))
    expect(held(cache, ['a', 'b', 'c'])).toEqual(['a', 'c'])
    expect(cache.size).toBe(2)
  })
  it('evicts until the entries fit the byte limit exactly', () => {
    const [fits, tight] = [new SnapshotCache(100, 3 * WEIGHT), new SnapshotCache(100, 3 * WEIGHT - 1)]
    for (const cache of [fits, tight]) for (const id of ['a', 'b', 'c']) cache.set(id, toCacheEntry(createSnapshot()))
    expect(held(fits, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(held(tight, ['a', 'b', 'c'])).toEqual(['b', 'c'])
  })
  it('no longer counts a copy that was replaced, however often', () => {
    const cache = new SnapshotCache(100, 2 * WEIGHT)
    cache.set('other', toCacheEntry(createSnapshot()))
    for (let i = 0; i < 1_000; i++) cache.set('a', toCacheEntry(createSnapshot()))
    expect(held(cache, ['other', 'a'])).toEqual(['other', 'a'])
    // An evicted entry makes room.
    for (let i = 0; i < 1_000; i++) cache.set(`n${i}`, toCacheEntry(createSnapshot()))
    expect(cache.size).toBe(2)
    expect(held(cache, ['n998', 'n999'])).toEqual(['n998', 'n999'])
  })
  it('counts the overhead of each flag: many small ones weigh more than one large one', () => {
    const flags = new Map(
      Array.from({ length: 100 }, (_, n) => {
        const key = `k${String(n).padStart(2, '0')}`
        return [key, { key, value: 'v'.repeat(7), type: 'text/plain', version: 1 }] as const
      }),
    )
    // As many characters as one flag of WEIGHT, in 99 flags more.
    const weight = WEIGHT + 99 * (1_500 + 100)
    const [fits, tight] = [new SnapshotCache(100, weight + WEIGHT), new SnapshotCache(100, weight + WEIGHT - 1)]
    for (const cache of [fits, tight]) {
      cache.set('one', toCacheEntry(createSnapshot()))
      cache.set('many', toCacheEntry(createSnapshot({ flags })))
    }
    expect(held(fits, ['one', 'many'])).toEqual(['one', 'many'])
    expect(held(tight, ['one', 'many'])).toEqual(['many'])
  })
  it('never evicts the entry that was just set, even if it alone is too large', () => {
    const cache = new SnapshotCache(100, 10)
    cache.set('a', toCacheEntry(createSnapshot()))
    cache.set('b', toCacheEntry(createSnapshot()))
    expect(held(cache, ['a', 'b'])).toEqual(['b'])
    cache.set('b', toCacheEntry(createSnapshot()))
    expect(held(cache, ['b'])).toEqual(['b'])
  })
  it('computes the size of a snapshot once, however often it is set', () => {
    const cache = new SnapshotCache(100, 1e9)
    const snapshot = createSnapshot()
    const values = vi.spyOn(snapshot.flags, 'values')
    for (let i = 0; i < 10; i++) cache.set('a', toCacheEntry(snapshot))
    expect(values).toHaveBeenCalledTimes(1)
  })
  it('counts absent stashes, and the values that reverts restore', () => {
    const absent = new SnapshotCache(100, 400)
    for (const id of ['a', 'b', 'c']) absent.set(id, toCacheEntry(null))
    expect(held(absent, ['a', 'b', 'c'])).toEqual(['b', 'c'])
    const reverts = [{ key: 'k', at: 1, version: 1, to: { value: 'v'.repeat(999), type: 'text/plain' } }]
    const boxed = new SnapshotCache(100, 2 * WEIGHT + 10 * 1_000 - 1)
    boxed.set('plain', toCacheEntry(createSnapshot()))
    boxed.set('boxed', toCacheEntry(createSnapshot({ reverts })))
    expect(held(boxed, ['plain', 'boxed'])).toEqual(['boxed'])
  })
})

describe('getSelectionsMaxBytes', () => {
  it('is the size of the texts, two bytes per character, and an overhead', () => {
    expect(getSelectionsMaxBytes(createSnapshot({}, 1))).toBe(8 * 1024 + 100 + 2)
    expect(getSelectionsMaxBytes(createSnapshot({}, 5_000))).toBe(8 * 1024 + 100 + 10_000)
    expect(getSelectionsMaxBytes(createSnapshot({ flags: new Map() }))).toBe(8 * 1024)
  })
})
