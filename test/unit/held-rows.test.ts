/** The `held` and `revert` tables on their own: rows are counted, taken, postponed, reassigned and listed. */
import { describe, expect, it } from 'vitest'
import type { Held } from '../../src/model/held.ts'
import { toTokenId } from '../../src/model/access/token.ts'
import {
  dropDecision,
  dropExpiredLinks,
  dropHeld,
  findHeld,
  hasDueEnd,
  iterateHeldAfter,
  findHeldBySecret,
  nextDueAt,
  reassignHeld,
  postpone,
  putHeld,
  getReverts,
  takeDue,
  countHeldBy,
} from '../../src/stash/tables/held.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import {
  createApproval,
  createInternal,
  createLink,
  makeHeld,
  createRevert,
  createSchedule,
} from '../support/held-rows.ts'
import { toHash, MASTER } from '../support/tables.ts'

describe('putHeld', () => {
  it('stores a change that is read back unchanged', () => {
    const made = { reason: 'why', madeBy: 'm', madeAt: 5, asked: 9 }
    const brokeGlass = { by: 'p', why: 'w' }
    const rows: Held[] = [
      createLink('link', { ...made, secretHash: 'hash', expiresAt: 6, decision: 'd' }),
      createApproval('approval', { ...made, expiresAt: 6, dueAt: 7, brokeGlass }),
      createSchedule('schedule', { ...made, dueAt: 7, approvedBy: { id: 'p', label: 'P' }, brokeGlass }),
      createRevert('revert', 7, ['a'], { ends: 8, setBy: { id: 's', label: 'S' } }),
      createInternal('thaw', 'thaw', 7),
      createInternal('lapse', 'lapse', 7),
      createSchedule('plain'),
    ]
    const { sql } = makeHeld(...rows)
    for (const held of rows) expect(findHeld(sql, held.id)).toEqual(held)
    expect(findHeld(sql, 'none')).toBeNull()
  })
  it('counts rows and bytes without the stash’s own, and a replaced row once', () => {
    const bytes = JSON.stringify(createSchedule('a').change).length
    const { sql, counted } = makeHeld(
      createSchedule('a'),
      createSchedule('b'),
      createSchedule('b'),
      createInternal('l', 'lapse'),
    )
    putHeld(sql, createInternal('t', 'thaw'))
    expect(counted()).toEqual({ held_count: 2, held_bytes: 2 * bytes })
    for (const id of ['a', 'l', 't', 'none']) dropHeld(sql, id)
    expect(counted()).toEqual({ held_count: 1, held_bytes: bytes })
  })
  it('lists the keys that a revert will restore, until it is dropped', () => {
    const { sql } = makeHeld(createRevert('r', 9, ['a', 'b']), createSchedule('s', { keys: ['c'] }))
    expect([...getReverts(sql, ['a', 'b', 'c'])].map(([key, { id }]) => [key, id])).toEqual([
      ['a', 'r'],
      ['b', 'r'],
    ])
    dropHeld(sql, 's')
    expect(sql.rows('SELECT key FROM revert')).toHaveLength(2)
    dropHeld(sql, 'r')
    expect(sql.rows('SELECT key FROM revert')).toEqual([])
  })
})

describe('dropExpiredLinks', () => {
  it('drops expired links, and no change that the alarm releases', () => {
    const { sql, ids } = makeHeld(
      createLink('over', { expiresAt: 10 }),
      createLink('open', { expiresAt: 11 }),
      createApproval('approval', { expiresAt: 10, dueAt: 10 }),
      createSchedule('none'),
    )
    dropExpiredLinks(sql, 10)
    expect(ids()).toEqual(['open', 'approval', 'none'])
  })
})

describe('dropDecision', () => {
  it('drops the links of a decision if the actor reaches all their keys', () => {
    const { sql, ids } = makeHeld(
      createLink('mine', { decision: 'd', keys: ['a-1', 'a-2'] }),
      createLink('partly', { decision: 'd', keys: ['a-1', 'b'] }),
      createLink('other', { decision: 'e', keys: ['a-1'] }),
    )
    const actor = authenticate(sql, MASTER.hash, 0)
    if (!actor.ok) throw new Error('no master')
    dropDecision(sql, { ...actor.value, keys: ['a-*'] }, 'd')
    expect(ids()).toEqual(['partly', 'other'])
  })
})

describe('findHeldBySecret', () => {
  it('compares the whole hash', () => {
    const hash = toHash('secret')
    const { sql } = makeHeld(createLink(toTokenId(hash), { secretHash: hash }))
    expect(findHeldBySecret(sql, hash)?.id).toBe(toTokenId(hash))
    expect(findHeldBySecret(sql, hash.slice(0, -1) + (hash.endsWith('0') ? '1' : '0'))).toBeNull()
    expect(findHeldBySecret(sql, toHash('other'))).toBeNull()
  })
})

describe('takeDue', () => {
  const kinds = () =>
    makeHeld(
      createSchedule('request', { dueAt: 5 }),
      createApproval('approval', { dueAt: 4 }),
      createRevert('revert', 5, ['a']),
      createInternal('thaw', 'thaw', 3),
      createInternal('lapse', 'lapse', 10),
      createSchedule('later', { dueAt: 11 }),
      createRevert('ends later', 11, ['b']),
      createLink('link'),
    )
  it('takes ends and requests separately, the earliest first, each once', () => {
    const { sql } = kinds()
    expect(takeDue(sql, 'ends', 100, 10)).toEqual(['thaw', 'revert', 'lapse'])
    expect(takeDue(sql, 'requests', 1, 10)).toEqual(['approval'])
    expect(takeDue(sql, 'requests', 100, 10)).toEqual(['request'])
    expect([takeDue(sql, 'ends', 100, 10), takeDue(sql, 'requests', 100, 10)]).toEqual([[], []])
  })
  it('takes a started change again after a second, a minute, and then twice as long each time up to an hour', () => {
    const { sql } = makeHeld(createRevert('r', 0, ['a']))
    takeDue(sql, 'ends', 1, 0)
    let now = 0
    for (const wait of [1_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000]) {
      expect(takeDue(sql, 'tried_ends', 9, now + wait - 1)).toEqual([])
      expect(takeDue(sql, 'tried_ends', 9, (now += wait))).toEqual(['r'])
    }
  })
  it('takes of the started ones the one with the fewest tries, then ends, then the earliest', () => {
    const { sql } = kinds()
    takeDue(sql, 'ends', 100, 10)
    takeDue(sql, 'requests', 100, 10)
    // The thaw is tried once more.
    expect(takeDue(sql, 'tried_ends', 1, 1_010)).toEqual(['thaw'])
    expect(takeDue(sql, 'tried', 100, 100_000)).toEqual(['revert', 'lapse', 'approval', 'request', 'thaw'])
  })
})

describe('nextDueAt', () => {
  it('is the earliest time of changes that were never started or must be retried', () => {
    const { sql } = makeHeld()
    expect(nextDueAt(sql)).toBeNull()
    putHeld(sql, createSchedule('a', { dueAt: 100 }))
    putHeld(sql, createSchedule('b', { dueAt: 5_000 }))
    expect(nextDueAt(sql)).toBe(100)
    takeDue(sql, 'requests', 9, 100)
    expect(nextDueAt(sql)).toBe(1_100)
    postpone(sql, 'a', 9_000)
    expect(nextDueAt(sql)).toBe(5_000)
    dropHeld(sql, 'b')
    expect(nextDueAt(sql)).toBe(9_000)
    // It is postponed and its tries are reset, so that its next try is the first.
    expect(findHeld(sql, 'a')).toMatchObject({ dueAt: 100 })
    takeDue(sql, 'tried', 9, 9_000)
    expect(nextDueAt(sql)).toBe(10_000)
  })
})

describe('hasDueEnd', () => {
  it('tells whether an end is due, or may be retried', () => {
    const { sql } = makeHeld(createSchedule('request', { dueAt: 1 }), createRevert('r', 10, ['a']))
    expect([hasDueEnd(sql, 9), hasDueEnd(sql, 10)]).toEqual([false, true])
    takeDue(sql, 'ends', 9, 10)
    expect([hasDueEnd(sql, 1_009), hasDueEnd(sql, 1_010)]).toEqual([false, true])
    dropHeld(sql, 'r')
    takeDue(sql, 'requests', 9, 10)
    expect(hasDueEnd(sql, 1e9)).toBe(false)
  })
})

describe('reassignHeld', () => {
  it('gives schedules, approvals and time-boxes to the successor, but not links', () => {
    const { sql } = makeHeld(
      createSchedule('s', { madeBy: 'old' }),
      createApproval('a', { madeBy: 'old' }),
      createLink('l', { madeBy: 'old' }),
      createSchedule('o', { madeBy: 'other' }),
      createRevert('r', 9, ['a'], { setBy: { id: 'old', label: 'Old' } }),
      createRevert('q', 9, ['b'], { setBy: { id: 'other', label: 'Other' } }),
    )
    expect(countHeldBy(sql, 'old')).toBe(3)
    reassignHeld(sql, 'old', 'new')
    expect(['s', 'a', 'l', 'o'].map((id) => findHeld(sql, id)?.madeBy)).toEqual(['new', 'new', 'old', 'other'])
    expect(['r', 'q'].map((id) => findHeld(sql, id))).toMatchObject([
      { setBy: { id: 'new', label: 'Old' } },
      { setBy: { id: 'other', label: 'Other' } },
    ])
    expect([countHeldBy(sql, 'old'), countHeldBy(sql, 'new')]).toEqual([1, 2])
  })
})

describe('iterateHeldAfter', () => {
  it('continues after a cursor, in the order of creation', () => {
    const { sql } = makeHeld(createSchedule('a'), createSchedule('b'), createSchedule('c'))
    const all = [...iterateHeldAfter(sql, 0)]
    expect(all.map(({ held }) => held.id)).toEqual(['a', 'b', 'c'])
    expect([...iterateHeldAfter(sql, all[0]?.cursor ?? -1)].map(({ held }) => held.id)).toEqual(['b', 'c'])
  })
})
