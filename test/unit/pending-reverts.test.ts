import { describe, expect, it } from 'vitest'
import type { Held } from '../../src/model/held.ts'
import { dropHeld, getPendingReverts, getPendingValues, getRevertSize, putHeld } from '../../src/stash/tables/held.ts'
import { makeHeld, createRevert, createSchedule } from '../support/held-rows.ts'

describe('pending time-boxes', () => {
  it('are listed by their end, all or those of one token, at most a hundred', () => {
    const rows = Array.from({ length: 101 }, (_, i) =>
      createRevert(`r${i}`, 1_000 - i, [`k${i}`], { setBy: { id: i < 100 ? 'one' : 'two', label: 'x' } }),
    )
    const { sql } = makeHeld(...rows, createSchedule('schedule', { dueAt: 1, madeBy: 'two' }))
    const all = getPendingReverts(sql, null)
    expect([all.held.length, all.isWhole, all.held[0]?.id]).toEqual([100, false, 'r100'])
    const ofOne = getPendingReverts(sql, 'one')
    expect([ofOne.held.length, ofOne.isWhole]).toEqual([100, true])
    expect(getPendingReverts(sql, 'two').held.map(({ id }) => id)).toEqual(['r100'])
    expect(getPendingReverts(sql, 'none')).toEqual({ held: [], isWhole: true })
  })
  it('are listed up to a mebibyte', () => {
    const value = (key: string, chars: number): Held =>
      createRevert(key, 1, [key], { change: { kind: 'patch', changes: [{ key, value: 'x'.repeat(chars) }] } })
    const around = JSON.stringify(value('a', 0).change).length
    const { sql } = makeHeld(value('a', 500_000), value('b', 1024 * 1024 - 500_000 - 2 * around))
    expect(getPendingReverts(sql, null)).toMatchObject({ isWhole: true, held: [{ id: 'a' }, { id: 'b' }] })
    dropHeld(sql, 'b')
    putHeld(sql, value('b', 1024 * 1024 - 500_000 - 2 * around + 1))
    expect(getPendingReverts(sql, null)).toMatchObject({ isWhole: false, held: [{ id: 'a' }] })
  })
  it('have the restored value of each key, the earliest first', () => {
    const { sql } = makeHeld(
      createRevert('late', 20, ['b'], {
        ends: 4,
        change: { kind: 'patch', changes: [{ key: 'b', value: 'old', type: 'application/json' }] },
      }),
      createRevert('soon', 10, ['a', 'c'], { ends: 3 }),
      createSchedule('schedule', { dueAt: 1 }),
    )
    expect(getPendingValues(sql)).toEqual([
      { key: 'a', at: 10, version: 3, value: null, type: expect.any(String) as string },
      { key: 'c', at: 10, version: 3, value: null, type: expect.any(String) as string },
      { key: 'b', at: 20, version: 4, value: 'old', type: 'application/json' },
    ])
    const bytes = sql.rows(`SELECT sum(bytes) AS n FROM held WHERE kind = 'revert'`)[0]?.['n']
    expect(getRevertSize(sql)).toEqual({ revertCount: 3, revertBytes: bytes })
  })
  it('are returned up to the bytes that may be pending', () => {
    const value = (key: string, dueAt: number): Held =>
      createRevert(key, dueAt, [key], { change: { kind: 'patch', changes: [{ key, value: 'x'.repeat(1_000_000) }] } })
    const { sql } = makeHeld(value('a', 1), value('b', 2), value('c', 3))
    expect(getPendingValues(sql).map(({ key }) => key)).toEqual(['a', 'b'])
  })
})
