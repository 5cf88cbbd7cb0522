import { describe, expect, it } from 'vitest'
import { Alarm, type AlarmTasks } from '../../src/stash/alarm.ts'

/** One held change is due at 100. What the alarm was set to, in order. */
function begin(): { alarm: Alarm; settings: (number | null)[] } {
  const settings: (number | null)[] = []
  let due: number | null = 100
  const none = async (): Promise<void> => {}
  const chores: AlarmTasks = {
    now: () => 100,
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
  return { alarm: new Alarm(chores), settings }
}

describe('Alarm.scheduleOverdue', () => {
  it('sets an alarm for what is overdue, since the one that was set may have been dropped', () => {
    const { alarm, settings } = begin()
    alarm.scheduleOverdue(100)
    expect(settings).toEqual([100])
  })
  it('leaves the alarm alone that is to ring yet: setting it costs a write', () => {
    const { alarm, settings } = begin()
    alarm.scheduleOverdue(99)
    expect(settings).toEqual([])
  })
  it('leaves none behind where the object was woken by its alarm, and nothing waits any more', async () => {
    const { alarm, settings } = begin()
    alarm.scheduleOverdue(100)
    await alarm.run()
    expect(settings).toEqual([100, null])
  })
})

/** Chores that a test sees in their order, with what each is told to do. */
function makeChores(overrides: Partial<AlarmTasks> = {}) {
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
  it('carries out ends, then what people asked for, then everything outside, and what did not end last', async () => {
    const { alarm, done, waiting, world } = makeChores()
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
  it('makes what it has taken durable before it releases that, and what it released before it goes on', async () => {
    const { alarm, done, waiting } = makeChores()
    waiting.ends = ['a', 'b']
    await alarm.releaseDueEnds()
    expect(done).toEqual(['durable', 'a', 'b', 'durable'])
  })
  it('does nothing where there is no stash', async () => {
    const { alarm, done, world, settings } = makeChores()
    world.exists = false
    await alarm.run()
    expect([done, settings]).toEqual([[], []])
  })
  it('lets requests have their turn after a hundred, and ends after two thousand', async () => {
    const { alarm, done, waiting } = makeChores()
    const ids = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`)
    waiting.requests = ids('r', 101)
    waiting.ends = ids('e', 2_001)
    await alarm.run()
    expect([done.filter((id) => /^r\d/.test(id)).length, waiting.requests.length]).toEqual([100, 1])
    expect([done.filter((id) => /^e\d/.test(id)).length, waiting.ends.length]).toEqual([2_000, 1])
  })
  it('waits a second for what is outside, and is set anew before and after that', async () => {
    const landed = Promise.withResolvers<void>()
    const { alarm, world, settings, sleeps } = makeChores({ publish: () => landed.promise })
    world.publishAt = 500
    const ringing = alarm.run()
    await new Promise((done) => setTimeout(done))
    expect([sleeps.map(({ ms }) => ms), settings]).toEqual([[1_000], []])
    sleeps[0]?.pass()
    await ringing
    expect(settings).toEqual([500, 500])
    world.publishAt = null
    landed.resolve()
    await new Promise((done) => setTimeout(done))
    // Nothing waits any more.
    expect(settings).toEqual([500, 500, null])
  })
  it('goes on where a stage fails, and is set anew all the same', async () => {
    const { alarm, done, world, settings } = makeChores({
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
  it('sets no alarm for a stash that is gone by then', async () => {
    const { alarm, world, settings } = makeChores({ deleteIfDrained: async () => void (world.exists = false) })
    world.heldAt = 900
    await alarm.run()
    expect(settings).toEqual([])
  })
})

describe('Alarm.releaseDueEnds', () => {
  it('is one run at a time, which all who need it wait for', async () => {
    const { alarm, done, waiting } = makeChores()
    waiting.ends = ['a']
    await Promise.all([alarm.releaseDueEnds(), alarm.releaseDueEnds()])
    expect(done).toEqual(['durable', 'a', 'durable'])
    waiting.ends = ['b']
    await alarm.releaseDueEnds()
    expect(done).toContain('b')
  })
  it('carries out for a caller also what became due after the run that it waited for had looked', async () => {
    const { alarm, done, waiting } = makeChores()
    waiting.ends = ['a']
    const first = alarm.releaseDueEnds().then(() => void (waiting.ends = ['b']))
    await Promise.all([first, alarm.releaseAllDueEnds()])
    expect(done).toEqual(['durable', 'a', 'durable', 'durable', 'b', 'durable'])
    await alarm.releaseAllDueEnds()
    expect(done).toHaveLength(6)
  })
  it('resolves with the time at which no end was due, though the clock goes on', async () => {
    const times = [9, 60]
    const asked: number[] = []
    const { alarm } = makeChores({
      now: () => times.shift() ?? 99,
      hasDueEnd: (at) => asked.push(at) > 0 && at >= 10,
    })
    expect([await alarm.releaseAllDueEnds(), asked]).toEqual([9, [9]])
  })
  it('gives up where ends cannot be taken', async () => {
    const { alarm, world } = makeChores({
      hasDueEnd: () => true,
      takeDue: () => {
        throw new Error('the disk is full')
      },
    })
    await alarm.releaseAllDueEnds()
    expect(new Set(world.reports)).toEqual(new Set(['the disk is full']))
  })
  it('takes up what becomes due meanwhile', async () => {
    const { alarm, waiting, done } = makeChores({
      release: (id) => void (done.push(id) && id === 'a' && waiting.ends.push('b')),
    })
    waiting.ends = ['a']
    await alarm.releaseDueEnds()
    expect(done.filter((what) => what !== 'durable')).toEqual(['a', 'b'])
  })
  it('takes one of those that did not end, and sets the alarm anew for the others', async () => {
    const { alarm, waiting, settings, world, done } = makeChores()
    waiting.tried_ends = ['a', 'b']
    world.heldAt = 700
    await alarm.releaseDueEnds()
    expect([done.includes('a'), done.includes('b'), settings]).toEqual([true, false, [700]])
  })
  it('leaves the alarm alone where nothing was due', async () => {
    const { alarm, settings, world } = makeChores()
    world.heldAt = 700
    await alarm.releaseDueEnds()
    expect(settings).toEqual([])
  })
})

describe('Alarm.schedule', () => {
  it('sets what is sooner, and nothing that is as late or later', () => {
    const { alarm, settings, world } = makeChores()
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
