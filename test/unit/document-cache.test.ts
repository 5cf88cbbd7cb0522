import { describe, expect, it } from 'vitest'
import { DocumentCache } from '../../src/http/openfeature/document-cache.ts'
import type { LiveSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { snapshotAt } from '../support/isolate.ts'

const createSnapshot = (stashId: string, revision = 1) => snapshotAt(revision, stashId) as LiveSnapshot

function createCache(maxChars: number) {
  const cache = new DocumentCache(maxChars)
  let written = 0
  return {
    get: (snapshot: LiveSnapshot, chars = 10, name = 'a') =>
      cache.get(snapshot, name, ({ revision }) => (written++, String(revision).padEnd(chars))),
    countWritten: () => written,
  }
}

describe('DocumentCache', () => {
  it('writes a document once for each snapshot and name', () => {
    const { get, countWritten } = createCache(100)
    const snapshot = createSnapshot('s')
    expect([get(snapshot), get(snapshot)].map((text) => text.trim())).toEqual(['1', '1'])
    expect(countWritten()).toBe(1)
    get(snapshot, 10, 'b')
    expect(countWritten()).toBe(2)
  })
  it('writes it again for another snapshot of the stash, also of the same revision', () => {
    const { get, countWritten } = createCache(100)
    get(createSnapshot('s'))
    get(createSnapshot('s'))
    expect(countWritten()).toBe(2)
    expect(get(createSnapshot('s', 2)).trim()).toBe('2')
  })
  it('keeps no more than its limit, and drops the oldest first', () => {
    const { get, countWritten } = createCache(30)
    const snapshots = ['a', 'b', 'c', 'd'].map((id) => createSnapshot(id))
    for (const snapshot of snapshots) get(snapshot)
    for (const snapshot of snapshots.slice(1)) get(snapshot)
    expect(countWritten()).toBe(4)
    get(createSnapshot('a'))
    expect(countWritten()).toBe(5)
  })
  it('counts only what it keeps: a stash that changes does not push the others out', () => {
    const { get, countWritten } = createCache(30)
    const other = createSnapshot('other')
    get(other)
    for (let revision = 1; revision <= 50; revision++) get(createSnapshot('s', revision), 20)
    get(other)
    expect(countWritten()).toBe(51)
  })
  it('gives a text that is too long without keeping it, and keeps the others', () => {
    const { get, countWritten } = createCache(30)
    const [small, large] = [createSnapshot('small'), createSnapshot('large')]
    get(small)
    expect(get(large, 31)).toHaveLength(31)
    get(large, 31)
    get(small)
    expect(countWritten()).toBe(3)
  })
})
