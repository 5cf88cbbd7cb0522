/** The `held` and `revert` tables by themselves: what is counted, taken up, put off, passed on and listed. */
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
import { approvalOf, internalOf, linkOf, makeHeld, revertOf, scheduleOf } from '../support/held-rows.ts'
import { hashOf, MASTER } from '../support/tables.ts'

describe('putHeld', () => {
  it('gives back what was put', () => {
    const made = { reason: 'why', madeBy: 'm', madeAt: 5, asked: 9 }
    const brokeGlass = { by: 'p', why: 'w' }
    const rows: Held[] = [
      linkOf('link', { ...made, secretHash: 'hash', expiresAt: 6, decision: 'd' }),
      approvalOf('approval', { ...made, expiresAt: 6, dueAt: 7, brokeGlass }),
      scheduleOf('schedule', { ...made, dueAt: 7, approvedBy: { id: 'p', label: 'P' }, brokeGlass }),
      revertOf('revert', 7, ['a'], { ends: 8, setBy: { id: 's', label: 'S' } }),
      internalOf('thaw', 'thaw', 7),
      internalOf('lapse', 'lapse', 7),
      scheduleOf('plain'),
    ]
    const { sql } = makeHeld(...rows)
    for (const held of rows) expect(findHeld(sql, held.id)).toEqual(held)
    expect(findHeld(sql, 'none')).toBeNull()
  })
  it('counts rows and bytes, but for the stash’s own, and a row that is put again once', () => {
    const bytes = JSON.stringify(scheduleOf('a').change).length
    const { sql, counted } = makeHeld(scheduleOf('a'), scheduleOf('b'), scheduleOf('b'), internalOf('l', 'lapse'))
    putHeld(sql, internalOf('t', 'thaw'))
    expect(counted()).toEqual({ held_count: 2, held_bytes: 2 * bytes })
    for (const id of ['a', 'l', 't', 'none']) dropHeld(sql, id)
    expect(counted()).toEqual({ held_count: 1, held_bytes: bytes })
  })
  it('names the keys that a revert will put back, until it is dropped', () => {
    const { sql } = makeHeld(revertOf('r', 9, ['a', 'b']), scheduleOf('s', { keys: ['c'] }))
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
  it('drops links that are over, and nothing that the alarm takes up', () => {
    const { sql, ids } = makeHeld(
      linkOf('over', { expiresAt: 10 }),
      linkOf('open', { expiresAt: 11 }),
      approvalOf('approval', { expiresAt: 10, dueAt: 10 }),
      scheduleOf('none'),
    )
    dropExpiredLinks(sql, 10)
    expect(ids()).toEqual(['open', 'approval', 'none'])
  })
})

describe('dropDecision', () => {
  it('voids the links of a decision whose keys are all the actor’s business', () => {
    const { sql, ids } = makeHeld(
      linkOf('mine', { decision: 'd', keys: ['a-1', 'a-2'] }),
      linkOf('partly', { decision: 'd', keys: ['a-1', 'b'] }),
      linkOf('other', { decision: 'e', keys: ['a-1'] }),
    )
    const actor = authenticate(sql, MASTER.hash, 0)
    if (!actor.ok) throw new Error('no master')
    dropDecision(sql, { ...actor.value, keys: ['a-*'] }, 'd')
    expect(ids()).toEqual(['partly', 'other'])
  })
})

describe('findHeldBySecret', () => {
  it('takes the whole hash', () => {
    const hash = hashOf('secret')
    const { sql } = makeHeld(linkOf(toTokenId(hash), { secretHash: hash }))
    expect(findHeldBySecret(sql, hash)?.id).toBe(toTokenId(hash))
    expect(findHeldBySecret(sql, hash.slice(0, -1) + (hash.endsWith('0') ? '1' : '0'))).toBeNull()
    expect(findHeldBySecret(sql, hashOf('other'))).toBeNull()
  })
})

describe('takeDue', () => {
  const kinds = () =>
    makeHeld(
      scheduleOf('request', { dueAt: 5 }),
      approvalOf('approval', { dueAt: 4 }),
      revertOf('revert', 5, ['a']),
      internalOf('thaw', 'thaw', 3),
      internalOf('lapse', 'lapse', 10),
      scheduleOf('later', { dueAt: 11 }),
      revertOf('ends later', 11, ['b']),
      linkOf('link'),
    )
  it('takes ends and requests apart, what is due first, and each once', () => {
    const { sql } = kinds()
    expect(takeDue(sql, 'ends', 100, 10)).toEqual(['thaw', 'revert', 'lapse'])
    expect(takeDue(sql, 'requests', 1, 10)).toEqual(['approval'])
    expect(takeDue(sql, 'requests', 100, 10)).toEqual(['request'])
    expect([takeDue(sql, 'ends', 100, 10), takeDue(sql, 'requests', 100, 10)]).toEqual([[], []])
  })
  it('takes what was begun before after a second, a minute, and twice as long each time up to an hour', () => {
    const { sql } = makeHeld(revertOf('r', 0, ['a']))
    takeDue(sql, 'ends', 1, 0)
    let now = 0
    for (const wait of [1_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000]) {
      expect(takeDue(sql, 'tried_ends', 9, now + wait - 1)).toEqual([])
      expect(takeDue(sql, 'tried_ends', 9, (now += wait))).toEqual(['r'])
    }
  })
  it('takes of what was begun the one tried least, then ends, then what is due first', () => {
    const { sql } = kinds()
    takeDue(sql, 'ends', 100, 10)
    takeDue(sql, 'requests', 100, 10)
    // The thaw is tried once more.
    expect(takeDue(sql, 'tried_ends', 1, 1_010)).toEqual(['thaw'])
    expect(takeDue(sql, 'tried', 100, 100_000)).toEqual(['revert', 'lapse', 'approval', 'request', 'thaw'])
  })
})

describe('nextDueAt', () => {
  it('is the next of what was never begun, and of what is to be tried again', () => {
    const { sql } = makeHeld()
    expect(nextDueAt(sql)).toBeNull()
    putHeld(sql, scheduleOf('a', { dueAt: 100 }))
    putHeld(sql, scheduleOf('b', { dueAt: 5_000 }))
    expect(nextDueAt(sql)).toBe(100)
    takeDue(sql, 'requests', 9, 100)
    expect(nextDueAt(sql)).toBe(1_100)
    postpone(sql, 'a', 9_000)
    expect(nextDueAt(sql)).toBe(5_000)
    dropHeld(sql, 'b')
    expect(nextDueAt(sql)).toBe(9_000)
    // It is put off, and what was tried is forgotten: its next try is a first one.
    expect(findHeld(sql, 'a')).toMatchObject({ dueAt: 100 })
    takeDue(sql, 'tried', 9, 9_000)
    expect(nextDueAt(sql)).toBe(10_000)
  })
})

describe('hasDueEnd', () => {
  it('says whether an end is due, or may be tried again', () => {
    const { sql } = makeHeld(scheduleOf('request', { dueAt: 1 }), revertOf('r', 10, ['a']))
    expect([hasDueEnd(sql, 9), hasDueEnd(sql, 10)]).toEqual([false, true])
    takeDue(sql, 'ends', 9, 10)
    expect([hasDueEnd(sql, 1_009), hasDueEnd(sql, 1_010)]).toEqual([false, true])
    dropHeld(sql, 'r')
    takeDue(sql, 'requests', 9, 10)
    expect(hasDueEnd(sql, 1e9)).toBe(false)
  })
})

describe('reassignHeld', () => {
  it('gives schedules and approvals to the successor, and time-boxes; links stay behind', () => {
    const { sql } = makeHeld(
      scheduleOf('s', { madeBy: 'old' }),
      approvalOf('a', { madeBy: 'old' }),
      linkOf('l', { madeBy: 'old' }),
      scheduleOf('o', { madeBy: 'other' }),
      revertOf('r', 9, ['a'], { setBy: { id: 'old', label: 'Old' } }),
      revertOf('q', 9, ['b'], { setBy: { id: 'other', label: 'Other' } }),
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
  it('goes on after a cursor, in the order in which they were made', () => {
    const { sql } = makeHeld(scheduleOf('a'), scheduleOf('b'), scheduleOf('c'))
    const all = [...iterateHeldAfter(sql, 0)]
    expect(all.map(({ held }) => held.id)).toEqual(['a', 'b', 'c'])
    expect([...iterateHeldAfter(sql, all[0]?.cursor ?? -1)].map(({ held }) => held.id)).toEqual(['b', 'c'])
  })
})
