import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, send } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import {
  breakReverts,
  catchErrors,
  getHealth,
  inside,
  getLogLines,
  mendReverts,
  quietStash,
  ring,
  type Errors,
} from '../support/health.ts'
import { operatorOf } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'
import { watchSocket } from '../support/watcher.ts'

freezeTime()

let errors: Errors
beforeEach(() => {
  errors = catchErrors()
})
afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

describe('GET /stash/{id}/health', () => {
  it('reports a healthy stash, and is not cached', async () => {
    const { master } = await quietStash()
    const { headers } = await master.call('GET', '/health')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('Switchyard-Health')).toBe('ok')
    expect(headers.get('Access-Control-Expose-Headers')).toMatch(/^Date, .*, Switchyard-Health$/)
    const { status, degraded, revision, checks } = await getHealth(master)
    expect({ status, degraded, revision }).toEqual({ status: 'ok', degraded: [], revision: 1 })
    expect(checks.kv).toMatchObject({ revision: 1, behind_by: 0, since: null, age_s: null, last_error_at: null })
    expect(checks.alarm).toMatchObject({ set_for: null, wanted_for: null, failed_at: null })
    expect(checks.storage.database_bytes).toBeGreaterThan(0)
    expect(checks.history).toMatchObject({ entries: 1, first_revision: 1 })
  })
  it('accepts any token of the stash, and no other caller', async () => {
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
  it('answers 503 while the object runs a version without this method', async () => {
    const { master } = await quietStash()
    faults.object = async (method, call) => (method === 'ask' ? undefined : call())
    const { status, body, headers } = await master.call('GET', '/health')
    expect({ status, code: body.code, retry: headers.get('Retry-After') }).toEqual({
      status: 503,
      code: 'unreachable',
      retry: '1',
    })
  })
  it('reports that Workers KV is behind, by how much and since when, and the state of its puts', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    const since = new Date().toISOString()
    await pass(stash, 2_000)
    await master.set('a', '2')
    expect(await getHealth(master)).toMatchObject({
      status: 'ok',
      checks: { kv: { revision: 1, behind_by: 2, since, age_s: 2, failures: 1 } },
    })
    await pass(stash, 60_000)
    const { status, degraded, checks } = await getHealth(master)
    expect({ status, degraded }).toEqual({ status: 'degraded', degraded: ['kv'] })
    expect(checks.kv).toMatchObject({ since, age_s: 62, failures: 2, last_error_at: new Date().toISOString() })
    clearFaults()
    await pass(stash, 60_000)
    expect(await getHealth(master)).toMatchObject({ status: 'ok', checks: { kv: { behind_by: 0, failures: 0 } } })
  })
  it('reports that Workers KV is behind even if a put hangs', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => new Promise(() => {})
    await master.set('a', '1')
    await pass(stash, 2_000)
    expect(await getHealth(master)).toMatchObject({
      status: 'ok',
      checks: { kv: { put_under_way: true, failures: 0 } },
    })
    await pass(stash, 61_000)
    expect(await getHealth(master)).toMatchObject({
      degraded: ['kv'],
      checks: { kv: { behind_by: 1, age_s: 63, last_error_at: null } },
    })
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toHaveLength(1)
  })
  it.each([
    { how: 'cannot be reached', hub: () => Promise.reject(new Error('the hub is out of reach')) },
    { how: 'does not answer', hub: () => new Promise<never>(() => {}) },
  ])('reports as behind a hub that $how', async ({ hub }) => {
    faults.watchersPerObject = 1
    const { stash, master } = await quietStash()
    const watchers = [
      await watchSocket(send, `/stash/${stash.id}/watch`),
      await watchSocket(send, `/stash/${stash.id}/watch`),
    ]
    faults.hub = hub
    await master.set('a', '1')
    const since = new Date().toISOString()
    await expect.poll(async () => (await getHealth(master)).checks.hubs.behind).toBe(1)
    await pass(stash, 61_000)
    expect(await getHealth(master)).toMatchObject({
      degraded: ['hubs'],
      checks: { hubs: { hubs: 1, behind: 1, behind_by: 1, since, age_s: 61 } },
    })
    expect(getLogLines(errors, stash, 'stash/hubs_behind')).toMatchObject([{ behind: 1, since, late_s: 61 }])
    for (const watcher of watchers) watcher.stop()
  })
  it('lists overdue time-boxes, and their keys only to tokens that reach them', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const due = new Date(Date.now() + 60_000).toISOString()
    expect(await getHealth(master)).toMatchObject({
      status: 'ok',
      checks: { time_boxes: { pending_keys: 1, overdue: 0, since: null } },
    })
    await breakReverts(stash)
    await pass(stash, 61_000)
    expect(await getHealth(master)).toMatchObject({ checks: { time_boxes: { status: 'ok', overdue: 0, retried: 1 } } })
    await pass(stash, 61_000)
    const { status, checks } = await getHealth(master)
    expect(status).toBe('degraded')
    expect(checks.time_boxes).toMatchObject({ overdue: 1, since: due, age_s: 62, keys: ['maintenance-mode'] })
    expect(checks.time_boxes.action).toContain('Write the values by hand')
    const limited = await master.grant({ can: ['write'], keys: ['other-*'] })
    expect((await getHealth(limited)).checks.time_boxes).toMatchObject({ overdue: 1, since: due, keys: [] })

    await mendReverts(stash)
    await pass(stash, 61_000)
    expect(await stash.read('maintenance-mode')).toBe('false')
    expect(await getHealth(master)).toMatchObject({ checks: { time_boxes: { status: 'ok', pending_keys: 0 } } })
  })
  it('reports that a write has set a lost alarm again, even in the instance that had set it before', async () => {
    const { stash, master } = await quietStash()
    await master.set('n', '2', `at=${new Date(START + 3_600_000).toISOString()}`)
    await pass(stash, 2_000)
    await inside(stash, (storage) => storage.deleteAlarm())
    vi.setSystemTime(START + 2 * 3_600_000)
    await master.set('m', '1')
    expect(await inside(stash, (storage) => storage.getAlarm())).not.toBeNull()
  })
  it('reports that no alarm is set although a change is pending, and that the alarm has failed', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const set = new Date(Date.now() + 60_000).toISOString()
    await pass(stash, 2_000)
    expect(await getHealth(master)).toMatchObject({
      status: 'ok',
      checks: { alarm: { set_for: set, wanted_for: set } },
    })
    await inside(stash, (storage) => storage.deleteAlarm())
    expect(await getHealth(master)).toMatchObject({
      degraded: ['alarm'],
      checks: { alarm: { set_for: null, wanted_for: set } },
    })
    await inside(stash, (storage) => storage.setAlarm(Date.now() + 58_000))
    await breakReverts(stash)
    await pass(stash, 58_000)
    expect(await getHealth(master)).toMatchObject({
      degraded: ['alarm'],
      checks: { alarm: { failed_at: new Date().toISOString() } },
    })
    await mendReverts(stash)
    await pass(stash, 60_000)
    expect((await getHealth(master)).status).toBe('ok')
  })
  it('reports that storage is nearly full', async () => {
    const { stash, master } = await quietStash()
    await inside(stash, ({ sql }) =>
      Object.defineProperty(sql, 'databaseSize', { configurable: true, get: () => 8 * 1024 ** 3 + 1 }),
    )
    expect(await getHealth(master)).toMatchObject({ degraded: ['storage'] })
    await ring(stash)
    await pass(stash, 2_000)
    await master.set('a', '1')
    await pass(stash, 2_000)
    expect(getLogLines(errors, stash, 'stash/storage_low')).toMatchObject([{ databaseBytes: 8 * 1024 ** 3 + 1 }])
  })
  it('reads only indexes, and at most 100 of ten thousand late changes', async () => {
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
    const { checks } = await getHealth(master)
    expect(checks.held_changes).toMatchObject({ overdue: 200, counts_truncated: true, keys: ['k'], pending: 10_000 })
    expect(read()).toBeLessThan(1_000)
  })
})

describe('the first three commands of the runbook', () => {
  /** The commands of the table in src/docs/operate/runbook.md: `/healthz`, `/flags` with its source, `/health`. */
  async function ask(stash: Stash): Promise<string[]> {
    const flags = await send(`/stash/${stash.id}/flags`)
    const source = flags.headers.get('Switchyard-Source')?.split('; ')[1]
    return [
      String((await send('/healthz')).status),
      [flags.status, source].filter(Boolean).join(' '),
      String((await send(`/stash/${stash.id}/health`, stash.as())).status),
    ]
  }
  const down = () => Promise.reject(new Error('down'))
  // A stash that was read before would be served from memory, so these stashes are read for the first time.
  it('identify a healthy stash', async () => {
    expect(await ask((await quietStash()).stash)).toEqual(['200', '200 vouched', '200'])
  })
  it('identify an unreachable KV', async () => {
    const { stash } = await quietStash()
    faults.kvGet = down
    expect(await ask(stash)).toEqual(['200', '200 vouched', '200'])
  })
  it('identify an unreachable object', async () => {
    const { stash } = await quietStash()
    faults.object = down
    expect(await ask(stash)).toEqual(['200', '200 unvouched', '500'])
    faults.object = () => Promise.reject(Object.assign(new Error('overloaded'), { overloaded: true }))
    expect((await send(`/stash/${stash.id}/health`, stash.as())).status).toBe(503)
  })
  it('identify that both are unreachable', async () => {
    const { stash } = await quietStash()
    faults.kvGet = down
    faults.object = down
    expect(await ask(stash)).toEqual(['200', '503', '500'])
  })
})
