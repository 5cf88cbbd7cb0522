/** The `held` and `revert` tables by themselves: what is counted, taken up, put off, passed on and listed. */
import { describe, expect, it } from 'vitest'
import type { Held } from '../../src/model/held.ts'
import { toTokenId } from '../../src/model/access/token.ts'
import {
  dropDecision,
  dropExpiredLinks,
  dropHeld,
  findHeld,
  hasEnded,
  iterateHeldAfter,
  findHeldBySecret,
  nextDueAt,
  reassignHeld,
  getPendingReverts,
  getPendingValues,
  postpone,
  putHeld,
  getReverts,
  getRevertSize,
  takeDue,
  countHeldBy,
} from '../../src/stash/tables/held.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import { hashOf, makeStash, MASTER } from '../support/tables.ts'

const heldOf = (id: string, facts: Partial<Held> = {}): Held => ({
  id,
  kind: 'schedule',
  change: { kind: 'put', key: 'a', value: 'x', type: 'text/plain' },
  keys: ['a'],
  reason: null,
  made_by: null,
  made_at: 0,
  secret_hash: null,
  expires_at: null,
  due_at: null,
  decision: null,
  ends: null,
  approved_by: null,
  broke_glass: null,
  asked: null,
  set_by: null,
  ...facts,
})
const revertOf = (id: string, dueAt: number, keys: string[], facts: Partial<Held> = {}): Held =>
  heldOf(id, {
    kind: 'revert',
    keys,
    due_at: dueAt,
    ends: 1,
    change: { kind: 'patch', changes: keys.map((key) => ({ key, value: null })) },
    ...facts,
  })

function makeHeld(...rows: Held[]) {
  const { sql } = makeStash()
  for (const held of rows) putHeld(sql, held)
  const ids = () => sql.rows('SELECT id FROM held ORDER BY rowid').map(({ id }) => id)
  const counted = () => sql.rows('SELECT held_count, held_bytes FROM stash')[0]
  return { sql, ids, counted }
}

describe('putHeld', () => {
  it('gives back what was put', () => {
    const full = heldOf('full', {
      reason: 'why',
      made_by: 'm',
      made_at: 5,
      secret_hash: 'h',
      expires_at: 6,
      due_at: 7,
      decision: 'd',
      ends: 8,
      approved_by: { id: 'p', label: 'P' },
      broke_glass: { by: 'p', why: 'w' },
      asked: 9,
      set_by: { id: 's', label: 'S' },
    })
    const { sql } = makeHeld(full, heldOf('plain'))
    expect(findHeld(sql, 'full')).toEqual(full)
    expect(findHeld(sql, 'plain')).toEqual(heldOf('plain'))
    expect(findHeld(sql, 'none')).toBeNull()
  })
  it('counts rows and bytes, but for the stash’s own, and a row that is put again once', () => {
    const bytes = JSON.stringify(heldOf('a').change).length
    const { sql, counted } = makeHeld(heldOf('a'), heldOf('b'), heldOf('b'), heldOf('l', { kind: 'lapse' }))
    putHeld(sql, heldOf('t', { kind: 'thaw' }))
    expect(counted()).toEqual({ held_count: 2, held_bytes: 2 * bytes })
    for (const id of ['a', 'l', 't', 'none']) dropHeld(sql, id)
    expect(counted()).toEqual({ held_count: 1, held_bytes: bytes })
  })
  it('names the keys that a revert will put back, until it is dropped', () => {
    const { sql } = makeHeld(revertOf('r', 9, ['a', 'b']), heldOf('s', { keys: ['c'] }))
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
      heldOf('over', { kind: 'link', expires_at: 10 }),
      heldOf('open', { kind: 'link', expires_at: 11 }),
      heldOf('approval', { kind: 'approval', expires_at: 10, due_at: 10 }),
      heldOf('none'),
    )
    dropExpiredLinks(sql, 10)
    expect(ids()).toEqual(['open', 'approval', 'none'])
  })
})

describe('dropDecision', () => {
  it('voids the links of a decision whose keys are all the actor’s business', () => {
    const { sql, ids } = makeHeld(
      heldOf('mine', { decision: 'd', keys: ['a-1', 'a-2'] }),
      heldOf('partly', { decision: 'd', keys: ['a-1', 'b'] }),
      heldOf('other', { decision: 'e', keys: ['a-1'] }),
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
    const { sql } = makeHeld(heldOf(toTokenId(hash), { secret_hash: hash }))
    expect(findHeldBySecret(sql, hash)?.id).toBe(toTokenId(hash))
    expect(findHeldBySecret(sql, hash.slice(0, -1) + (hash.endsWith('0') ? '1' : '0'))).toBeNull()
    expect(findHeldBySecret(sql, hashOf('other'))).toBeNull()
  })
})

describe('takeDue', () => {
  const kinds = () =>
    makeHeld(
      heldOf('request', { due_at: 5 }),
      heldOf('approval', { kind: 'approval', due_at: 4 }),
      revertOf('revert', 5, ['a']),
      heldOf('thaw', { kind: 'thaw', due_at: 3 }),
      heldOf('lapse', { kind: 'lapse', due_at: 10 }),
      heldOf('later', { due_at: 11 }),
      revertOf('ends later', 11, ['b']),
      heldOf('link', { kind: 'link' }),
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
    putHeld(sql, heldOf('a', { due_at: 100 }))
    putHeld(sql, heldOf('b', { due_at: 5_000 }))
    expect(nextDueAt(sql)).toBe(100)
    takeDue(sql, 'requests', 9, 100)
    expect(nextDueAt(sql)).toBe(1_100)
    postpone(sql, 'a', 9_000)
    expect(nextDueAt(sql)).toBe(5_000)
    dropHeld(sql, 'b')
    expect(nextDueAt(sql)).toBe(9_000)
    // It is put off, and what was tried is forgotten: its next try is a first one.
    expect(findHeld(sql, 'a')?.due_at).toBe(100)
    takeDue(sql, 'tried', 9, 9_000)
    expect(nextDueAt(sql)).toBe(10_000)
  })
})

describe('hasEnded', () => {
  it('says whether an end is due, or may be tried again', () => {
    const { sql } = makeHeld(heldOf('request', { due_at: 1 }), revertOf('r', 10, ['a']))
    expect([hasEnded(sql, 9), hasEnded(sql, 10)]).toEqual([false, true])
    takeDue(sql, 'ends', 9, 10)
    expect([hasEnded(sql, 1_009), hasEnded(sql, 1_010)]).toEqual([false, true])
    dropHeld(sql, 'r')
    takeDue(sql, 'requests', 9, 10)
    expect(hasEnded(sql, 1e9)).toBe(false)
  })
})

describe('reassignHeld', () => {
  it('gives schedules and approvals to the successor, and time-boxes; links stay behind', () => {
    const { sql } = makeHeld(
      heldOf('s', { made_by: 'old' }),
      heldOf('a', { kind: 'approval', made_by: 'old' }),
      heldOf('l', { kind: 'link', made_by: 'old' }),
      heldOf('o', { made_by: 'other' }),
      revertOf('r', 9, ['a'], { set_by: { id: 'old', label: 'Old' } }),
      revertOf('q', 9, ['b'], { set_by: { id: 'other', label: 'Other' } }),
    )
    expect(countHeldBy(sql, 'old')).toBe(3)
    reassignHeld(sql, 'old', 'new')
    expect(['s', 'a', 'l', 'o'].map((id) => findHeld(sql, id)?.made_by)).toEqual(['new', 'new', 'old', 'other'])
    expect(['r', 'q'].map((id) => findHeld(sql, id)?.set_by)).toEqual([
      { id: 'new', label: 'Old' },
      { id: 'other', label: 'Other' },
    ])
    expect([countHeldBy(sql, 'old'), countHeldBy(sql, 'new')]).toEqual([1, 2])
  })
})

describe('pending time-boxes', () => {
  it('are listed by their end, all or those of one token, a hundred at most', () => {
    const rows = Array.from({ length: 101 }, (_, i) =>
      revertOf(`r${i}`, 1_000 - i, [`k${i}`], { set_by: { id: i < 100 ? 'one' : 'two', label: 'x' } }),
    )
    const { sql } = makeHeld(...rows, heldOf('schedule', { due_at: 1, set_by: { id: 'two', label: 'x' } }))
    const all = getPendingReverts(sql, null)
    expect([all.held.length, all.isWhole, all.held[0]?.id]).toEqual([100, false, 'r100'])
    const ofOne = getPendingReverts(sql, 'one')
    expect([ofOne.held.length, ofOne.isWhole]).toEqual([100, true])
    expect(getPendingReverts(sql, 'two').held.map(({ id }) => id)).toEqual(['r100'])
    expect(getPendingReverts(sql, 'none')).toEqual({ held: [], isWhole: true })
  })
  it('are listed up to a mebibyte', () => {
    const value = (key: string, chars: number): Held =>
      revertOf(key, 1, [key], { change: { kind: 'put', key, value: 'x'.repeat(chars), type: 'text/plain' } })
    const around = JSON.stringify(value('a', 0).change).length
    const { sql } = makeHeld(value('a', 500_000), value('b', 1024 * 1024 - 500_000 - 2 * around))
    expect(getPendingReverts(sql, null)).toMatchObject({ isWhole: true, held: [{ id: 'a' }, { id: 'b' }] })
    dropHeld(sql, 'b')
    putHeld(sql, value('b', 1024 * 1024 - 500_000 - 2 * around + 1))
    expect(getPendingReverts(sql, null)).toMatchObject({ isWhole: false, held: [{ id: 'a' }] })
  })
  it('say what they put back: key by key, the next first', () => {
    const { sql } = makeHeld(
      revertOf('late', 20, ['b'], {
        ends: 4,
        change: { kind: 'patch', changes: [{ key: 'b', value: 'old', type: 'application/json' }] },
      }),
      revertOf('soon', 10, ['a', 'c'], { ends: 3 }),
      heldOf('schedule', { due_at: 1 }),
    )
    expect(getPendingValues(sql)).toEqual([
      { key: 'a', at: 10, version: 3, value: null, type: expect.any(String) as string },
      { key: 'c', at: 10, version: 3, value: null, type: expect.any(String) as string },
      { key: 'b', at: 20, version: 4, value: 'old', type: 'application/json' },
    ])
    const bytes = sql.rows(`SELECT sum(bytes) AS n FROM held WHERE kind = 'revert'`)[0]?.['n']
    expect(getRevertSize(sql)).toEqual({ revertCount: 3, revertBytes: bytes })
  })
  it('are given up to the bytes that may pend', () => {
    const value = (key: string, dueAt: number): Held =>
      revertOf(key, dueAt, [key], { change: { kind: 'patch', changes: [{ key, value: 'x'.repeat(1_000_000) }] } })
    const { sql } = makeHeld(value('a', 1), value('b', 2), value('c', 3))
    expect(getPendingValues(sql).map(({ key }) => key)).toEqual(['a', 'b'])
  })
})

describe('iterateHeldAfter', () => {
  it('goes on after a cursor, in the order in which they were made', () => {
    const { sql } = makeHeld(heldOf('a'), heldOf('b'), heldOf('c'))
    const all = [...iterateHeldAfter(sql, 0)]
    expect(all.map(({ held }) => held.id)).toEqual(['a', 'b', 'c'])
    expect([...iterateHeldAfter(sql, all[0]?.cursor ?? -1)].map(({ held }) => held.id)).toEqual(['b', 'c'])
  })
})
