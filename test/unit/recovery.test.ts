import { beforeEach, describe, expect, it, vi } from 'vitest'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'
import { nextPruneAt, prune } from '../../src/stash/prune.ts'
import { Recovery } from '../../src/stash/publish/recovery.ts'
import { makeStash } from '../support/tables.ts'

const STASH = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
const textAt = (revision: number, stashId = 'the-stash', chain: string | null = null) =>
  serializeSnapshot({ stashId, revision, chain, publishedAt: 0, stash: STASH, reverts: [] }, [])

/** A stash of three revisions, and a text in KV. */
function makeRecovery(inKv: string | null) {
  const { sql, put } = makeStash()
  for (const value of ['1', '2', '3']) put(`k${value}`, value)
  const world = { now: 1_000, inKv, exists: true, reads: [] as unknown[], changes: 0, fails: false, isSilent: false }
  const sleeps: { ms: number; pass(): void }[] = []
  const kv = {
    get: async (...terms: unknown[]) => {
      world.reads.push(terms)
      if (world.fails) throw new Error('KV is unreachable')
      return world.isSilent ? new Promise(() => {}) : world.inKv
    },
  }
  const recovery = new Recovery({
    sql,
    // The code uses only this method of the namespace.
    kv: kv as unknown as KVNamespace,
    stashId: 'the-stash',
    now: () => world.now,
    sleep: (ms) => new Promise<void>((pass) => sleeps.push({ ms, pass })),
    exists: () => world.exists,
    change: (write) => {
      world.changes++
      write()
    },
  })
  recovery.noteWake({ revision: 3, pending: false, failures: 0 }, 3)
  const revision = () => sql.rows('SELECT revision FROM stash')[0]?.['revision']
  return { sql, put, world, recovery, revision, sleeps }
}

beforeEach(() => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  return () => error.mockRestore()
})

describe('Recovery', () => {
  it('continues a thousand revisions past KV, with an entry that names the old revision', async () => {
    const { sql, recovery, world, revision } = makeRecovery(textAt(8))
    await recovery.confirm()
    expect([revision(), world.changes]).toEqual([1_008, 1])
    expect(world.reads).toEqual([['the-stash', { type: 'text', cacheTtl: 30 }]])
    const [entry] = sql.rows('SELECT kind, actor, at, detail FROM log WHERE revision = 1008')
    expect(entry).toMatchObject({ kind: 'recovered', actor: 'stash', at: 1_000 })
    expect(JSON.parse(String(entry?.['detail']))).toEqual({ recovered: { from: 3, kv: 8 } })
  })
  it('gives new versions to everything written since the last put, and to nothing else', async () => {
    const { sql, recovery } = makeRecovery(textAt(8))
    sql.rows('UPDATE cursor SET revision = 2')
    await recovery.confirm()
    expect(sql.rows('SELECT key, value, version FROM item ORDER BY key')).toEqual([
      { key: 'k1', value: '1', version: 1 },
      { key: 'k2', value: '2', version: 2 },
      { key: 'k3', value: '3', version: 1_008 },
    ])
  })
  it('counts the existing entries of history, and not the skipped revisions', async () => {
    const { sql, put, recovery } = makeRecovery(textAt(8))
    for (let i = 0; i < 196; i++) put('n', String(i))
    await recovery.confirm()
    // Of a database that is too large, the newest two hundred entries stay.
    sql.databaseSize = 7 * 1024 ** 3
    expect(sql.rows('SELECT count(*) AS n FROM log')).toEqual([{ n: 200 }])
    expect(nextPruneAt(sql, 2_000)).toBeNull()
    put('n', 'one more')
    expect(nextPruneAt(sql, 2_000)).toBe(2_000)
    prune(sql, 2_000)
    expect(sql.rows('SELECT count(*) AS n FROM log')).toEqual([{ n: 200 }])
  })
  it.each([
    ['nothing', null],
    ['its own revision', textAt(3)],
    ['an older revision', textAt(2)],
    ['the text of another stash', textAt(9, 'another')],
    ['no snapshot', 'x'],
  ])('leaves the stash unchanged if KV has %s, and reads KV once', async (_, inKv) => {
    const { recovery, world, revision } = makeRecovery(inKv)
    await recovery.confirm()
    expect([revision(), world.changes, recovery.confirm(), world.reads.length]).toEqual([3, 0, null, 1])
  })
  const OTHER = '0123456789abcdef'
  it.each([
    [2, OTHER, 1_003],
    [3, OTHER, 1_003],
    [2, 'its own', 3],
    [3, 'its own', 3],
    [2, null, 3],
    // Older than the last put of these tables: its successor is in flight.
    [1, OTHER, 3],
  ])('with revision %i in KV and the hash "%s" ends at %i', async (inKv, chain, goesOnAt) => {
    const { sql, world, recovery, revision } = makeRecovery(null)
    sql.rows('UPDATE cursor SET revision = 1, failures = 1')
    recovery.noteWake({ revision: 1, pending: false, failures: 1 }, 3)
    const own = String(sql.rows(`SELECT hash FROM log WHERE revision = ${inKv}`)[0]?.['hash']).slice(0, 16)
    world.inKv = textAt(inKv, 'the-stash', chain === 'its own' ? own : chain)
    await recovery.confirm()
    expect(revision()).toBe(goesOnAt)
  })
  it('continues past its own revision as well if its tables lack the put of it', async () => {
    const { sql, world, recovery, revision } = makeRecovery(null)
    sql.rows('UPDATE cursor SET revision = 1')
    recovery.noteWake({ revision: 1, pending: false, failures: 0 }, 3)
    const own = String(sql.rows('SELECT hash FROM log WHERE revision = 3')[0]?.['hash']).slice(0, 16)
    world.inKv = textAt(3, 'the-stash', own)
    await recovery.confirm()
    // This finds hubs that subscribed in the lost time.
    expect(revision()).toBe(1_003)
  })
  it("continues if the stash was deleted again, at KV's revision of the existing stash", async () => {
    const { sql, world, recovery, revision } = makeRecovery(textAt(3, 'the-stash', OTHER))
    sql.rows('UPDATE stash SET deleted_at = 5')
    sql.rows('DELETE FROM log')
    recovery.noteWake({ revision: 1, pending: false, failures: 1 }, 3)
    await recovery.confirm()
    expect([revision(), world.changes]).toEqual([1_003, 1])
  })
  it('moves only the head of a deleted stash', async () => {
    const { sql, recovery, revision } = makeRecovery(textAt(8))
    sql.rows('UPDATE stash SET deleted_at = 5')
    await recovery.confirm()
    expect(revision()).toBe(1_008)
    expect(sql.rows('SELECT max(revision) AS last FROM log')).toEqual([{ last: 3 }])
  })
  it('leaves a stash alone that is deleted when KV answers', async () => {
    const { recovery, world } = makeRecovery(textAt(8))
    const confirming = recovery.confirm()
    world.exists = false
    await confirming
    expect(world.changes).toBe(0)
  })
  it('does not read KV for a stash that it has just created', () => {
    const { recovery, world } = makeRecovery(textAt(8))
    recovery.noteCreated()
    expect([recovery.confirm(), world.reads]).toEqual([null, []])
  })
  it('reports it if KV fails or does not answer within five seconds, and reads it again', async () => {
    const { recovery, world, sleeps, revision } = makeRecovery(textAt(8))
    world.fails = true
    await expect(recovery.confirm()).rejects.toThrow('KV is unreachable')
    Object.assign(world, { fails: false, isSilent: true })
    const silent = recovery.confirm()
    expect(sleeps.map(({ ms }) => ms)).toEqual([5_000, 5_000])
    sleeps[1]?.pass()
    await expect(silent).rejects.toThrow('in time')
    world.isSilent = false
    await recovery.confirm()
    expect(revision()).toBe(1_008)
  })
  it('reads KV once for concurrent callers', async () => {
    const { recovery, world } = makeRecovery(textAt(8))
    await Promise.all([recovery.confirm(), recovery.confirm(), recovery.recover(8)])
    expect([world.reads.length, world.changes]).toEqual([1, 1])
  })
  it('reads KV if a reader has seen more, at most once in five seconds', async () => {
    const { recovery, world, revision } = makeRecovery(textAt(3))
    await recovery.recover(3)
    expect(world.reads).toHaveLength(0)
    await recovery.recover(4)
    expect(world.reads).toHaveLength(1)
    world.inKv = textAt(8)
    world.now += 4_999
    await recovery.recover(8)
    expect(world.reads).toHaveLength(1)
    world.now += 1
    await recovery.recover(8)
    expect([world.reads.length, revision()]).toEqual([2, 1_008])
    // Its new revision is above the reported one.
    world.now += 10_000
    await recovery.recover(1_008)
    expect(world.reads).toHaveLength(2)
  })
  it('is not delayed by a clock that was set back', async () => {
    const { recovery, world } = makeRecovery(null)
    await recovery.recover(9)
    world.now -= 1
    await recovery.recover(9)
    expect(world.reads).toHaveLength(2)
  })
})
