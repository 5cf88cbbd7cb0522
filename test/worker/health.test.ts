import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import type * as z from 'zod'
import { stashHealth } from '../../src/http/wire-health.ts'
import { clearFaults, faults } from '../support/faults.ts'
import { newOperator, newStash, objectOf, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'
import { watchSocket } from '../support/watcher.ts'

freezeTime()

let errors: MockInstance<typeof console.error>
beforeEach(() => {
  errors = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

type Line = { level: string; at: string; message: string; stash: string; [fact: string]: unknown }

/** What the log says of this stash under this name. */
const linesOf = ({ id }: Stash, at: string): Line[] =>
  errors.mock.calls
    .map(([text]) => JSON.parse(String(text)) as Line)
    .filter((line) => line.stash === id && line.at === at)

async function healthOf(operator: Operator): Promise<z.infer<typeof stashHealth>> {
  const { status, body } = await operator.call('GET', '/health')
  expect(status).toBe(200)
  const health = stashHealth.parse(body)
  // Nothing that the document does not name.
  expect(health).toEqual(body)
  return health
}

const ring = ({ id }: Stash): Promise<unknown> => runDurableObjectAlarm(objectOf({ id })).catch(() => 'died')
const inside = <R>({ id }: Stash, act: (storage: DurableObjectStorage) => R | Promise<R>): Promise<R> =>
  runInDurableObject(objectOf({ id }), (_, { storage }) => act(storage))

/** A stash that has been published, with its clock at START. */
async function quietStash(): Promise<{ stash: Stash; master: Operator }> {
  const made = await newOperator()
  await made.master.set('maintenance-mode', 'false')
  await pass(made.stash, 2_000)
  await pass(made.stash, 2_000)
  return made
}

describe('GET /stash/{id}/health', () => {
  it('says of a quiet stash that all is well, and is kept by no cache', async () => {
    const { master } = await quietStash()
    const { headers } = await master.call('GET', '/health')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('Switchyard-Health')).toBe('ok')
    const { status, degraded, revision, checks } = await healthOf(master)
    expect({ status, degraded, revision }).toEqual({ status: 'ok', degraded: [], revision: 1 })
    expect(checks.kv).toMatchObject({ revision: 1, behind_by: 0, since: null, age_s: null, last_error_at: null })
    expect(checks.alarm).toMatchObject({ set_for: null, wanted_for: null, failed_at: null })
    expect(checks.storage.database_bytes).toBeGreaterThan(0)
    expect(checks.history).toMatchObject({ entries: 1, first_revision: 1 })
  })
  it('takes any token of the stash, and nothing else', async () => {
    const { stash, master } = await quietStash()
    const limited = await master.grant({ can: ['write'], keys: ['other-*'] })
    expect((await limited.call('GET', '/health')).status).toBe(200)
    expect((await send(`/stash/${stash.id}/health`)).status).toBe(401)
    const other = await newStash()
    expect(await operatorOf(send, stash, other.token).call('GET', '/health')).toMatchObject({
      status: 403,
      body: { code: 'invalid_token' },
    })
    expect(await master.call('GET', '/health?verbose=1')).toMatchObject({ status: 400 })
    expect(await operatorOf(send, { id: '0'.repeat(64) }, stash.token).call('GET', '/health')).toMatchObject({
      status: 404,
    })
    await master.call('DELETE', '')
    expect((await master.call('GET', '/health')).status).toBe(404)
    const open = await newStash({ profile: 'wrendb' })
    expect((await send(`/stash/${open.id}/health`)).status).toBe(401)
  })
  it('says that Workers KV is behind, by how much and since when, and how its puts fare', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    const since = new Date().toISOString()
    await pass(stash, 2_000)
    await master.set('a', '2')
    expect(await healthOf(master)).toMatchObject({
      status: 'ok',
      checks: { kv: { revision: 1, behind_by: 2, since, age_s: 2, failures: 1 } },
    })
    await pass(stash, 60_000)
    const { status, degraded, checks } = await healthOf(master)
    expect({ status, degraded }).toEqual({ status: 'degraded', degraded: ['kv'] })
    expect(checks.kv).toMatchObject({ since, age_s: 62, failures: 2, last_error_at: new Date().toISOString() })
    clearFaults()
    await pass(stash, 60_000)
    expect(await healthOf(master)).toMatchObject({ status: 'ok', checks: { kv: { behind_by: 0, failures: 0 } } })
  })
  it('says that a hub is behind', async () => {
    faults.watchersPerObject = 1
    const { stash, master } = await quietStash()
    const watchers = [
      await watchSocket(send, `/stash/${stash.id}/watch`),
      await watchSocket(send, `/stash/${stash.id}/watch`),
    ]
    faults.hub = () => Promise.reject(new Error('the hub is out of reach'))
    await master.set('a', '1')
    const since = new Date().toISOString()
    await expect.poll(async () => (await healthOf(master)).checks.hubs.failures).toBe(1)
    await pass(stash, 61_000)
    expect(await healthOf(master)).toMatchObject({
      degraded: ['hubs'],
      checks: { hubs: { hubs: 1, behind: 1, behind_by: 1, since, age_s: 61 } },
    })
    expect(linesOf(stash, 'stash/hubs_behind')).toMatchObject([{ behind: 1, since, late_s: 61 }])
    for (const watcher of watchers) watcher.stop()
  })
  it('says which time-boxes are past their end, and whose keys these are to those alone who reach them', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const due = new Date(Date.now() + 60_000).toISOString()
    expect(await healthOf(master)).toMatchObject({
      status: 'ok',
      checks: { time_boxes: { pending_keys: 1, overdue: 0, since: null } },
    })
    await breakReverts(stash)
    await pass(stash, 61_000)
    expect(await healthOf(master)).toMatchObject({ checks: { time_boxes: { status: 'ok', overdue: 0, retried: 1 } } })
    await pass(stash, 61_000)
    const { status, checks } = await healthOf(master)
    expect(status).toBe('degraded')
    expect(checks.time_boxes).toMatchObject({ overdue: 1, since: due, age_s: 62, keys: ['maintenance-mode'] })
    expect(checks.time_boxes.action).toContain('Write the values by hand')
    const limited = await master.grant({ can: ['write'], keys: ['other-*'] })
    expect((await healthOf(limited)).checks.time_boxes).toMatchObject({ overdue: 1, since: due, keys: [] })

    await mendReverts(stash)
    await pass(stash, 61_000)
    expect(await stash.read('maintenance-mode')).toBe('false')
    expect(await healthOf(master)).toMatchObject({ checks: { time_boxes: { status: 'ok', pending_keys: 0 } } })
  })
  it('says that the alarm is not set although something waits, and that it has failed', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const set = new Date(Date.now() + 60_000).toISOString()
    await pass(stash, 2_000)
    expect(await healthOf(master)).toMatchObject({ status: 'ok', checks: { alarm: { set_for: set, wanted_for: set } } })
    await inside(stash, (storage) => storage.deleteAlarm())
    expect(await healthOf(master)).toMatchObject({
      degraded: ['alarm'],
      checks: { alarm: { set_for: null, wanted_for: set } },
    })
    await inside(stash, (storage) => storage.setAlarm(Date.now() + 58_000))
    await breakReverts(stash)
    await pass(stash, 58_000)
    expect(await healthOf(master)).toMatchObject({
      degraded: ['alarm'],
      checks: { alarm: { failed_at: new Date().toISOString() } },
    })
    await mendReverts(stash)
    await pass(stash, 60_000)
    expect((await healthOf(master)).status).toBe('ok')
  })
  it('says when storage is nearly used up', async () => {
    const { stash, master } = await quietStash()
    await inside(stash, ({ sql }) =>
      Object.defineProperty(sql, 'databaseSize', { configurable: true, get: () => 8 * 1024 ** 3 + 1 }),
    )
    expect(await healthOf(master)).toMatchObject({ degraded: ['storage'] })
    await ring(stash)
    await pass(stash, 2_000)
    await master.set('a', '1')
    await pass(stash, 2_000)
    expect(linesOf(stash, 'stash/storage_low')).toMatchObject([{ databaseBytes: 8 * 1024 ** 3 + 1 }])
  })
  it('reads indexes alone, and no more than 100 of ten thousand late changes', async () => {
    const { stash, master } = await quietStash()
    await inside(stash, ({ sql }) => {
      const rows = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)'
      sql.exec(
        `${rows} INSERT INTO held (id, kind, change, keys, made_at, due_at, retry_at)
         SELECT 'late-' || i, 'schedule', '{}', '["k"]', 0, ?, iif(i % 2, ?, NULL) FROM n`,
        START - 120_000,
        START + 3_600_000,
      )
      sql.exec('UPDATE stash SET held_count = 10000')
    })
    const read = await inside(stash, async ({ sql }) => {
      let rows = 0
      const exec = sql.exec.bind(sql)
      sql.exec = (<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
        const cursor = exec<T>(query, ...bindings)
        const { toArray } = cursor
        cursor.toArray = () => {
          const all = toArray.call(cursor)
          if (query.includes('FROM held')) rows += cursor.rowsRead
          return all
        }
        return cursor
      }) as typeof sql.exec
      return () => rows
    })
    const { checks } = await healthOf(master)
    expect(checks.held_changes).toMatchObject({ overdue: 200, counts_truncated: true, keys: ['k'], pending: 10_000 })
    expect(read()).toBeLessThan(1_000)
  })
})

/** Makes the ends of time-boxes unreadable, as a fault in storage or a bug would. */
const breakReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = 'x' || change WHERE kind = 'revert'`))
const mendReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = substr(change, 2) WHERE kind = 'revert'`))

describe('the log', () => {
  it('says each minute that a time-box is overdue, while it is, without anybody asking', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const due = Date.now() + 60_000
    await breakReverts(stash)
    await pass(stash, 61_000)
    expect(linesOf(stash, 'stash/time_box_overdue')).toEqual([])
    for (let minute = 1; minute <= 3; minute++) {
      await pass(stash, 60_500)
      await ring(stash)
      const lines = linesOf(stash, 'stash/time_box_overdue')
      expect(lines).toHaveLength(minute)
      expect(lines.at(-1)).toMatchObject({ level: 'error', overdue: 1, since: new Date(due).toISOString() })
    }
    expect(JSON.stringify(linesOf(stash, 'stash/time_box_overdue'))).not.toContain('maintenance-mode')
    await mendReverts(stash)
    await pass(stash, 60_500)
    const said = linesOf(stash, 'stash/time_box_overdue').length
    await pass(stash, 60_500)
    await pass(stash, 60_500)
    expect(linesOf(stash, 'stash/time_box_overdue')).toHaveLength(said)
  })
  it('says it of one whose release ends the object each time, oftener than the release is tried', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s&reason=deadly')
    let rings = 0
    for (let second = 0; second < 15 * 60; second += 10) {
      vi.setSystemTime(Date.now() + 10_000)
      const at = await inside(stash, (storage) => storage.getAlarm())
      if (at === null || at > Date.now()) continue
      await dieInReverts(stash)
      await ring(stash)
      rings++
    }
    const lines = linesOf(stash, 'stash/time_box_overdue')
    expect(lines.length).toBeGreaterThanOrEqual(11)
    expect(lines.at(-1)).toMatchObject({ overdue: 1, retried: 1 })
    expect(Number(lines.at(-1)?.['tries'])).toBeLessThan(8)
    expect(rings).toBeLessThan(40)
    expect(await healthOf(master)).toMatchObject({ checks: { time_boxes: { status: 'degraded', retried: 1 } } })
  })
  it('says that Workers KV is behind by more than a minute, once a minute, until it is not', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    const since = new Date().toISOString()
    for (let i = 0; i < 12; i++) await pass(stash, 5_000)
    expect(linesOf(stash, 'stash/kv_behind')).toEqual([])
    for (let i = 0; i < 36; i++) await pass(stash, 5_000)
    const lines = linesOf(stash, 'stash/kv_behind')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({ level: 'error', since, late_s: 65, behindBy: 1, revision: 1 })
    // Each failure as well, but no more than one a minute.
    expect(linesOf(stash, 'stash/publish').length).toBeLessThanOrEqual(5)
    clearFaults()
    await pass(stash, 60_000)
    const said = linesOf(stash, 'stash/kv_behind').length
    for (let i = 0; i < 3; i++) await pass(stash, 60_000)
    expect(linesOf(stash, 'stash/kv_behind')).toHaveLength(said)
    expect(await inside(stash, (storage) => storage.getAlarm())).toBeNull()
  })
  it('says it of a deleted stash whose end has not come to Workers KV', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.call('DELETE', '')
    await pass(stash, 2_000)
    await pass(stash, 61_000)
    expect(linesOf(stash, 'stash/kv_behind')).toMatchObject([{ late_s: 63 }])
  })
  it('says that the ring before this one did not end', async () => {
    const { stash } = await quietStash()
    await runInDurableObject(objectOf(stash), (object) =>
      object.alarm({ isRetry: true, retryCount: 1, scheduledTime: Date.now() }),
    )
    expect(linesOf(stash, 'stash/alarm_failed')).toHaveLength(1)
  })
})

/** Ends the object, as a limit of the platform would, when it writes the end of a time-box. */
async function dieInReverts(stash: Stash): Promise<void> {
  await runInDurableObject(objectOf(stash), (_, state) => {
    const { sql } = state.storage
    const exec = sql.exec.bind(sql)
    sql.exec = (<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
      if (query.includes('INSERT INTO log') && bindings.includes('revert')) state.abort('ended by a test')
      return exec<T>(query, ...bindings)
    }) as typeof sql.exec
  })
}
