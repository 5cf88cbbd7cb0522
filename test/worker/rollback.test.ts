/**
 * A rollback to an older version of the code: older code runs on newer tables, and later newer code on rows that older code
 * has written. The older code cannot run here, but the tests repeat its changes of the tables.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { migrate, STEPS } from '../../src/stash/tables/schema.ts'
import { newOperator, getObject, send } from '../support/front-door.ts'
import { createHolder, readStored, restore, getStub, readColumns, VERSIONS } from '../support/stored.ts'

const START = Date.UTC(2040, 0, 1)
const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ now: START + 90_000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** Every statement of an older version names its columns. Columns that it does not know have their defaults. */
function writeAsOlder(sql: SqlStorage, dump: string): void {
  migrate(sql)
  for (const statement of dump.split(/;\n/)) {
    if (statement.startsWith('INSERT INTO') && !statement.startsWith('INSERT INTO migration')) sql.exec(statement)
  }
}

describe.each(VERSIONS.filter((version) => version !== '001'))('rows of the schema %s', (version) => {
  it('are valid in newer tables', async () => {
    const shop = readStored(version, 'shop')
    await restore(shop, (sql) => writeAsOlder(sql, shop.sql))
    const { successor = '', second = '', nested = '', pipeline = '' } = shop.secrets
    const master = createHolder(shop, successor)
    expect((await (await send(`/stash/${shop.id}/flags`)).json()) as object).toMatchObject({
      flags: { 'maintenance-mode': 'true', banner: 'sale', launch: 'false', 'on-call': 'alice' },
    })
    const asked = `/held/${shop.secrets['held'] ?? ''}/approve`
    for (const own of [nested, pipeline]) expect((await createHolder(shop, own).call('POST', asked)).status).toBe(403)
    expect((await createHolder(shop, second).call('POST', asked)).status).toBe(200)
    const repeat = await createHolder(shop, shop.token).set('on-call', 'alice', '', { 'Idempotency-Key': 'page-1' })
    expect(repeat.body).toEqual(shop.answered)
    expect((await send(shop.link.replace(/^.*\/api/, ''), { method: 'POST' })).status).toBe(200)
    vi.setSystemTime(START + 4 * MINUTE)
    await runDurableObjectAlarm(getStub(shop))
    expect((await (await send(`/stash/${shop.id}/flags?min_revision=28`)).json()) as object).toMatchObject({
      flags: { banner: 'grüß Gott "friend"', launch: 'true', 'traffic-target': 'yellow' },
    })
    expect((await master.call('GET', '/history/verify')).body).toMatchObject({ valid: true })
  })
})

describe('migrate', () => {
  it('leaves newer tables alone, and continues where the newest version was', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const before = await readColumns(getObject(stash))
    const known = (sql: SqlStorage) => sql.exec('SELECT id FROM migration ORDER BY id').toArray()
    await runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
      const newest = known(sql)
      for (let steps = 0; steps <= STEPS.length; steps++) migrate(sql, STEPS.slice(0, steps))
      expect(known(sql)).toEqual(newest)
      // A future migration, seen by today's code.
      migrate(sql, [...STEPS, { id: '998_tomorrow', sql: 'ALTER TABLE item ADD COLUMN colour TEXT' }])
    })
    await evictDurableObject(getObject(stash))
    expect((await master.set('a', '2')).status).toBe(200)
    expect(await stash.read('a')).toBe('2')
    const after = await readColumns(getObject(stash))
    expect(after).toEqual({ ...before, item: [...(before['item'] ?? []), 'colour TEXT'].sort() })
  })
  it('refuses tables with other migrations than its own', async () => {
    const { stash } = await newOperator()
    await runInDurableObject(getObject(stash), (_, { storage: { sql } }) => {
      const [first = { id: '', sql: '' }, ...rest] = STEPS
      expect(() => migrate(sql, [first, { id: '001b_between', sql: '' }, ...rest])).toThrow(/append-only/)
    })
  })
  it('applies a migration completely or not at all', async () => {
    const { stash } = await newOperator()
    const half = { id: '997_half', sql: 'CREATE TABLE half (x INTEGER); CREATE TABLE item (x INTEGER)' }
    const before = await readColumns(getObject(stash))
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      expect(() => storage.transactionSync(() => migrate(storage.sql, [...STEPS, half]))).toThrow(/already exists/)
    })
    expect(await readColumns(getObject(stash))).toEqual(before)
  })
})

describe('history from before entries had sizes', () => {
  it('is pruned, and the chain continues from the pruned entry', async () => {
    const shop = readStored('003', 'frozen')
    await restore(shop)
    vi.setSystemTime(START + 61 * MINUTE)
    await runDurableObjectAlarm(getStub(shop))
    const master = createHolder(shop, shop.token)
    const values = await runInDurableObject(getStub(shop), (object, { storage }) => {
      const credential = {
        kind: 'token' as const,
        hash: String(storage.sql.exec('SELECT hash FROM token').one()['hash']),
      }
      for (let i = 0; i < 210; i++)
        object.apply({ credential, intent: { kind: 'put', key: 'n', value: String(i), type: 'text/plain' } })
      // As if history took more space than it may: all but the newest 200 entries are pruned.
      storage.sql.exec('UPDATE stash SET log_bytes = 5 * 1024 * 1024 * 1024')
      return object.apply({ credential, intent: { kind: 'put', key: 'n', value: 'last', type: 'text/plain' } })
    })
    expect(values.ok).toBe(true)
    await runDurableObjectAlarm(getStub(shop))
    const verified = (await master.call('GET', '/history/verify')).body
    expect(verified).toMatchObject({ valid: true, head: 214, first: 15 })
  })
})
