/** History over real tables, in Node: its pages, the view of limited tokens, and the chain. */
import { describe, expect, it } from 'vitest'
import type { TokenActor } from '../../src/model/access/permit.ts'
import { getChangesToUndo, readHistory, verifyHistory } from '../../src/stash/query/history.ts'
import { getGenesisHash, getLastChange, countEntryBytes } from '../../src/stash/tables/log.ts'
import { authenticate } from '../../src/stash/tables/tokens.ts'
import { makeStash, MASTER, type Tables } from '../support/tables.ts'

type Terms = Parameters<typeof readHistory>[2]
const ALL: Terms = { key: null, before: null, limit: 100 }

function makeHistory() {
  const stash = makeStash()
  const authenticated = authenticate(stash.sql, MASTER.hash, 0)
  if (!authenticated.ok) throw new Error('no master')
  const master = authenticated.value
  const limited: TokenActor = { ...master, master: false, keys: ['a-*'] }
  const read = (actor: TokenActor, terms: Partial<Terms> = {}) => readHistory(stash.sql, actor, { ...ALL, ...terms })
  const revisions = (...args: Parameters<typeof read>) => read(...args).entries.map(({ revision }) => revision)
  return { ...stash, master, limited, read, revisions }
}
const patch = (...changes: [string, string | null][]) => ({
  kind: 'patch' as const,
  changes: changes.map(([key, value]) => ({ key, value })),
})

describe('readHistory', () => {
  it('returns entries newest first, in pages without gaps', () => {
    const { put, master, read, revisions } = makeHistory()
    for (const value of ['1', '2', '3', '4', '5']) put('a-1', value)
    expect(read(master)).toMatchObject({ next: null, first: 1 })
    expect(revisions(master)).toEqual([5, 4, 3, 2, 1])
    const page = read(master, { limit: 2 })
    expect([page.entries.map(({ revision }) => revision), page.next]).toEqual([[5, 4], 4])
    expect(revisions(master, { limit: 2, before: page.next })).toEqual([3, 2])
    expect(read(master, { limit: 5 }).next).toBeNull()
    expect(read(master, { limit: 1, before: 2 }).next).toBeNull()
  })
  it('returns the entries of one key: of its item and its guard', () => {
    const { put, ask, master, read, revisions } = makeHistory()
    put('a-1', '1')
    put('b', '1')
    ask({ kind: 'set_guard', key: 'a-1', guard: { type: 'json' } as never })
    ask(patch(['b', '2'], ['a-1', '2']))
    expect(revisions(master, { key: 'a-1' })).toEqual([4, 3, 1])
    expect(read(master, { key: 'a-1', limit: 1 })).toMatchObject({ next: 4 })
    expect(revisions(master, { key: 'a-1', before: 4 })).toEqual([3, 1])
    expect(revisions(master, { key: 'none' })).toEqual([])
  })
  it('ends a page when its values have reached four mebibytes', () => {
    const { put, ask, master, limited, read } = makeHistory()
    const half = 'x'.repeat(50_000)
    const much = (n: number) => patch(...Array.from({ length: 16 }, (_, i): [string, string] => [`a-${i}`, half + n]))
    for (let n = 0; n < 6; n++) ask(much(n))
    put('a-0', 'last')
    // 0.8 million characters each, and twice that if there was a value before.
    for (const actor of [master, limited]) {
      const page = read(actor)
      expect([page.entries.length, page.next]).toEqual([4, 4])
      expect(read(actor, { before: page.next }).entries.map(({ revision }) => revision)).toEqual([3, 2, 1])
    }
  })
  it('shows a limited token only its own keys, and the reason only if it reaches all of them', () => {
    const { ask, put, limited, read, revisions } = makeHistory()
    put('a-1', '1', { reason: 'mine' })
    put('b', '1', { reason: 'not mine' })
    ask(patch(['a-1', '2'], ['b', '2']), { reason: 'both' })
    ask({ kind: 'freeze', until: null })
    expect(revisions(limited)).toEqual([3, 1])
    expect(revisions(limited, { key: 'a-1' })).toEqual([3, 1])
    const [both, mine] = read(limited).entries
    expect(both).toMatchObject({ reason: null, changes: [{ key: 'a-1' }] })
    expect(both?.changes).toHaveLength(1)
    expect(mine).toMatchObject({ reason: 'mine' })
    expect(read(limited, { key: 'b' })).toEqual({ entries: [], next: null, first: 1 })
  })
  it('returns pages without gaps to a limited token', () => {
    const { put, limited, read } = makeHistory()
    for (const key of ['a-1', 'b', 'a-2', 'b', 'a-3', 'b']) put(key, 'x')
    const first = read(limited, { limit: 2 })
    expect(first.entries.map(({ revision }) => revision)).toEqual([5, 3])
    const second = read(limited, { limit: 2, before: first.next })
    expect([second.entries.map(({ revision }) => revision), second.next]).toEqual([[1], null])
  })
  it('removes other keys from details', () => {
    const { sql, ask, limited, read } = makeHistory()
    ask(patch(['a-1', '1'], ['b', '1']))
    const detail = {
      brokeGlass: { by: 'p', why: 'secret' },
      approvedBy: { id: 'q', label: 'Q', reason: 'secret' },
      goesBack: [{ key: 'b', to: 'secret' }],
      unboxed: ['b'],
      via: 'link',
    }
    sql.rows('UPDATE log SET detail = ?', JSON.stringify(detail))
    expect(JSON.parse(read(limited).entries[0]?.detail ?? '')).toEqual({
      via: 'link',
      approvedBy: { id: 'q', label: 'Q' },
      brokeGlass: { by: 'p', why: '' },
    })
    sql.rows('UPDATE log SET detail = NULL')
    expect(read(limited).entries[0]?.detail).toBeNull()
  })
  it('shows a dropped change as a whole, or not at all', () => {
    const { sql, ask, limited, revisions } = makeHistory()
    ask(patch(['a-1', '1'], ['b', '1']))
    ask(patch(['a-1', '2'], ['a-2', '2']))
    sql.rows(`UPDATE change SET what = 'held'`)
    expect(revisions(limited)).toEqual([2])
    expect(revisions(limited, { key: 'a-1' })).toEqual([2])
  })
  it('begins after the pruned entries', () => {
    const { sql, put, master, read } = makeHistory()
    for (const value of ['1', '2', '3']) put('a-1', value)
    sql.rows('UPDATE stash SET anchor_revision = 2')
    expect(read(master).first).toBe(3)
    expect(read(master, { key: 'a-1' }).first).toBe(3)
  })
})

describe('getChangesToUndo', () => {
  it('returns the changes of a revision, and later changes of the same keys', () => {
    const { sql, put, ask } = makeHistory()
    ask(patch(['a-1', '1'], ['b', '1']))
    put('a-1', '2')
    expect(getChangesToUndo(sql, 1)).toMatchObject([
      { what: 'item', key: 'a-1', lastChanged: 2, before: null, after: { value: '1' } },
      { what: 'item', key: 'b', lastChanged: 1 },
    ])
    expect(getChangesToUndo(sql, 3)).toBeNull()
    sql.rows(`UPDATE log SET kind = 'recovered' WHERE revision = 1`)
    expect(getChangesToUndo(sql, 1)).toEqual([])
    sql.rows(`UPDATE change SET what = 'held' WHERE revision = 2`)
    expect(getChangesToUndo(sql, 2)).toEqual([])
    expect(getLastChange(sql, 'guard', 'a-1')).toBe(0)
  })
})

describe('verifyHistory', () => {
  const verify = (sql: Tables, after = 0) => verifyHistory(sql, 'the-stash', after)
  function makeChain() {
    const stash = makeHistory()
    stash.put('a', '1')
    stash.ask({ kind: 'set_guard', key: 'g', guard: { type: 'number' } as never })
    stash.ask(patch(['a', '2'], ['b', '2']))
    stash.put('b', '3')
    return stash
  }
  it('finds an unchanged history valid, from the beginning and from the middle', () => {
    const { sql } = makeChain()
    expect(verify(sql)).toEqual({ upTo: 4, head: 4, first: 1, failure: null })
    for (const after of [1, 2, 3, 4]) expect(verify(sql, after)).toMatchObject({ upTo: 4, failure: null })
    expect(verifyHistory(sql, 'another', 0).failure).toEqual({ revision: 1, what: 'entry' })
  })
  it.each([
    ['a reason', `UPDATE log SET reason = 'x' WHERE revision = 2`, { revision: 2, what: 'entry' }],
    [
      'a value',
      `UPDATE change SET after_value = 'x' WHERE revision = 3 AND position = 1`,
      { revision: 3, what: 'entry' },
    ],
    ['a value before', `UPDATE change SET before_version = 9 WHERE revision = 4`, { revision: 4, what: 'entry' }],
    ['a missing change', `DELETE FROM change WHERE revision = 3 AND position = 0`, { revision: 3, what: 'entry' }],
    [
      'a moved change',
      `UPDATE change SET position = 7 WHERE revision = 3 AND position = 1`,
      { revision: 3, what: 'entry' },
    ],
    ['a hash', `UPDATE log SET hash = 'x' WHERE revision = 1`, { revision: 1, what: 'entry' }],
    ['a missing entry', `DELETE FROM log WHERE revision = 2`, { revision: 2, what: 'entry' }],
    ['a missing first entry', `DELETE FROM log WHERE revision = 1`, { revision: 1, what: 'entry' }],
    ['a missing last entry', `DELETE FROM log WHERE revision = 4`, { revision: 4, what: 'entry' }],
    ['another head', `UPDATE stash SET head_hash = 'x'`, { revision: 5, what: 'head' }],
    ['a value of an item', `UPDATE item SET value = 'x' WHERE key = 'a'`, { revision: 3, what: 'item', key: 'a' }],
    ['a type of an item', `UPDATE item SET type = 'x' WHERE key = 'b'`, { revision: 4, what: 'item', key: 'b' }],
    ['a version of an item', `UPDATE item SET version = 1 WHERE key = 'a'`, { revision: 1, what: 'item', key: 'a' }],
    ['a missing item', `DELETE FROM item WHERE key = 'a'`, { revision: 4, what: 'head' }],
    ['a guard', `UPDATE guard SET guard = '{}'`, { revision: 2, what: 'guard', key: 'g' }],
  ])('finds tampering: %s', (_, statement, failure) => {
    const { sql } = makeChain()
    sql.rows(statement)
    expect(verify(sql).failure).toEqual(failure)
  })
  it('verifies a thousand entries at a time', () => {
    const { sql, put } = makeHistory()
    for (let i = 1; i <= 1_001; i++) put('a', String(i))
    expect(verify(sql)).toEqual({ upTo: 1_000, head: 1_001, first: 1, failure: null })
    expect(verify(sql, 1_000)).toMatchObject({ upTo: 1_001, failure: null })
    expect(verify(sql, 1)).toMatchObject({ upTo: 1_001, failure: null })
  })
  it('begins at the anchor, and trusts it for what is older', () => {
    const { sql } = makeChain()
    const [anchor] = sql.rows('SELECT hash FROM log WHERE revision = 2')
    sql.rows('DELETE FROM log WHERE revision <= 2')
    sql.rows('DELETE FROM change WHERE revision <= 2')
    sql.rows('UPDATE stash SET anchor_revision = 2, anchor_hash = ?', anchor?.['hash'] ?? null)
    expect(verify(sql)).toEqual({ upTo: 4, head: 4, first: 3, failure: null })
    sql.rows(`UPDATE guard SET guard = '{}'`)
    expect(verify(sql).failure).toBeNull()
    sql.rows(`UPDATE stash SET anchor_hash = 'x'`)
    expect(verify(sql).failure).toEqual({ revision: 3, what: 'entry' })
  })
})

describe('getGenesisHash', () => {
  it('differs by stash and by time', () => {
    expect(new Set([getGenesisHash('a', 1), getGenesisHash('a', 2), getGenesisHash('b', 1)]).size).toBe(3)
  })
})

describe('countEntryBytes', () => {
  const entry = {
    revision: 1,
    at: 0,
    kind: 'put',
    actorId: null,
    actor: 'me',
    heldId: null,
    reason: null,
    detail: null,
  }
  it('counts every text in bytes, its rows, and a key twice', () => {
    expect(countEntryBytes({ ...entry, changes: [] })).toBe(200 + 2)
    expect(countEntryBytes({ ...entry, heldId: 'h', reason: 'é', detail: 'dd', changes: [] })).toBe(200 + 2 + 1 + 2 + 2)
    const change = {
      what: 'item' as const,
      key: 'key',
      before: { value: 'é', type: 't', version: 1 },
      after: { value: 'abc', type: 'tt' },
    }
    expect(countEntryBytes({ ...entry, changes: [change] })).toBe(202 + 100 + 6 + 3 + 5)
    expect(countEntryBytes({ ...entry, changes: [{ ...change, before: null }] })).toBe(202 + 100 + 6 + 5)
  })
})
