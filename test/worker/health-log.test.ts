import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { objectOf } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import {
  breakReverts,
  catchErrors,
  dieInReverts,
  healthOf,
  inside,
  linesOf,
  mendReverts,
  quietStash,
  ring,
  type Errors,
} from '../support/health.ts'

freezeTime()

let errors: Errors
beforeEach(() => {
  errors = catchErrors()
})
afterEach(() => {
  clearFaults()
  vi.restoreAllMocks()
})

describe('what is late', () => {
  it('says each minute that a time-box is overdue, while it is, without anybody asking', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const due = Date.now() + 60_000
    await breakReverts(stash)
    await pass(stash, 61_000)
    expect(linesOf(errors, stash, 'stash/time_box_overdue')).toEqual([])
    for (let minute = 1; minute <= 3; minute++) {
      await pass(stash, 60_500)
      await ring(stash)
      const lines = linesOf(errors, stash, 'stash/time_box_overdue')
      expect(lines).toHaveLength(minute)
      expect(lines.at(-1)).toMatchObject({ level: 'error', overdue: 1, since: new Date(due).toISOString() })
    }
    expect(JSON.stringify(linesOf(errors, stash, 'stash/time_box_overdue'))).not.toContain('maintenance-mode')
    await mendReverts(stash)
    await pass(stash, 60_500)
    const said = linesOf(errors, stash, 'stash/time_box_overdue').length
    await pass(stash, 60_500)
    await pass(stash, 60_500)
    expect(linesOf(errors, stash, 'stash/time_box_overdue')).toHaveLength(said)
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
    const lines = linesOf(errors, stash, 'stash/time_box_overdue')
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
    expect(linesOf(errors, stash, 'stash/kv_behind')).toEqual([])
    for (let i = 0; i < 36; i++) await pass(stash, 5_000)
    const lines = linesOf(errors, stash, 'stash/kv_behind')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({ level: 'error', since, late_s: 65, behindBy: 1, revision: 1 })
    // Each failure as well, but no more than one a minute.
    expect(linesOf(errors, stash, 'stash/publish').length).toBeLessThanOrEqual(5)
    clearFaults()
    await pass(stash, 60_000)
    const said = linesOf(errors, stash, 'stash/kv_behind').length
    for (let i = 0; i < 3; i++) await pass(stash, 60_000)
    expect(linesOf(errors, stash, 'stash/kv_behind')).toHaveLength(said)
    expect(await inside(stash, (storage) => storage.getAlarm())).toBeNull()
  })
  it('says nothing of a time-box that is late because the alarm was: this ring ends it', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    await pass(stash, 10 * 60_000)
    expect(linesOf(errors, stash, 'stash/time_box_overdue')).toEqual([])
    expect(await healthOf(master)).toMatchObject({ status: 'ok' })
  })
  it('says nothing of what an object that was away brings up to date now', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    await evictDurableObject(objectOf(stash))
    await pass(stash, 60 * 60_000)
    expect(linesOf(errors, stash, 'stash/kv_behind')).toEqual([])
    expect(await healthOf(master)).toMatchObject({ degraded: ['kv'] })
    await pass(stash, 61_000)
    expect(linesOf(errors, stash, 'stash/kv_behind')).toHaveLength(1)
  })
  it('says it of a deleted stash whose end has not come to Workers KV', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.call('DELETE', '')
    await pass(stash, 2_000)
    await pass(stash, 61_000)
    expect(linesOf(errors, stash, 'stash/kv_behind')).toMatchObject([{ late_s: 63 }])
  })
  it('says that the run before this one did not end', async () => {
    const { stash } = await quietStash()
    await runInDurableObject(objectOf(stash), (object) =>
      object.alarm({ isRetry: true, retryCount: 1, scheduledTime: Date.now() }),
    )
    expect(linesOf(errors, stash, 'stash/alarm_failed')).toHaveLength(1)
  })
})
