import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { getObject } from '../support/front-door.ts'
import { freezeTime, pass } from '../support/frozen-time.ts'
import {
  breakReverts,
  catchErrors,
  abortInReverts,
  getHealth,
  inside,
  getLogLines,
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

describe('the log of delays', () => {
  it('has a line each minute while a time-box is overdue, without any request', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    const due = Date.now() + 60_000
    await breakReverts(stash)
    await pass(stash, 61_000)
    expect(getLogLines(errors, stash, 'stash/time_box_overdue')).toEqual([])
    for (let minute = 1; minute <= 3; minute++) {
      await pass(stash, 60_500)
      await ring(stash)
      const lines = getLogLines(errors, stash, 'stash/time_box_overdue')
      expect(lines).toHaveLength(minute)
      expect(lines.at(-1)).toMatchObject({ level: 'error', overdue: 1, since: new Date(due).toISOString() })
    }
    expect(JSON.stringify(getLogLines(errors, stash, 'stash/time_box_overdue'))).not.toContain('maintenance-mode')
    await mendReverts(stash)
    await pass(stash, 60_500)
    const before = getLogLines(errors, stash, 'stash/time_box_overdue').length
    await pass(stash, 60_500)
    await pass(stash, 60_500)
    expect(getLogLines(errors, stash, 'stash/time_box_overdue')).toHaveLength(before)
  })
  it('has that line if the release aborts the object each time, more often than the release is retried', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s&reason=deadly')
    let runs = 0
    for (let second = 0; second < 15 * 60; second += 10) {
      vi.setSystemTime(Date.now() + 10_000)
      const at = await inside(stash, (storage) => storage.getAlarm())
      if (at === null || at > Date.now()) continue
      await abortInReverts(stash)
      await ring(stash)
      runs++
    }
    const lines = getLogLines(errors, stash, 'stash/time_box_overdue')
    expect(lines.length).toBeGreaterThanOrEqual(11)
    expect(lines.at(-1)).toMatchObject({ overdue: 1, retried: 1 })
    expect(Number(lines.at(-1)?.['tries'])).toBeLessThan(8)
    expect(runs).toBeLessThan(40)
    expect(await getHealth(master)).toMatchObject({ checks: { time_boxes: { status: 'degraded', retried: 1 } } })
  })
  it('has a line each minute while Workers KV is behind by more than a minute', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    const since = new Date().toISOString()
    for (let i = 0; i < 12; i++) await pass(stash, 5_000)
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toEqual([])
    for (let i = 0; i < 36; i++) await pass(stash, 5_000)
    const lines = getLogLines(errors, stash, 'stash/kv_behind')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({ level: 'error', since, late_s: 65, behindBy: 1, revision: 1 })
    // Each failed put is logged as well, but at most once a minute.
    expect(getLogLines(errors, stash, 'stash/publish').length).toBeLessThanOrEqual(5)
    clearFaults()
    await pass(stash, 60_000)
    const before = getLogLines(errors, stash, 'stash/kv_behind').length
    for (let i = 0; i < 3; i++) await pass(stash, 60_000)
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toHaveLength(before)
    expect(await inside(stash, (storage) => storage.getAlarm())).toBeNull()
  })
  it('has no line for a time-box that this run of a late alarm ends', async () => {
    const { stash, master } = await quietStash()
    await master.set('maintenance-mode', 'true', 'for=60s')
    await pass(stash, 10 * 60_000)
    expect(getLogLines(errors, stash, 'stash/time_box_overdue')).toEqual([])
    expect(await getHealth(master)).toMatchObject({ status: 'ok' })
  })
  it('has no line on the first run after an eviction, which may make up the delay', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.set('a', '1')
    await evictDurableObject(getObject(stash))
    await pass(stash, 60 * 60_000)
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toEqual([])
    expect(await getHealth(master)).toMatchObject({ degraded: ['kv'] })
    await pass(stash, 61_000)
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toHaveLength(1)
  })
  it('has a line for a deleted stash whose deletion has not reached Workers KV', async () => {
    const { stash, master } = await quietStash()
    faults.kvPut = () => Promise.reject(new Error('KV PUT failed: 429'))
    await master.call('DELETE', '')
    await pass(stash, 2_000)
    await pass(stash, 61_000)
    expect(getLogLines(errors, stash, 'stash/kv_behind')).toMatchObject([{ late_s: 63 }])
  })
  it('has a line if the previous run of the alarm did not end', async () => {
    const { stash } = await quietStash()
    await runInDurableObject(getObject(stash), (object) =>
      object.alarm({ isRetry: true, retryCount: 1, scheduledTime: Date.now() }),
    )
    expect(getLogLines(errors, stash, 'stash/alarm_failed')).toHaveLength(1)
  })
})
