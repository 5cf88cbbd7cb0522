import { describe, expect, it } from 'vitest'
import { LAYOUT } from '../../src/model/snapshot/snapshot.ts'
import { KV_PUT_INTERVAL_MS, Publisher, type Cursor } from '../../src/stash/publish/publisher.ts'

/** An outbox with a simulated clock. Each put waits until the test settles it. */
function makeOutbox() {
  const world = {
    now: 1_000_000,
    head: 1,
    confirm: (): Promise<void> | null => null,
    cursor: { revision: 0, triedAt: 0, failures: 0, pending: false, layout: LAYOUT } as Cursor,
  }
  const puts: { text: string; at: number; land(): void; fail(): void }[] = []
  const publisher = new Publisher(
    {
      head: () => world.head,
      cursor: () => world.cursor,
      setCursor: (cursor) => {
        world.cursor = cursor
      },
      confirm: () => world.confirm(),
      compose: () => ({ revision: world.head, text: `revision ${world.head}`, metadata: { deleted: true } }),
      put: (text) =>
        new Promise((resolve, reject) => {
          puts.push({ text, at: world.now, land: resolve, fail: () => reject(new Error('429')) })
        }),
      report: () => {},
    },
    () => world.now,
  )
  return { world, puts, publisher }
}

describe('Publisher', () => {
  it('puts at once, and has nothing to do once the put has succeeded', async () => {
    const { world, puts, publisher } = makeOutbox()
    expect(publisher.dueAt()).toBeLessThanOrEqual(world.now)
    const run = publisher.run()
    puts[0]?.land()
    await run
    expect(publisher.dueAt()).toBeNull()
    expect(world.cursor.revision).toBe(1)
  })
  it('never has two puts in flight, and merges waiting revisions into one', async () => {
    const { world, puts, publisher } = makeOutbox()
    const run = publisher.run()
    world.head = 5
    world.now += 2_000
    await publisher.run()
    expect(puts).toHaveLength(1)
    puts[0]?.land()
    await run
    world.now = publisher.dueAt() ?? Infinity
    const next = publisher.run()
    expect(puts.map(({ text }) => text)).toEqual(['revision 1', 'revision 5'])
    puts[1]?.land()
    await next
    expect(publisher.dueAt()).toBeNull()
  })
  it('leaves at least 1.1 s between puts', async () => {
    const { world, puts, publisher } = makeOutbox()
    const run = publisher.run()
    puts[0]?.land()
    await run
    world.head = 2
    world.now += KV_PUT_INTERVAL_MS - 1
    await publisher.run()
    expect(puts).toHaveLength(1)
    world.now += 1
    void publisher.run()
    expect(puts).toHaveLength(2)
  })
  it('retries while KV refuses, with a growing back-off up to a minute', async () => {
    const { world, puts, publisher } = makeOutbox()
    const hour = world.now + 3_600_000
    while (world.now < hour) {
      const run = publisher.run()
      puts.at(-1)?.fail()
      await run
      world.now = publisher.dueAt() ?? Infinity
    }
    const gaps = puts.slice(1).map(({ at }, i) => at - (puts[i]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(KV_PUT_INTERVAL_MS)
    expect(gaps.at(-1)).toBe(60_000)
    expect(world.cursor).toMatchObject({ revision: 0 })
    const run = publisher.run()
    puts.at(-1)?.land()
    await run
    expect(world.cursor).toMatchObject({ revision: 1, failures: 0 })
  })
  it('puts again if an abandoned put succeeds after its successor', async () => {
    const { world, puts, publisher } = makeOutbox()
    const lost = publisher.run()
    world.head = 2
    world.now = publisher.dueAt() ?? Infinity
    const second = publisher.run()
    expect(puts.map(({ text }) => text)).toEqual(['revision 1', 'revision 2'])
    puts[1]?.land()
    await second
    expect(publisher.dueAt()).toBeNull()
    puts[0]?.land()
    await lost
    expect(publisher.dueAt()).not.toBeNull()
    world.now = publisher.dueAt() ?? Infinity
    void publisher.run()
    expect(puts.map(({ text }) => text)).toEqual(['revision 1', 'revision 2', 'revision 2'])
  })
  it('is not delayed by a clock that was set back', () => {
    const { world, puts, publisher } = makeOutbox()
    world.cursor = { ...world.cursor, triedAt: world.now + 86_400_000 }
    const before = world.now
    world.now = publisher.dueAt() ?? Infinity
    void publisher.run()
    expect(puts.map(({ at }) => at - before)).toEqual([KV_PUT_INTERVAL_MS])
  })
})

describe('Publisher, before its first put', () => {
  it('waits as long as for a lost put if the stash was restored from an older state', async () => {
    const { world, puts, publisher } = makeOutbox()
    // A put that was pending when this instance began is lost by now, and does not count.
    world.cursor = { ...world.cursor, pending: true, triedAt: world.now - 15_000 }
    world.confirm = async () => {
      // KV is read.
      await Promise.resolve()
      world.head = 1_003
      world.cursor = { ...world.cursor, pending: true, triedAt: world.now }
    }
    await publisher.run()
    expect([puts.length, publisher.dueAt()]).toEqual([0, world.now + 15_000])
    world.confirm = () => null
    world.now += 15_000
    void publisher.run()
    expect(puts.map(({ text }) => text)).toEqual(['revision 1003'])
  })
  it('waits until it has read KV, and puts the present revision then', async () => {
    const { world, puts, publisher } = makeOutbox()
    const confirmed = Promise.withResolvers<void>()
    world.confirm = () => confirmed.promise
    const run = publisher.run()
    // An alarm that runs meanwhile starts nothing, and is not due at once.
    world.now += KV_PUT_INTERVAL_MS
    await publisher.run()
    expect(puts).toHaveLength(0)
    expect(publisher.dueAt()).toBeGreaterThan(world.now + 5_000)
    world.head = 9
    confirmed.resolve()
    await Promise.resolve()
    await Promise.resolve()
    expect(puts.map(({ text }) => text)).toEqual(['revision 9'])
    puts[0]?.land()
    await run
    expect(world.cursor).toMatchObject({ revision: 9, pending: false })
  })
  it('reads KV again after a back-off if the read fails, and still knows how far KV is', async () => {
    const { world, puts, publisher } = makeOutbox()
    const before = { ...world.cursor, failures: 1 }
    world.cursor = before
    const failing = Promise.withResolvers<void>()
    world.confirm = () => failing.promise
    const run = publisher.run()
    world.now += 300
    failing.reject(new Error('KV GET failed: 500'))
    await run
    expect(world.cursor).toEqual({ ...before, triedAt: world.now })
    // A put that failed, and a read of KV that failed.
    expect(publisher.dueAt()).toBe(world.now + KV_PUT_INTERVAL_MS * 2 ** 2)
    expect(puts).toHaveLength(0)
  })
  it('puts all the same if reads of KV have failed for a quarter of an hour, because puts may succeed', async () => {
    const { world, puts, publisher } = makeOutbox()
    world.confirm = () => Promise.reject(new Error('KV GET failed: 500'))
    const before = world.now
    let tries = 0
    while (puts.length === 0 && tries < 50) {
      tries++
      world.now = Math.max(world.now, publisher.dueAt() ?? Infinity)
      void publisher.run()
      for (let i = 0; i < 5; i++) await Promise.resolve()
    }
    expect(tries).toBe(21)
    expect(world.now - before).toBeGreaterThan(15 * 60_000)
    expect(puts).toHaveLength(1)
  })
})

describe('Publisher, of a stash with another layout in KV', () => {
  it('puts it again once', async () => {
    const { world, puts, publisher } = makeOutbox()
    world.cursor = { ...world.cursor, revision: world.head, layout: LAYOUT - 1 }
    expect(publisher.dueAt()).not.toBeNull()
    const run = publisher.run()
    puts[0]?.land()
    await run
    expect(publisher.dueAt()).toBeNull()
    expect(puts).toHaveLength(1)
  })
})
