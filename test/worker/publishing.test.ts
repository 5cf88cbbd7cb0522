import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, getObject, send } from '../support/front-door.ts'

afterEach(() => {
  clearFaults()
  vi.useRealTimers()
})

const inKv = (id: string) =>
  env.SNAPSHOTS.get<{ revision: number; items: { key: string; value: string }[] }>(id, 'json')
const readAlarm = (stash: { id: string }) =>
  runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())

describe('publishing', () => {
  it('puts every write to KV by itself', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    await stash.put('b', '2')
    await expect.poll(() => inKv(stash.id)).toMatchObject({ revision: 2, items: [{ key: 'a' }, { key: 'b' }] })
    await expect.poll(() => readAlarm(stash)).toBeNull()
  })
  it('merges a burst into few puts, at least 1.1 s apart, the last with the head', async () => {
    const stash = await newStash()
    const putAt: number[] = []
    faults.kvPut = (call) => {
      putAt.push(Date.now())
      return call()
    }
    await Promise.all(Array.from({ length: 100 }, (_, i) => stash.put('n', String(i))))
    await expect.poll(async () => (await inKv(stash.id))?.revision).toBe(100)
    const gaps = putAt.slice(1).map((at, i) => at - (putAt[i] ?? 0))
    expect(putAt.length).toBeLessThan(6)
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1_100)
  })
  it('does not delay the answer to a writer while KV hangs', async () => {
    const stash = await newStash()
    const hanging = Promise.withResolvers<void>()
    faults.kvPut = async (call) => {
      await hanging.promise
      return call()
    }
    for (const value of ['1', '2', '3']) expect((await stash.put('a', value)).status).toBe(200)
    expect(await stash.read('a')).toBe('3')
    hanging.resolve()
    await expect.poll(async () => (await inKv(stash.id))?.revision).toBe(3)
  })
  it('waits after a crash for a put that may be in flight, so that its own is the last', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 0, 1), toFake: ['Date'] })
    const stash = await newStash()
    await runDurableObjectAlarm(getObject(stash))
    expect(await inKv(stash.id)).toMatchObject({ revision: 0 })
    let lost: (() => Promise<void>) | null = null
    let puts = 0
    faults.kvPut = (call) => {
      puts++
      if (lost !== null) return call()
      lost = call
      return new Promise(() => {})
    }
    const pass = async (ms: number) => {
      vi.setSystemTime(Date.now() + ms)
      await runDurableObjectAlarm(getObject(stash))
    }
    await stash.put('a', '1')
    await pass(2_000)
    expect(puts).toBe(1)
    await stash.put('a', '2')
    await evictDurableObject(getObject(stash))
    for (let s = 0; s < 7; s++) await pass(2_000)
    expect(puts).toBe(1)
    // The put of the old instance takes effect now, and the new instance does not know of it.
    await lost!()
    await pass(1_000)
    expect(puts).toBe(2)
    expect(await inKv(stash.id)).toMatchObject({ revision: 2, items: [{ value: '2' }] })
  })
  it('survives an hour of refused puts and evictions, and then catches up', async () => {
    const stash = await newStash()
    await expect.poll(async () => (await inKv(stash.id))?.revision).toBe(0)
    let refused = 0
    faults.kvPut = () => {
      refused++
      return Promise.reject(new Error('KV PUT failed: 429 Too Many Requests'))
    }
    await stash.put('a', '1')
    const start = Date.now()
    for (let minute = 1; minute <= 60; minute++) {
      vi.useFakeTimers({ now: start + minute * 60_000, toFake: ['Date'] })
      await runDurableObjectAlarm(getObject(stash))
      if (minute % 20 === 0) await evictDurableObject(getObject(stash))
      expect(await readAlarm(stash)).not.toBeNull()
    }
    expect(refused).toBeGreaterThanOrEqual(60)
    expect(await inKv(stash.id)).toMatchObject({ revision: 0 })

    clearFaults()
    vi.setSystemTime(start + 62 * 60_000)
    await runDurableObjectAlarm(getObject(stash))
    expect(await inKv(stash.id)).toMatchObject({ revision: 1, items: [{ key: 'a', value: '1' }] })
  })
})

describe('the alarm', () => {
  it('publishes even if a held change cannot be read', async () => {
    const stash = await newStash()
    await expect.poll(async () => (await inKv(stash.id))?.revision).toBe(0)
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      storage.sql.exec(
        `INSERT INTO held (id, kind, change, made_at, due_at)
         VALUES ('bad', 'schedule', 'not json', 0, 1), ('good', 'schedule', '{"kind":"delete","key":"a"}', 0, 2)`,
      )
    })
    await stash.put('a', '1')
    await expect.poll(async () => (await inKv(stash.id))?.revision).toBe(2)
    expect((await send(`/item/${stash.id}/a?min_revision=2`)).status).toBe(404)
    expect(await readAlarm(stash)).toBeGreaterThan(Date.now())
  })
})

describe('the log', () => {
  it('has every change with author, time, reason, before and after, chained by hash', async () => {
    const stash = await newStash()
    await send(`/item/${stash.id}/a?reason=first`, stash.as({ method: 'PUT', body: '1' }))
    await send(`/item/${stash.id}/a`, stash.as({ method: 'PUT', body: '2', headers: { Reason: 'second' } }))
    await send(`/item/${stash.id}/a`, stash.as({ method: 'DELETE' }))
    await runInDurableObject(getObject(stash), (_, { storage }) => {
      const log = storage.sql.exec('SELECT revision, kind, actor, reason, hash FROM log ORDER BY revision').toArray()
      expect(log).toMatchObject([
        { revision: 1, kind: 'put', actor: 'master', reason: 'first' },
        { revision: 2, kind: 'put', actor: 'master', reason: 'second' },
        { revision: 3, kind: 'delete', actor: 'master', reason: null },
      ])
      expect(new Set(log.map(({ hash }) => hash)).size).toBe(3)
      expect(storage.sql.exec('SELECT head_hash FROM stash').one()['head_hash']).toBe(log[2]?.['hash'])
      expect(storage.sql.exec('SELECT key, before_value, after_value FROM change ORDER BY revision').toArray()).toEqual(
        [
          { key: 'a', before_value: null, after_value: '1' },
          { key: 'a', before_value: '1', after_value: '2' },
          { key: 'a', before_value: '2', after_value: null },
        ],
      )
    })
  })
})
