import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { REPLAY_MAX_BYTES, REPLAY_MAX_CHANGES } from '../../src/model/snapshot/recent-events.ts'
import type { Filter } from '../../src/model/snapshot/watch-event.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'
import { toState, watchSocket, type ReceivedEvent } from '../support/watcher.ts'

/** Returns the events that a watcher receives on connecting. */
async function joinAt(stash: Stash, after: number | null, filter: Filter = null): Promise<ReceivedEvent[]> {
  const query = new URLSearchParams(after === null ? {} : { after: String(after) })
  if (Array.isArray(filter)) query.set('keys', filter.join(','))
  const watcher = await watchSocket(send, `/stash/${stash.id}/watch?${query}`)
  // The answer to a ping arrives after everything that was sent before it.
  await watcher.answered()
  watcher.stop()
  return watcher.events
}

/** Evicts the object, so that it loses its memory. Sockets that were just closed delay the eviction. */
async function goAway(stash: Stash): Promise<void> {
  const evicted = () =>
    evictDurableObject(getObject(stash)).then(
      () => true,
      () => false,
    )
  await expect.poll(evicted).toBe(true)
}

/** Counts the rows that SQLite reads while `act` runs, in all statements of this object. */
async function rowsReadBy(stash: Stash, act: () => Promise<unknown>): Promise<number> {
  const cursors: { rowsRead: number }[] = []
  let exec: SqlStorage['exec'] | undefined
  await runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
    exec = sql.exec.bind(sql)
    sql.exec = ((...args: Parameters<SqlStorage['exec']>) => {
      const cursor = exec!(...args)
      cursors.push(cursor)
      return cursor
    }) as SqlStorage['exec']
  })
  await act()
  await runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
    sql.exec = exec!
  })
  if (cursors.length === 0) throw new Error('no statement was counted')
  return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0)
}

/** Makes this many changes inside the object, because a thousand over HTTP would take seconds. */
const change = (stash: Stash, count: number, valueOf = (i: number) => String(i)) =>
  runInDurableObject(getObject(stash), async (object, { storage }) => {
    const { hash } = storage.sql.exec<{ hash: string }>('SELECT hash FROM token').one()
    for (let i = 0; i < count; i++) {
      const intent = { kind: 'put' as const, key: `k-${i % 7}`, value: valueOf(i), type: 'text/plain' }
      const applied = await object.apply({ credential: { kind: 'token', hash }, intent })
      if (!applied.ok) throw new Error(applied.refusal.code)
    }
  })

/** The changes of items in the tables, by revision, from the first. */
const loggedChanges = (stash: Stash) =>
  runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
    const query = `SELECT key, after_value AS value FROM change WHERE revision = ? AND what = 'item'`
    return sql
      .exec<{ revision: number }>('SELECT revision FROM log ORDER BY revision')
      .toArray()
      .map(({ revision }) => sql.exec<{ key: string; value: string | null }>(query, revision).toArray())
      .map((rows) => Object.fromEntries(rows.map(({ key, value }) => [key, value])))
  })

describe('a replay', () => {
  it.each([
    ['of the changes since', 950],
    ['of all flags', 0],
    ['for a cursor from the future', 999_999],
    ['for a first visit', null],
  ])('%s is read once, and then replayed from memory', async (_, after) => {
    const { stash } = await newOperator()
    await change(stash, 1_000)
    const first = await joinAt(stash, after)
    const rows = await rowsReadBy(stash, async () => {
      for (let i = 0; i < 20; i++) expect(await joinAt(stash, after)).toEqual(first)
    })
    // The row of the stash itself, which has its revision, a few times for each.
    expect(rows).toBeLessThanOrEqual(20 * 4)
  })
  it('from any cursor costs no rows after the first', async () => {
    const { stash } = await newOperator()
    await change(stash, 1_000)
    await joinAt(stash, 1_000 - REPLAY_MAX_CHANGES)
    const rows = await rowsReadBy(stash, async () => {
      for (let after = 1_000 - REPLAY_MAX_CHANGES; after <= 1_000; after += 10) {
        await joinAt(stash, after)
        await joinAt(stash, after, ['k-1', 'k-2'])
      }
    })
    expect(rows).toBeLessThanOrEqual(22 * 4)
  })
  it('after a commit reads only the new change', async () => {
    const { stash, master } = await newOperator()
    await change(stash, 500)
    await joinAt(stash, 450)
    await master.set('k-1', 'new')
    const rows = await rowsReadBy(stash, () => joinAt(stash, 450))
    expect(rows).toBeLessThanOrEqual(10)
    expect((await joinAt(stash, 500)).map(({ changes }) => changes)).toEqual([{ 'k-1': 'new' }])
  })
  it.each([[null], [['k-1', 'k-3']]])(
    'after any revision, with the filter %j, has the changes of the log',
    async (filter) => {
      const { stash, master } = await newOperator()
      await change(stash, 130)
      await master.call('PATCH', '/flags', { 'k-1': null, 'k-3': '"\n', other: 'x' })
      await master.grant({ can: ['write'] })
      await master.call('PATCH', '/flags', { 'k-3': null, k: 'é' })
      const log = await loggedChanges(stash)
      const head = log.length
      const shown = (changes: Record<string, string | null>) =>
        Object.fromEntries(Object.entries(changes).filter(([key]) => filter === null || filter.includes(key)))
      const changes = log.map((logged, i): ReceivedEvent => ({
        type: 'change',
        revision: i + 1,
        changes: shown(logged),
      }))
      const concerned = changes.filter(({ changes: some }) => filter === null || Object.keys(some ?? {}).length > 0)
      const snapshot: ReceivedEvent = { type: 'snapshot', revision: head, flags: toState(concerned).flags }
      for (let after = 0; after <= head; after++) {
        const isReplayed = head - after <= REPLAY_MAX_CHANGES
        const missed = concerned.filter(({ revision }) => revision > after)
        expect(await joinAt(stash, after, filter)).toEqual(isReplayed ? missed : [snapshot])
      }
    },
  )
  it('that has more bytes than the limit is a snapshot', async () => {
    const { stash } = await newOperator()
    const value = (i: number) => String(i).padStart(REPLAY_MAX_BYTES / 20, '€')
    await change(stash, 20, value)
    expect((await joinAt(stash, 19)).map(({ type }) => type)).toEqual(['change'])
    expect((await joinAt(stash, 10)).map(({ type }) => type)).toEqual(['snapshot'])
  })
  it('is the same after an eviction', async () => {
    const { stash } = await newOperator()
    await change(stash, 120)
    const before = [await joinAt(stash, 60), await joinAt(stash, 3), await joinAt(stash, 60, ['k-1'])]
    await goAway(stash)
    expect([await joinAt(stash, 60), await joinAt(stash, 3), await joinAt(stash, 60, ['k-1'])]).toEqual(before)
  })
  it('from before the kept history is a snapshot, before and after an eviction', async () => {
    const { stash } = await newOperator()
    await change(stash, 10)
    // As pruning leaves it. Pruning itself removes more entries than a test makes.
    const forget = () =>
      runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
        sql.exec('UPDATE stash SET anchor_revision = 4, anchor_hash = (SELECT hash FROM log WHERE revision = 4)')
        sql.exec('DELETE FROM change WHERE revision <= 4')
        sql.exec('DELETE FROM log WHERE revision <= 4')
      })
    await forget()
    for (const _ of ['kept', 'away']) {
      for (const after of [0, 1, 3]) {
        const [first, ...rest] = await joinAt(stash, after)
        expect(first).toMatchObject({ type: 'snapshot', revision: 10 })
        expect(rest).toEqual([])
      }
      expect((await joinAt(stash, 4)).map(({ type, revision }) => [type, revision])).toEqual(
        [5, 6, 7, 8, 9, 10].map((revision) => ['change', revision]),
      )
      await goAway(stash)
    }
    // Hubs receive the same.
    const getTypes = async (after: number) => (await getObject(stash).missed(after))?.events.map(({ type }) => type)
    expect(await getTypes(3)).toEqual(['snapshot'])
    expect(await getTypes(4)).toEqual(Array.from({ length: 6 }, () => 'change'))
  })
})

/** Deletes everything up to this revision, as pruning does. */
const forget = (stash: Stash, revision: number) =>
  runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
    sql.exec('DELETE FROM change WHERE revision <= ?', revision)
    sql.exec(
      'UPDATE stash SET anchor_revision = ?, anchor_hash = (SELECT hash FROM log WHERE revision = ?)',
      revision,
      revision,
    )
    sql.exec('DELETE FROM log WHERE revision <= ?', revision)
  })

describe('pruned history', () => {
  it.each([1, 2, 3])(
    'is a snapshot to a watcher that has seen revision %i of 6, if the watcher needs it',
    async (after) => {
      const { stash } = await newOperator()
      await change(stash, 6)
      await forget(stash, 3)
      await evictDurableObject(getObject(stash))
      const received = await joinAt(stash, after)
      const events = received.map(({ type, revision }) => `${type} ${revision}`)
      expect(events).toEqual(after < 3 ? ['snapshot 6'] : ['change 4', 'change 5', 'change 6'])
      expect(toState(received).revision).toBe(6)
    },
  )
  it('is a snapshot to connected watchers if it was pruned before they received it', async () => {
    const { stash, master } = await newOperator()
    await master.set('k-0', 'first')
    const watcher = await watchSocket(send, `/stash/${stash.id}/watch`)
    await watcher.until(1)
    await runInDurableObject(getObject(stash), (object, { storage: { sql } }) => {
      const { hash } = sql.exec<{ hash: string }>('SELECT hash FROM token').one()
      for (const value of ['2', '3', '4']) {
        const intent = { kind: 'put' as const, key: 'k-0', value, type: 'text/plain' }
        object.apply({ credential: { kind: 'token', hash }, intent })
      }
      // In the same turn, before any watcher has received an event.
      sql.exec('DELETE FROM change WHERE revision <= 3')
      sql.exec('DELETE FROM log WHERE revision <= 3')
    })
    expect((await watcher.until(2))[1]).toEqual({ type: 'snapshot', revision: 4, flags: { 'k-0': '4' } })
    watcher.stop()
  })
})
