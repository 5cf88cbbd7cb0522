import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from './cache-model.ts'
import type { KvState } from './kv-model.ts'
import type { ObjectState } from './object-model.ts'
import { WatcherModel } from './watcher-model.ts'
import { World } from './world.ts'

/** A failed story prints its seed and path; WORLD_SEED=… WORLD_RUNS=… npm test -- --project world tells others. */
const SEED = Number(process.env['WORLD_SEED'] ?? 20_261_124)
const RUNS = Number(process.env['WORLD_RUNS'] ?? 500)

/** Memory 1 s, then the cache: 5 s and 5 s more while it fetches; deadlines and distances on the way. */
const FRESH_WITHIN_MS = 1_000 + 5_000 + 5_000 + 6_000
/** The longest that KV may be away from a publisher's view: its slowest retry, and a put presumed lost before. */
const PUBLISHED_WITHIN_MS = 60_000 + 15_000 + 10_000

type Step =
  | { do: 'write' }
  | { do: 'crash' }
  | { do: 'wait'; ms: number }
  | { do: 'read'; place: number; direct: boolean }
  | { do: 'kv'; state: KvState }
  | { do: 'object'; state: ObjectState }
  | { do: 'purges'; fate: 'kept' | 'lost' }
  | { do: 'watch' }
  | { do: 'drop'; watcher: number }
  | { do: 'hibernate' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Step>({ do: 'write' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'crash' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1_000, max: 70_000 })),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('read' as const), place: fc.nat({ max: 2 }), direct: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('kv' as const), state: fc.constantFrom<KvState>('up', 'slow', 'down') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('object' as const),
      state: fc.constantFrom<ObjectState>('up', 'slow', 'overloaded', 'dead'),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'watch' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), watcher: fc.nat({ max: 5 }) }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'hibernate' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('purges' as const),
      fate: fc.constantFrom('kept' as const, 'lost' as const),
    }),
  },
)

/** Carries out a step, and returns the promise of a read so that others can happen before it is answered. */
async function carryOut(
  world: World,
  taken: Step,
  answered: (answer: Answer) => void,
  broke: (fault: unknown) => void,
): Promise<void> {
  switch (taken.do) {
    case 'write':
      world.object.write()
      return
    case 'crash':
      return world.object.crash()
    case 'hibernate':
      return world.object.hibernate()
    case 'watch':
      if (world.watchers.length < 6) world.watchers.push(new WatcherModel(world))
      return
    case 'drop':
      return world.watchers[taken.watcher]?.drop()
    case 'wait':
      return world.clock.pass(taken.ms)
    case 'kv':
      world.kv.state = taken.state
      return
    case 'object':
      world.object.state = taken.state
      return
    case 'purges':
      world.cache.purges = taken.fate
      return
    case 'read': {
      const place = world.places[taken.place]
      if (place !== undefined) void (taken.direct ? world.answer(place) : world.read(place)).then(answered, broke)
    }
  }
}

/** At the head, having seen every revision once and in order, or a snapshot in place of those that it missed. */
function expectWhole({ told, last }: WatcherModel, head: number): void {
  expect(last).toBe(head)
  for (const [i, { type, revision, flags, changes }] of told.entries()) {
    expect((flags ?? changes)?.['n']).toBe(type === 'snapshot' && revision === 0 ? '0' : String(revision))
    const before = told[i - 1]?.revision ?? -1
    const follows = type === 'snapshot' ? revision > before : i > 0 && revision === before + 1
    expect(follows, `${type} ${revision} after ${before}`).toBe(true)
  }
}

const modes = ['vouched', 'kv'] as const

describe.each(modes)('a world that reads in the mode %s', (mode) => {
  const stories = fc.record({ seed: fc.nat(), steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }) })

  it('loses nothing, never goes backwards, and is fresh everywhere once the faults end', async () => {
    await fc.assert(
      fc.asyncProperty(stories, async ({ seed, steps }) => {
        const world = new World({ seed, places: 3, isolates: 2, mode })
        const faults: unknown[] = []
        const answers: Answer[] = []
        await world.clock.pass(2_000)
        for (const taken of steps) {
          await carryOut(
            world,
            taken,
            (answer) => answers.push(answer),
            (fault) => faults.push(fault),
          )
        }
        // Peace: every fault ends, and nobody writes any more.
        world.kv.state = 'up'
        world.object.state = 'up'
        await world.clock.pass(PUBLISHED_WITHIN_MS)
        expect(faults).toEqual([])
        expect(world.object.broken).toBeNull()
        for (const watcher of world.watchers) expectWhole(watcher, world.object.head)
        for (const { status, revision } of answers) {
          expect([200, 503]).toContain(status)
          expect(revision ?? 0).toBeLessThanOrEqual(world.object.head)
        }
        // Every acknowledged write is in KV, whatever crashed between its commit and the put.
        expect(world.kv.latest?.revision).toBe(world.object.head)

        // KV's own caches are as late as they are; what is promised then holds for the mode that does not believe them.
        const within = mode === 'vouched' ? FRESH_WITHIN_MS : 60_000 + 10_000 + FRESH_WITHIN_MS
        for (const place of world.places) void world.read(place)
        await world.clock.pass(within)
        for (const place of world.places) void world.read(place)
        await world.clock.pass(6_000)
        const last = world.places.map((place) => world.read(place))
        await world.clock.pass(6_000)
        for (const answer of last) expect(await answer).toMatchObject({ status: 200, revision: world.object.head })
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

describe('with a cold isolate', () => {
  const kvStates: KvState[] = ['up', 'slow', 'down']
  const objectStates: ObjectState[] = ['up', 'slow', 'overloaded', 'dead']
  const cases = kvStates.flatMap((kv) => objectStates.map((object) => ({ kv, object })))

  it.each(cases)('KV $kv and the object $object: answered where either lives, else 503', async ({ kv, object }) => {
    for (let seed = 0; seed < 20; seed++) {
      const world = new World({ seed, places: 1, isolates: 1, mode: 'vouched' })
      world.object.write()
      await world.clock.pass(30_000)
      world.kv.state = kv
      world.object.state = object
      const answer = world.answer(world.places[0]!)
      await world.clock.pass(15_000)
      const reachable = kv !== 'down' || object === 'up' || object === 'slow'
      expect((await answer).status).toBe(reachable ? 200 : 503)
    }
  })
})

describe('with both stores dead', () => {
  it('serves what was known last, for as long as it takes', async () => {
    const world = new World({ seed: 1, places: 1, isolates: 1, mode: 'vouched' })
    world.object.write()
    await world.clock.pass(5_000)
    const before = world.answer(world.places[0]!)
    await world.clock.pass(2_000)
    world.kv.state = 'down'
    world.object.state = 'dead'
    await world.clock.pass(3_600_000)
    const after = world.answer(world.places[0]!)
    await world.clock.pass(15_000)
    expect(await before).toMatchObject({ status: 200, revision: 1 })
    expect(await after).toMatchObject({ status: 200, revision: 1 })
  })
})
