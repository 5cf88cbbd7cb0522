import { describe, expect, it } from 'vitest'
import { parseSnapshot, serializeSnapshot, type Revert, type Snapshot } from '../../src/model/snapshot/snapshot.ts'
import { getSnapshotAt } from '../../src/model/snapshot/snapshot-at.ts'

const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
const text = (value: string) => ({ value, type: 'text/plain' })
const flag = (key: string, value: string, version = 1) => ({ key, version, ...text(value) })

function snapshot(reverts: Revert[], flags = [flag('a', 'boxed', 3), flag('b', '1'), flag('d', 'boxed', 4)]): Snapshot {
  const read = parseSnapshot(
    serializeSnapshot({ stashId: 's', revision: 4, chain: null, publishedAt: 0, stash, reverts }, flags),
    's',
  )
  if (read === null) throw new Error('not a snapshot')
  return read
}
const values = ({ flags }: Snapshot) => Object.fromEntries([...flags].map(([key, { value }]) => [key, value]))

const REVERTS: Revert[] = [
  { key: 'd', at: 200, version: 4, to: null },
  { key: 'a', at: 100, version: 3, to: text('before') },
  { key: 'c', at: 100, version: 2, to: { ...text('{}'), guard: 'json' } },
]

describe('getSnapshotAt', () => {
  it('is the snapshot itself until a time-box ends', () => {
    const whole = snapshot(REVERTS)
    expect(whole.changesAt).toBe(100)
    expect(getSnapshotAt(whole, 99)).toBe(whole)
    const plain = snapshot([])
    expect(getSnapshotAt(plain, Number.MAX_SAFE_INTEGER)).toBe(plain)
  })
  it('has the restored values from the end on, in the order of keys', () => {
    const whole = snapshot(REVERTS)
    const later = getSnapshotAt(whole, 100)
    expect(values(later)).toEqual({ a: 'before', b: '1', c: '{}', d: 'boxed' })
    expect([...later.flags.keys()]).toEqual(['a', 'b', 'c', 'd'])
    expect(later.flags.get('a')).toEqual({ ...flag('a', 'before', 3), changedAt: 100, reverted: true })
    expect(later.flags.get('c')).toMatchObject({ version: 2, guard: 'json', reverted: true })
    expect(later.flags.get('d')).toMatchObject({ until: 200 })
    expect([...later.reverted]).toEqual(['a', 'c'])
    expect(later).toMatchObject({ revision: 4, changesAt: 200, reverts: [{ key: 'd' }] })
    const last = getSnapshotAt(later, 1_000)
    expect(values(last)).toEqual({ a: 'before', b: '1', c: '{}' })
    expect([...last.reverted]).toEqual(['a', 'c', 'd'])
    expect(last.changesAt).toBe(Infinity)
    // The snapshot itself stays unchanged, because others hold it.
    expect(values(whole)).toEqual({ a: 'boxed', b: '1', d: 'boxed' })
  })
  it('gives the same in one step as in several', () => {
    const whole = snapshot(REVERTS)
    expect(getSnapshotAt(whole, 500)).toEqual(getSnapshotAt(getSnapshotAt(whole, 150), 500))
  })
  it('reports no revert of a flag that is deleted already and stays deleted', () => {
    const later = getSnapshotAt(snapshot([{ key: 'gone', at: 100, version: 2, to: null }]), 100)
    expect(later.reverted.size).toBe(0)
    expect(values(later)).toEqual({ a: 'boxed', b: '1', d: 'boxed' })
  })
})

describe('parseSnapshot', () => {
  it('accepts ends that are past, far ahead, and in any order', () => {
    const year = 366 * 24 * 3_600_000
    const read = snapshot([
      { key: 'b', at: 5 * year, version: 1, to: null },
      { key: 'a', at: 0, version: 3, to: text('x') },
    ])
    expect(read.changesAt).toBe(0)
    expect(values(getSnapshotAt(read, year))).toMatchObject({ a: 'x', b: '1' })
  })
  it('knows whether the writer was a version without ends', () => {
    const { reverts: _, ...old } = JSON.parse(
      serializeSnapshot({ stashId: 's', revision: 1, chain: null, publishedAt: 0, stash, reverts: [] }, []),
    ) as Record<string, unknown>
    expect(parseSnapshot(JSON.stringify(old), 's')).toMatchObject({
      isComplete: false,
      reverts: [],
      changesAt: Infinity,
    })
    expect(snapshot([]).isComplete).toBe(true)
  })
  it.each([
    ['no list', {}],
    ['an end without a time', [{ key: 'a', version: 1, to: null }]],
    ['a time beyond the range of Date', [{ key: 'a', at: 9e15, version: 1, to: null }]],
    ['an end without a value', [{ key: 'a', at: 1, version: 1 }]],
    ['half a value', [{ key: 'a', at: 1, version: 1, to: { value: 'x' } }]],
    ['no key', [{ key: 1, at: 1, version: 1, to: null }]],
    ['a guard that is not a string', [{ key: 'a', at: 1, version: 1, to: { value: 'x', type: 't', guard: 1 } }]],
  ])('rejects %s', (_, reverts) => {
    const written = JSON.parse(
      serializeSnapshot({ stashId: 's', revision: 1, chain: null, publishedAt: 0, stash, reverts: [] }, []),
    ) as Record<string, unknown>
    expect(parseSnapshot(JSON.stringify({ ...written, reverts }), 's')).toBeNull()
  })
})
