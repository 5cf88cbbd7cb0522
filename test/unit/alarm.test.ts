import { describe, expect, it } from 'vitest'
import { Alarm, type AlarmTasks } from '../../src/stash/alarm.ts'

/** An alarm for one held change that is due at 100. `set` records the times that the alarm was set to, in order. */
function begin({ now = 100, setFor = null as number | null } = {}): { alarm: Alarm; settings: (number | null)[] } {
  const settings: (number | null)[] = []
  let due: number | null = 100
  const none = async (): Promise<void> => {}
  const tasks: AlarmTasks = {
    now: () => now,
    getAlarm: async () => setFor,
    sleep: () => new Promise(() => {}),
    setAlarm: (at) => void settings.push(at),
    publishAt: () => null,
    heldAt: () => due,
    hubAt: () => null,
    pruneAt: () => null,
    takeDue: (kind) => (kind === 'ends' && due !== null ? ['one'] : []),
    durable: none,
    hasDueEnd: () => false,
    release: () => void (due = null),
    prune: () => {},
    publish: none,
    broadcast: none,
    examineAt: () => null,
    deleteIfDrained: none,
    exists: () => true,
    report: (fault) => expect.unreachable(String(fault)),
  }
  return { alarm: new Alarm(tasks), settings }
}

describe('Alarm.restore', () => {
  it('sets an alarm for overdue changes at once, because the platform may have dropped the one that was set', () => {
    const { alarm, settings } = begin()
    void alarm.restore()
    expect(settings).toEqual([100])
  })
  it('does not set an alarm that is still to run, because setting it costs a write', async () => {
    const { alarm, settings } = begin({ now: 99, setFor: 100 })
    await alarm.restore()
    expect(settings).toEqual([])
  })
  it('sets one that is not set, or is set for a later time', async () => {
    for (const setFor of [null, 101]) {
      const { alarm, settings } = begin({ now: 99, setFor })
      await alarm.restore()
      expect(settings).toEqual([100])
    }
  })
  it('sets none if the alarm itself has started the object and nothing is pending any more', async () => {
    const { alarm, settings } = begin()
    void alarm.restore()
    await alarm.run()
    expect(settings).toEqual([100, null])
  })
})

/** Stand-ins for the stages of the alarm that record their order and arguments. */
function makeTasks(overrides: Partial<AlarmTasks> = {}) {
  const done: string[] = []
  const waiting = { ends: [] as string[], tried_ends: [] as string[], requests: [] as string[], tried: [] as string[] }
  const world = {
    exists: true,
    publishAt: null as number | null,
    heldAt: null as number | null,
    reports: [] as string[],
  }
  const settings: (number | null)[] = []
  const sleeps: { ms: number; pass(): void }[] = []
  const alarm = new Alarm({
    now: () => 0,
    sleep: (ms) => new Promise<void>((pass) => sleeps.push({ ms, pass })),
    setAlarm: (at) => void settings.push(at),
    getAlarm: async () => null,
    publishAt: () => world.publishAt,
    heldAt: () => world.heldAt,
    hubAt: () => null,
    pruneAt: () => null,
    examineAt: () => null,
    takeDue: (kind, limit) => waiting[kind].splice(0, limit),
    durable: async () => void done.push('durable'),
    hasDueEnd: () => waiting.ends.length > 0,
    release: (id) => void done.push(id),
    prune: () => void done.push('prune'),
    publish: async () => void done.push('publish'),
    broadcast: async () => void done.push('tell'),
    deleteIfDrained: async () => void done.push('tidy'),
    exists: () => world.exists,
    report: (fault) => void world.reports.push(fault instanceof Error ? fault.message : String(fault)),
    ...overrides,
  })
  return { alarm, done, waiting, world, settings, sleeps }
}

describe('Alarm.run', () => {
  it('releases ends, then requests, then publishes and broadcasts, and last retries ends that failed', async () => {
    const { alarm, done, waiting, world } = makeTasks()
    Object.assign(waiting, { ends: ['end'], tried_ends: ['old end'], requests: ['request'], tried: ['tried', 'later'] })
    await alarm.run()
    expect(done.filter((what) => what !== 'durable')).toEqual([
      'end',
      'old end',
      'request',
      'prune',
      'tell',
      'publish',
      'tidy',
      'tidy',
      'tried',
    ])
    expect([waiting.tried, world.reports]).toEqual([['later'], []])
  })
  it('makes the taken changes durable before it releases them, and the releases before it continues', async () => {
    const { alarm, done, waiting } = makeTasks()
    waiting.ends = ['a', 'b']
    await alarm.releaseDueEnds()
    expect(done).toEqual(['durable', 'a', 'b', 'durable'])
  })
  it('does nothing if there is no stash', async () => {
    const { alarm, done, world, settings } = makeTasks()
    world.exists = false
    await alarm.run()
    expect([done, settings]).toEqual([[], []])
  })
  it('lets requests run after a hundred releases, and stops after two thousand', async () => {
    const { alarm, done, waiting } = makeTasks()
    const ids = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`)
    waiting.requests = ids('r', 101)
    waiting.ends = ids('e', 2_001)
    await alarm.run()
    expect([done.filter((id) => /^r\d/.test(id)).length, waiting.requests.length]).toEqual([100, 1])
    expect([done.filter((id) => /^e\d/.test(id)).length, waiting.ends.length]).toEqual([2_000, 1])
  })
  it('waits a second for publishing and broadcasts, and sets the alarm before and after that', async () => {
    const landed = Promise.withResolvers<void>()
    const { alarm, world, settings, sleeps } = makeTasks({ publish: () => landed.promise })
    world.publishAt = 500
    const run = alarm.run()
    await new Promise((done) => setTimeout(done))
    expect([sleeps.map(({ ms }) => ms), settings]).toEqual([[1_000], []])
    sleeps[0]?.pass()
    await run
    expect(settings).toEqual([500, 500])
    world.publishAt = null
    landed.resolve()
    await new Promise((done) => setTimeout(done))
    // Nothing is pending any more.
    expect(settings).toEqual([500, 500, null])
  })
  it('continues if a stage fails, and sets the alarm all the same', async () => {
    const { alarm, done, world, settings } = makeTasks({
      takeDue: () => {
        throw new Error('taking')
      },
      prune: () => {
        throw new Error('pruning')
      },
      publish: () => Promise.reject(new Error('publishing')),
    })
    world.heldAt = 900
    await alarm.run()
    expect(world.reports.toSorted()).toEqual(['pruning', 'publishing', 'taking', 'taking', 'taking', 'taking'])
    expect([done, settings.at(-1)]).toEqual([['tell', 'tidy'], 900])
  })
  it('sets no alarm for a stash that has been deleted during the run', async () => {
    const { alarm, world, settings } = makeTasks({ deleteIfDrained: async () => void (world.exists = false) })
    world.heldAt = 900
    await alarm.run()
    expect(settings).toEqual([])
  })
})

describe('Alarm.releaseDueEnds', () => {
  it('is a single flight: all callers that need it wait for one run', async () => {
    const { alarm, done, waiting } = makeTasks()
    waiting.ends = ['a']
    await Promise.all([alarm.releaseDueEnds(), alarm.releaseDueEnds()])
    expect(done).toEqual(['durable', 'a', 'durable'])
    waiting.ends = ['b']
    await alarm.releaseDueEnds()
    expect(done).toContain('b')
  })
  it('releases for a caller also changes that became due after the run in flight had read the table', async () => {
    const { alarm, done, waiting } = makeTasks()
    waiting.ends = ['a']
    const first = alarm.releaseDueEnds().then(() => void (waiting.ends = ['b']))
    await Promise.all([first, alarm.releaseAllDueEnds()])
    expect(done).toEqual(['durable', 'a', 'durable', 'durable', 'b', 'durable'])
    await alarm.releaseAllDueEnds()
    expect(done).toHaveLength(6)
  })
  it('resolves with the time at which no end was due, even if the clock advances', async () => {
    const times = [9, 60]
    const calls: number[] = []
    const { alarm } = makeTasks({
      now: () => times.shift() ?? 99,
      hasDueEnd: (at) => calls.push(at) > 0 && at >= 10,
    })
    expect([await alarm.releaseAllDueEnds(), calls]).toEqual([9, [9]])
  })
  it('stops if ends cannot be read', async () => {
    const { alarm, world } = makeTasks({
      hasDueEnd: () => true,
      takeDue: () => {
        throw new Error('the disk is full')
      },
    })
    await alarm.releaseAllDueEnds()
    expect(new Set(world.reports)).toEqual(new Set(['the disk is full']))
  })
  it('releases changes that become due meanwhile', async () => {
    const { alarm, waiting, done } = makeTasks({
      release: (id) => void (done.push(id) && id === 'a' && waiting.ends.push('b')),
    })
    waiting.ends = ['a']
    await alarm.releaseDueEnds()
    expect(done.filter((what) => what !== 'durable')).toEqual(['a', 'b'])
  })
  it('retries one end that has failed before, and sets the alarm for the others', async () => {
    const { alarm, waiting, settings, world, done } = makeTasks()
    waiting.tried_ends = ['a', 'b']
    world.heldAt = 700
    await alarm.releaseDueEnds()
    expect([done.includes('a'), done.includes('b'), settings]).toEqual([true, false, [700]])
  })
  it('does not set the alarm if nothing was due', async () => {
    const { alarm, settings, world } = makeTasks()
    world.heldAt = 700
    await alarm.releaseDueEnds()
    expect(settings).toEqual([])
  })
})

describe('Alarm.schedule', () => {
  it('sets an earlier time, and no time that is equal or later', () => {
    const { alarm, settings, world } = makeTasks()
    alarm.schedule()
    for (const at of [900, 900, 1_000, 899]) {
      world.heldAt = at
      alarm.schedule()
    }
    expect(settings).toEqual([900, 899])
    world.publishAt = 5
    expect(alarm.nextRunAt()).toBe(5)
    Object.assign(world, { publishAt: null, heldAt: null })
    expect(alarm.nextRunAt()).toBeNull()
  })
})
