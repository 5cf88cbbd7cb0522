import { describe, expect, it } from 'vitest'
import type { AlarmFacts } from '../../src/model/health.ts'
import { gatherHealth } from '../../src/stash/query/gather-health.ts'
import { makeStash } from '../support/tables.ts'

const alarm: AlarmFacts = { setFor: null, wantedFor: null, isRunning: false, lastRunAt: null, failedAt: null }

function makeUnwell() {
  const stash = makeStash()
  const { sql } = stash
  let made = 0
  /** A held change, with its row after all that has happened to it. */
  const hold = (kind: string, dueAt: number | null, retryAt: number | null = null, tries = 0, keys = '["a"]') =>
    sql.rows(
      `INSERT INTO held (id, kind, change, keys, made_at, due_at, retry_at, tries, bytes) VALUES (?, ?, '{}', ?, 0, ?, ?, ?, 2)`,
      `h${made++}`,
      kind,
      keys,
      dueAt,
      retryAt,
      tries,
    )
  const hub = (name: string, told: number, failures: number) =>
    sql.rows('INSERT INTO hub VALUES (?, ?, ?, ?, 0)', name, name, told, failures)
  const gather = (now: number) => gatherHealth(sql, alarm, now)
  return { ...stash, hold, hub, gather }
}

describe('gatherHealth', () => {
  it('finds a new stash healthy, with KV not yet written', () => {
    const { gather, sql } = makeUnwell()
    expect(gather(100)).toEqual({
      revision: 0,
      createdAt: 0,
      timeBoxedKeys: 0,
      heldCount: 0,
      late: [],
      isWhole: true,
      kv: { revision: -1, behindSince: 0, failures: 0, triedAt: null, isPending: false },
      hubs: { count: 0, behind: 0, lowestCursor: null, behindSince: null, failures: 0 },
      alarm,
      storage: { databaseBytes: sql.databaseSize, logBytes: 0 },
      history: { prunedThrough: 0, firstAt: null, pruneAt: null },
    })
  })
  it('finds up to a hundred changes each that are a minute late and that must be retried', () => {
    const { gather, hold } = makeUnwell()
    hold('revert', 40_000)
    hold('schedule', 40_001)
    hold('schedule', null)
    hold('approval', 99_000, 101_000, 3, '["b","c"]')
    expect(gather(100_000)).toMatchObject({
      isWhole: true,
      late: [
        { kind: 'revert', dueAt: 40_000, tries: 0, isRetried: false, keys: ['a'] },
        { kind: 'approval', dueAt: 99_000, tries: 3, isRetried: true, keys: ['b', 'c'] },
      ],
    })
    for (let i = 0; i < 99; i++) hold('revert', 1_000 - i)
    const full = gather(100_000)
    expect([full.late.length, full.isWhole, full.late[0]?.dueAt]).toEqual([101, true, 902])
    hold('revert', 1)
    expect([gather(100_000).late.length, gather(100_000).isWhole]).toEqual([101, false])
    for (let i = 0; i < 100; i++) hold('thaw', 1, 200_000 + i, 1)
    expect(gather(100_000).late).toHaveLength(200)
  })
  it('finds the others if a row cannot be read', () => {
    const { gather, hold } = makeUnwell()
    hold('revert', 1, null, 0, 'x')
    hold('revert', null, 5, 1)
    expect(gather(100_000).late).toMatchObject([
      { dueAt: 1, keys: [] },
      { dueAt: 100_000, isRetried: true },
    ])
  })
  it('counts time-boxed keys and held changes', () => {
    const { gather, put, ask } = makeUnwell()
    put('a', '1', { forMs: 60_000 })
    const patch = {
      kind: 'patch' as const,
      changes: [
        { key: 'b', value: '1' },
        { key: 'c', value: '1' },
      ],
    }
    ask({ ...patch, forMs: 60_000 })
    expect(gather(2_000)).toMatchObject({ timeBoxedKeys: 3, heldCount: 2, revision: 2 })
  })
  it('reports since when KV is behind, and the results of its puts', () => {
    const { gather, put, sql } = makeUnwell()
    for (const now of [1_000, 2_000, 3_000]) put('a', String(now), { now })
    sql.rows('UPDATE cursor SET revision = 1, failures = 4, tried_at = 2500, pending = 1')
    expect(gather(4_000).kv).toEqual({ revision: 1, behindSince: 2_000, failures: 4, triedAt: 2_500, isPending: true })
    sql.rows('UPDATE cursor SET revision = 3, pending = 0')
    expect(gather(4_000).kv).toMatchObject({ behindSince: null, isPending: false })
    // History no longer has that time: it is at least since its first entry.
    sql.rows('UPDATE cursor SET revision = 0')
    sql.rows('DELETE FROM log WHERE revision <= 2')
    expect(gather(4_000).kv.behindSince).toBe(3_000)
    sql.rows('DELETE FROM log')
    expect(gather(4_000).kv.behindSince).toBe(0)
    sql.rows('UPDATE stash SET deleted_at = 3500')
    expect(gather(4_000).kv.behindSince).toBe(3_500)
    sql.rows('UPDATE cursor SET revision = -1')
    expect(gather(4_000).kv.behindSince).toBe(3_500)
  })
  it('reports which hubs are behind, by how much, and since when', () => {
    const { gather, put, hub } = makeUnwell()
    for (const now of [1_000, 2_000, 3_000]) put('a', String(now), { now })
    hub('x', 3, 7)
    expect(gather(4_000).hubs).toEqual({ count: 1, behind: 0, lowestCursor: 3, behindSince: null, failures: 0 })
    hub('y', 1, 2)
    hub('z', 2, 5)
    expect(gather(4_000).hubs).toEqual({ count: 3, behind: 2, lowestCursor: 1, behindSince: 2_000, failures: 5 })
  })
  it('reports the size of history', () => {
    const { gather, put, sql } = makeUnwell()
    for (const now of [1_000, 2_000]) put('a', String(now), { now })
    sql.rows('UPDATE stash SET anchor_revision = 1')
    const { history, storage } = gather(4_000)
    expect(history).toEqual({ prunedThrough: 1, firstAt: 2_000, pruneAt: null })
    expect(storage.logBytes).toBeGreaterThan(0)
  })
})
