import { describe, expect, it, vi } from 'vitest'
import { SnapshotCache, getSelectionsMaxBytes, type CacheEntry } from '../../src/edge/snapshot-cache.ts'
import type { Snapshot } from '../../src/model/snapshot/snapshot.ts'

const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
const snapshotOf = (facts: Partial<Snapshot> = {}, chars = 1_000): Snapshot => ({
  stashId: 's',
  revision: 1,
  publishedAt: 0,
  stash,
  flags: new Map([['k', { key: 'k', value: 'v'.repeat(chars - 1), type: 'text/plain', version: 1 }]]),
  reverts: [],
  changesAt: Infinity,
  reverted: new Set(),
  isComplete: true,
  ...facts,
})
const memoOf = (snapshot: Snapshot | null): CacheEntry => ({
  snapshot,
  source: 'kv',
  checkedAt: 0,
  vouched: true,
  validAsOf: 0,
  expected: null,
  hotUntil: Infinity,
  readAt: 0,
})
/** By the documented rule: texts, their prepared answers, and what may be kept of selections. */
const WEIGHT = 400 + 500 + 8 * 1_000 + (8 * 1024 + 100 + 2 * 1_000)

const held = (memory: SnapshotCache, ids: string[]) => ids.filter((id) => memory.get(id) !== undefined)

describe('SnapshotCache', () => {
  it('forgets what was written longest ago, once there are too many', () => {
    const memory = new SnapshotCache(2, 1e9)
    for (const id of ['a', 'b', 'a', 'c']) memory.set(id, memoOf(snapshotOf()))
    expect(held(memory, ['a', 'b', 'c'])).toEqual(['a', 'c'])
    expect(memory.size).toBe(2)
  })
  it('forgets until what it holds fits its bytes, to the last one', () => {
    const [fits, tight] = [new SnapshotCache(100, 3 * WEIGHT), new SnapshotCache(100, 3 * WEIGHT - 1)]
    for (const memory of [fits, tight]) for (const id of ['a', 'b', 'c']) memory.set(id, memoOf(snapshotOf()))
    expect(held(fits, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(held(tight, ['a', 'b', 'c'])).toEqual(['b', 'c'])
  })
  it('counts a copy that is replaced no more, however often it is', () => {
    const memory = new SnapshotCache(100, 2 * WEIGHT)
    memory.set('other', memoOf(snapshotOf()))
    for (let i = 0; i < 1_000; i++) memory.set('a', memoOf(snapshotOf()))
    expect(held(memory, ['other', 'a'])).toEqual(['other', 'a'])
    // And what is forgotten makes room.
    for (let i = 0; i < 1_000; i++) memory.set(`n${i}`, memoOf(snapshotOf()))
    expect(memory.size).toBe(2)
    expect(held(memory, ['n998', 'n999'])).toEqual(['n998', 'n999'])
  })
  it('counts what each flag costs besides its text: many small ones weigh more than one large one', () => {
    const flags = new Map(
      Array.from({ length: 100 }, (_, n) => {
        const key = `k${String(n).padStart(2, '0')}`
        return [key, { key, value: 'v'.repeat(7), type: 'text/plain', version: 1 }] as const
      }),
    )
    // As many characters as one flag of WEIGHT, and 99 flags more.
    const weight = WEIGHT + 99 * (500 + 100)
    const [fits, tight] = [new SnapshotCache(100, weight + WEIGHT), new SnapshotCache(100, weight + WEIGHT - 1)]
    for (const memory of [fits, tight]) {
      memory.set('one', memoOf(snapshotOf()))
      memory.set('many', memoOf(snapshotOf({ flags })))
    }
    expect(held(fits, ['one', 'many'])).toEqual(['one', 'many'])
    expect(held(tight, ['one', 'many'])).toEqual(['many'])
  })
  it('never forgets what it was just given, though that alone is too large', () => {
    const memory = new SnapshotCache(100, 10)
    memory.set('a', memoOf(snapshotOf()))
    memory.set('b', memoOf(snapshotOf()))
    expect(held(memory, ['a', 'b'])).toEqual(['b'])
    memory.set('b', memoOf(snapshotOf()))
    expect(held(memory, ['b'])).toEqual(['b'])
  })
  it('works out the size of a copy once, however often it is confirmed', () => {
    const memory = new SnapshotCache(100, 1e9)
    const snapshot = snapshotOf()
    const values = vi.spyOn(snapshot.flags, 'values')
    for (let i = 0; i < 10; i++) memory.set('a', memoOf(snapshot))
    expect(values).toHaveBeenCalledTimes(1)
  })
  it('counts what is known to be absent, and what comes back', () => {
    const absent = new SnapshotCache(100, 400)
    for (const id of ['a', 'b', 'c']) absent.set(id, memoOf(null))
    expect(held(absent, ['a', 'b', 'c'])).toEqual(['b', 'c'])
    const reverts = [{ key: 'k', at: 1, version: 1, to: { value: 'v'.repeat(999), type: 'text/plain' } }]
    const boxed = new SnapshotCache(100, 2 * WEIGHT + 10 * 1_000 - 1)
    boxed.set('plain', memoOf(snapshotOf()))
    boxed.set('boxed', memoOf(snapshotOf({ reverts })))
    expect(held(boxed, ['plain', 'boxed'])).toEqual(['boxed'])
  })
})

describe('getSelectionsMaxBytes', () => {
  it('is as much as the texts, two bytes a character, and some', () => {
    expect(getSelectionsMaxBytes(snapshotOf({}, 1))).toBe(8 * 1024 + 100 + 2)
    expect(getSelectionsMaxBytes(snapshotOf({}, 5_000))).toBe(8 * 1024 + 100 + 10_000)
    expect(getSelectionsMaxBytes(snapshotOf({ flags: new Map() }))).toBe(8 * 1024)
  })
})
