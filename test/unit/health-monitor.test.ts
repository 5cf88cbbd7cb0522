import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AlarmFacts, HealthFacts } from '../../src/model/health.ts'
import { HealthMonitor } from '../../src/stash/health-monitor.ts'

const MINUTE = 60_000
const healthy: HealthFacts = {
  revision: 5,
  createdAt: 0,
  timeBoxedKeys: 0,
  heldCount: 0,
  late: [],
  isWhole: true,
  kv: { revision: 5, behindSince: null, failures: 0, triedAt: null, isPending: false },
  hubs: { count: 0, behind: 0, lowestCursor: null, behindSince: null, failures: 0 },
  alarm: { setFor: null, wantedFor: null, isRunning: false, lastRunAt: null, failedAt: null },
  storage: { databaseBytes: 0, logBytes: 0 },
  history: { prunedThrough: 0, firstAt: null, pruneAt: null },
}
const lines: Record<string, unknown>[] = []
let stashes = 0

/** Each with a name of its own: lines are limited by it. */
function makeMonitor() {
  const world = { now: 1_000_000, facts: { ...healthy }, exists: true, gather: (): HealthFacts => world.facts }
  const seen: AlarmFacts[] = []
  const stashId = `monitored-${++stashes}`
  const monitor = new HealthMonitor({
    now: () => world.now,
    gather: (alarm) => (seen.push(alarm), world.gather()),
    wantedFor: () => 7,
    exists: () => world.exists,
    stashId,
  })
  const ring = (isRetry = false, rung = async (): Promise<void> => {}) => monitor.runAlarm(rung, isRetry)
  /** What it says of the alarm. */
  const alarm = () => (monitor.gather(5), seen.at(-1))
  return { world, monitor, ring, stashId, alarm }
}
const overdue = (dueAt: number): Partial<HealthFacts> => ({
  late: [{ kind: 'revert', dueAt, tries: 2, isRetried: true, keys: ['secret'] }],
})
const behind = (since: number): Partial<HealthFacts> => ({
  kv: { revision: 3, behindSince: since, failures: 1, triedAt: since, isPending: false },
})

beforeEach(() => {
  lines.length = 0
  vi.spyOn(console, 'error').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)) as Record<string, unknown>)
  })
})
afterEach(() => vi.restoreAllMocks())

describe('HealthMonitor', () => {
  it('says nothing while nothing is late, and asks for no alarm', async () => {
    const { monitor, ring } = makeMonitor()
    await ring()
    expect([lines, monitor.examineAt]).toEqual([[], null])
  })
  it('logs what is late with its numbers and without keys, and rings again within a minute', async () => {
    const { world, monitor, ring, stashId } = makeMonitor()
    Object.assign(world.facts, overdue(world.now - 90_500))
    await ring()
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        at: 'stash/time_box_overdue',
        stash: stashId,
        since: new Date(world.now - 90_500).toISOString(),
        late_s: 90,
        overdue: 1,
        retried: 1,
        tries: 2,
      }),
    ])
    expect(JSON.stringify(lines)).not.toContain('secret')
    expect(monitor.examineAt).toBe(world.now + MINUTE)
    Object.assign(world.facts, healthy)
    await ring()
    expect(monitor.examineAt).toBeNull()
  })
  it('gives an object that was away a minute to bring KV and hubs up to date', async () => {
    const { world, monitor, ring } = makeMonitor()
    Object.assign(world.facts, behind(world.now - 5 * MINUTE))
    world.now += MINUTE - 1
    await ring()
    expect([lines, monitor.examineAt]).toEqual([[], world.now + MINUTE])
    world.now += 1
    await ring()
    expect(lines).toMatchObject([{ at: 'stash/kv_behind', late_s: 360, behindBy: 2, failures: 1 }])
  })
  it('does not look at what is left of a stash that is gone', async () => {
    const { world, ring } = makeMonitor()
    world.exists = false
    world.gather = () => expect.unreachable()
    await ring()
    expect(lines).toEqual([])
  })
  it('says when the run before did not end', async () => {
    const { ring } = makeMonitor()
    await ring(true)
    expect(lines).toMatchObject([{ at: 'stash/alarm_failed', message: 'the run before this one did not end' }])
  })
  it('knows whether the alarm runs, when it ran last, and when something failed', async () => {
    const { world, monitor, ring, alarm } = makeMonitor()
    const times = { setFor: 5, wantedFor: 7 }
    expect(alarm()).toEqual({ isRunning: false, lastRunAt: null, failedAt: null, ...times })
    await ring(false, async () => {
      expect(alarm()).toEqual({ isRunning: true, lastRunAt: world.now, failedAt: null, ...times })
      monitor.noteFailure()
    })
    expect(alarm()).toEqual({ isRunning: false, lastRunAt: world.now, failedAt: world.now, ...times })
    await expect(ring(false, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(alarm()?.isRunning).toBe(false)
  })
  it('rings although its facts cannot be gathered, and reports that', async () => {
    const { world, monitor, ring } = makeMonitor()
    Object.assign(world.facts, overdue(0))
    await ring()
    world.gather = () => {
      throw new Error('no such table')
    }
    let rung = false
    await ring(false, async () => void (rung = true))
    expect([rung, monitor.examineAt, lines.at(-1)]).toEqual([
      true,
      null,
      expect.objectContaining({ at: 'stash/alarm', message: 'no such table' }),
    ])
  })
})
