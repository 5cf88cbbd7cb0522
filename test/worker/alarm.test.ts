/** The order in which the alarm releases due changes, and the retry after the object was aborted during a release. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { newOperator, getObject } from '../support/front-door.ts'
import { freezeTime, pass, START } from '../support/frozen-time.ts'
import { kvRevision } from '../support/kv-text.ts'
import type { Stash } from '../support/stash.ts'

freezeTime()

const at = (ms: number): string => `at=${new Date(START + ms).toISOString()}`

/** Aborts the object, as a limit of the platform would, when it writes an entry with this reason. */
async function dieAt(stash: Stash, reason: string): Promise<void> {
  await runInDurableObject(getObject(stash), (_, state) => {
    const { sql } = state.storage
    const exec = sql.exec.bind(sql)
    sql.exec = (<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
      if (query.includes('INSERT INTO log') && bindings.includes(reason)) state.abort('ended by a test')
      return exec<T>(query, ...bindings)
    }) as typeof sql.exec
  })
}

const ring = (stash: Stash): Promise<unknown> => runDurableObjectAlarm(getObject(stash)).catch(() => 'died')

describe('the alarm', () => {
  it('ends time-boxes before it applies scheduled changes, even those that were due earlier', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=60s')
    await master.set('other', '1', at(50_000))
    await pass(stash, 61_000)
    expect((await master.history('limit=2')).map(({ kind }) => kind)).toEqual(['put', 'revert'])
  })
  it('releases everything else if the release of one change aborts the object each time', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=60s')
    await master.set('deadly', '1', `${at(50_000)}&reason=deadly`)
    await master.set('other', '1', at(55_000))
    vi.setSystemTime(START + 61_000)
    for (let i = 0; i < 4; i++) {
      await dieAt(stash, 'deadly')
      await ring(stash)
      vi.setSystemTime(Date.now() + 2_000)
    }
    expect(await stash.read('maintenance-mode')).toBe('false')
    expect(await stash.read('other')).toBe('1')
    expect((await master.held()).map(({ keys }) => keys)).toEqual([['deadly']])
    // The release is retried with a growing back-off.
    const next = await runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())
    expect(next).toBeGreaterThan(START + 61_000 + 30_000)
    expect(next).toBeLessThan(START + 61_000 + 60 * 60_000)
  })
  it('makes the end of a time-box durable before it starts a release that may abort the object', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=60s')
    await master.set('deadly', '1', `${at(50_000)}&reason=deadly`)
    vi.setSystemTime(START + 61_000)
    await dieAt(stash, 'deadly')
    await ring(stash)
    expect(await stash.read('maintenance-mode')).toBe('false')
  })
  it('skips a change that an earlier release of the same run has postponed', async () => {
    const { stash, master } = await newOperator({ profile: 'wrendb' })
    await master.set('k', 'before')
    await master.set('k', 'for a minute', 'for=60s')
    // So late that the lapse of the item is due as well. The revert writes the item, and so starts a new lifetime.
    await pass(stash, 31 * 24 * 60 * 60_000)
    expect(await stash.read('k')).toBe('before')
  })
  it('is set again when the object wakes, if the platform has dropped the one that was set', async () => {
    const { stash, master } = await newOperator()
    await master.set('maintenance-mode', 'false')
    await master.set('maintenance-mode', 'true', 'for=60s')
    await pass(stash, 2_000)
    await expect.poll(() => kvRevision(stash.id)).toBe(2)
    const getAlarm = () => runInDurableObject(getObject(stash), (_, { storage }) => storage.getAlarm())
    await runInDurableObject(getObject(stash), (_, { storage }) => storage.deleteAlarm())
    expect(await getAlarm()).toBeNull()
    await evictDurableObject(getObject(stash))
    await expect.poll(getAlarm).toBeLessThanOrEqual(START + 61_000)
  })
})
