import { describe, expect, it } from 'vitest'
import { Alarm, type Chores } from '../../src/stash/alarm.ts'

/** One held change is due at 100. What the alarm was set to, in order. */
function begin(): { alarm: Alarm; settings: (number | null)[] } {
  const settings: (number | null)[] = []
  let due: number | null = 100
  const none = async (): Promise<void> => {}
  const chores: Chores = {
    now: () => 100,
    sleep: () => new Promise(() => {}),
    setAlarm: (at) => void settings.push(at),
    publishAt: () => null,
    heldAt: () => due,
    hubAt: () => null,
    pruneAt: () => null,
    takeDue: (kind) => (kind === 'ends' && due !== null ? ['one'] : []),
    durable: none,
    release: () => void (due = null),
    prune: () => {},
    publish: none,
    tell: none,
    examineAt: () => null,
    tidy: none,
    exists: () => true,
    report: (fault) => expect.unreachable(String(fault)),
  }
  return { alarm: new Alarm(chores), settings }
}

describe('Alarm.wake', () => {
  it('sets an alarm for what is overdue, since the one that was set may have been dropped', () => {
    const { alarm, settings } = begin()
    alarm.wake(100)
    expect(settings).toEqual([100])
  })
  it('leaves the alarm alone that is to ring yet: setting it costs a write', () => {
    const { alarm, settings } = begin()
    alarm.wake(99)
    expect(settings).toEqual([])
  })
  it('leaves none behind where the object was woken by its alarm, and nothing waits any more', async () => {
    const { alarm, settings } = begin()
    alarm.wake(100)
    await alarm.ring()
    expect(settings).toEqual([100, null])
  })
})
