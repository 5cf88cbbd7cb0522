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

/** Each test has its own stash id, because lines are limited by it. */
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
  const runAlarm = (isRetry = false, task = async (): Promise<void> => {}) => monitor.runAlarm(task, isRetry)
  /** The reported facts of the alarm. */
  const alarm = () => (monitor.gather(5), seen.at(-1))
  return { world, monitor, runAlarm, stashId, alarm }
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
  it('logs nothing while nothing is late, and requests no alarm', async () => {
    const { monitor, runAlarm } = makeMonitor()
    await runAlarm()
    expect([lines, monitor.examineAt]).toEqual([[], null])
  })
  it('logs history that is to be deleted only once that is an hour late', async () => {
    const { world, runAlarm } = makeMonitor()
    const pruneAt = (ago: number) => ({ history: { prunedThrough: 0, firstAt: 1, pruneAt: world.now - ago } })
    world.facts = { ...healthy, ...pruneAt(60 * MINUTE - 1) }
    await runAlarm()
    expect(lines).toEqual([])
    world.facts = { ...healthy, ...pruneAt(60 * MINUTE + 1) }
    await runAlarm()
    expect(lines).toMatchObject([{ at: 'stash/prune_late' }])
  })
  it('logs delays with their numbers and without keys, and requests an alarm within a minute', async () => {
    const { world, monitor, runAlarm, stashId } = makeMonitor()
    Object.assign(world.facts, overdue(world.now - 90_500))
    await runAlarm()
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
    await runAlarm()
    expect(monitor.examineAt).toBeNull()
  })
  it('gives an object without an instance a minute to update KV and hubs', async () => {
    const { world, monitor, runAlarm } = makeMonitor()
    Object.assign(world.facts, behind(world.now - 5 * MINUTE))
    world.now += MINUTE - 1
    await runAlarm()
    expect([lines, monitor.examineAt]).toEqual([[], world.now + MINUTE])
    world.now += 1
    await runAlarm()
    expect(lines).toMatchObject([{ at: 'stash/kv_behind', late_s: 360, behindBy: 2, failures: 1 }])
  })
  it('ignores the remains of a deleted stash', async () => {
    const { world, runAlarm } = makeMonitor()
    world.exists = false
    world.gather = () => expect.unreachable()
    await runAlarm()
    expect(lines).toEqual([])
  })
  it('logs that the previous run did not end', async () => {
    const { runAlarm } = makeMonitor()
    await runAlarm(true)
    expect(lines).toMatchObject([{ at: 'stash/alarm_failed', message: 'the run before this one did not end' }])
  })
  it('knows whether the alarm runs, when it last ran, and when something failed', async () => {
    const { world, monitor, runAlarm, alarm } = makeMonitor()
    const times = { setFor: 5, wantedFor: 7 }
    expect(alarm()).toEqual({ isRunning: false, lastRunAt: null, failedAt: null, ...times })
    await runAlarm(false, async () => {
      expect(alarm()).toEqual({ isRunning: true, lastRunAt: world.now, failedAt: null, ...times })
      monitor.noteFailure()
    })
    expect(alarm()).toEqual({ isRunning: false, lastRunAt: world.now, failedAt: world.now, ...times })
    await expect(runAlarm(false, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(alarm()?.isRunning).toBe(false)
  })
  it('requests an alarm even if its facts cannot be gathered, and reports that', async () => {
    const { world, monitor, runAlarm } = makeMonitor()
    Object.assign(world.facts, overdue(0))
    await runAlarm()
    world.gather = () => {
      throw new Error('no such table')
    }
    let hasRun = false
    await runAlarm(false, async () => void (hasRun = true))
    expect([hasRun, monitor.examineAt, lines.at(-1)]).toEqual([
      true,
      null,
      expect.objectContaining({ at: 'stash/alarm', message: 'no such table' }),
    ])
  })
})
