import { describe, expect, it } from 'vitest'
import { verifyHistory } from '../../src/stash/query/history.ts'
import { nextPruneAt, prune } from '../../src/stash/prune.ts'
import { makeStash } from '../support/tables.ts'

const DAY = 24 * 60 * 60_000
const TOO_LARGE = 7 * 1024 ** 3

/** This many entries, made at 1,000. */
function makeLog(count: number) {
  const stash = makeStash()
  for (let i = 1; i <= count; i++) stash.put('a', String(i))
  const left = () => stash.sql.rows('SELECT min(revision) AS first, count(*) AS n FROM log')[0]
  return { ...stash, left }
}

describe('prune', () => {
  it('deletes nothing while there is room, however old it is', () => {
    const { sql, left } = makeLog(3)
    expect(nextPruneAt(sql, 1e15)).toBeNull()
    prune(sql, 1e15)
    expect(left()).toEqual({ first: 1, n: 3 })
  })
  it('deletes the oldest entries of a database that is too large, and keeps two hundred and the chain', () => {
    const { sql, left } = makeLog(205)
    sql.databaseSize = TOO_LARGE
    expect(nextPruneAt(sql, 2_000)).toBe(2_000)
    const before = sql.rows('SELECT log_bytes AS n FROM stash')[0]
    const forgotten = sql.rows('SELECT sum(bytes) AS n FROM log WHERE revision <= 5')[0]
    prune(sql, 2_000)
    expect(left()).toEqual({ first: 6, n: 200 })
    expect(sql.rows('SELECT min(revision) AS first FROM change')).toEqual([{ first: 6 }])
    expect(sql.rows('SELECT log_bytes AS n FROM stash')[0]?.['n']).toBe(
      Number(before?.['n']) - Number(forgotten?.['n']),
    )
    expect(verifyHistory(sql, 'the-stash', 0)).toEqual({ upTo: 205, head: 205, first: 6, failure: null })
    expect(nextPruneAt(sql, 2_000)).toBeNull()
  })
  it('deletes a bounded number of bytes at a time', () => {
    const { sql, left } = makeLog(210)
    sql.databaseSize = TOO_LARGE
    sql.rows('UPDATE log SET bytes = ? WHERE revision <= 10', 32 * 1024 ** 2)
    sql.rows('UPDATE stash SET log_bytes = ?', 10 * 32 * 1024 ** 2)
    prune(sql, 2_000)
    // The entry that exceeds 64 MiB is the last.
    expect(left()).toEqual({ first: 4, n: 207 })
    expect(sql.rows('SELECT log_bytes AS n FROM stash')).toEqual([{ n: 7 * 32 * 1024 ** 2 }])
    prune(sql, 2_000)
    expect(left()).toEqual({ first: 7, n: 204 })
  })
  it('counts entries without a stored size by their characters, and never less than nothing', () => {
    const { sql, left } = makeLog(203)
    sql.databaseSize = TOO_LARGE
    sql.rows('UPDATE log SET bytes = 0')
    sql.rows('UPDATE stash SET log_bytes = 100')
    prune(sql, 2_000)
    expect(left()).toEqual({ first: 4, n: 200 })
    // '1', '1' → '2', '2' → '3'.
    expect(sql.rows('SELECT log_bytes AS n FROM stash')).toEqual([{ n: 95 }])
    sql.rows('UPDATE stash SET log_bytes = 1')
    sql.rows('UPDATE log SET bytes = 50')
    sql.rows('UPDATE stash SET revision = 204')
    prune(sql, 2_000)
    expect(sql.rows('SELECT log_bytes AS n FROM stash')).toEqual([{ n: 0 }])
  })
  it('deletes after ninety days the entries beyond ten thousand, in whole days, and no younger ones', () => {
    const { sql, left } = makeLog(5)
    // As if there were that many more entries, which are in no table.
    sql.rows('UPDATE stash SET revision = 10004, anchor_revision = 0')
    sql.rows('UPDATE log SET at = ? WHERE revision = 3', 5 * DAY)
    expect(nextPruneAt(sql, 2_000)).toBe(91 * DAY)
    prune(sql, 91 * DAY - 1)
    expect(left()).toEqual({ first: 1, n: 5 })
    prune(sql, 91 * DAY)
    expect(left()).toEqual({ first: 3, n: 3 })
    expect(nextPruneAt(sql, 91 * DAY)).toBe(95 * DAY)
    // By then all entries but two are among those that are kept anyway.
    prune(sql, 95 * DAY)
    expect(left()).toEqual({ first: 5, n: 1 })
    expect(nextPruneAt(sql, 1e15)).toBeNull()
  })
  it('deletes expired answers, links and tokens as well', () => {
    const { sql, ask } = makeStash()
    ask({ kind: 'put', key: 'a', value: '1', type: 'text/plain' }, { idempotencyKey: 'k' })
    const change = { kind: 'put' as const, key: 'a', value: '2', type: 'text/plain' }
    ask({ kind: 'hold_for_link', change, secretHash: 'f'.repeat(64), expiresAt: 5_000 })
    ask({ kind: 'add_token', hash: 'e'.repeat(64), label: 'x', can: ['write'], keys: ['*'], expiresInMs: 60_000 })
    const counts = () =>
      ['answer', 'held', 'token'].map((table) => sql.rows(`SELECT count(*) AS n FROM ${table}`)[0]?.['n'])
    expect(counts()).toEqual([1, 1, 2])
    prune(sql, 2_000)
    expect(counts()).toEqual([1, 1, 2])
    prune(sql, 100 * DAY)
    expect(counts()).toEqual([0, 0, 1])
  })
})
