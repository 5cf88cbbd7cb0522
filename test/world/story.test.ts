import { afterEach, describe, expect, it } from 'vitest'
import { PLANTS } from './plants.ts'
import type { KvState } from './kv-model.ts'
import type { ObjectState } from './object-host.ts'
import { getPastCopy } from './story/past.ts'
import { findFailure, shorten, trace } from './story/run-many.ts'
import { World, type WorldOptions } from './world.ts'

/** `npm run world -- stories --seeds A..B` runs other seeds, and `npm run world -- story --seed N` prints one story step by step. */
const STORIES = [
  { from: 1, to: 70 },
  { from: 71, to: 140 },
  { from: 141, to: 210 },
]
/** The number of stories within which every planted fault must be found. */
const FOUND_WITHIN = 1_000

describe('a stash, its object, KV, and readers in many places', () => {
  it.each(STORIES)('lose no acknowledged write and agree once the faults end: seeds $from to $to', async (seeds) => {
    const failure = await findFailure(seeds)
    const shown =
      failure && `seed ${failure.seed}: ${failure.faults[0]?.message}\n${await trace(await shorten(failure))}`
    expect(shown).toBeNull()
  })
})

describe('the stories', () => {
  it.each(PLANTS)('find a planted fault: %s', async (plant) => {
    const failure = await findFailure({ from: 1, to: FOUND_WITHIN }, plant)
    expect(failure?.faults).not.toEqual([])
    expect(failure).not.toBeNull()
  })
})

let world: World | null = null

afterEach(() => {
  world?.end()
  world = null
})

async function begin(options: Omit<WorldOptions, 'places' | 'isolates' | 'mode'>): Promise<World> {
  const from = await getPastCopy('long')
  return (world = new World({ from, places: 1, isolates: 1, mode: 'vouched', ...options }))
}

/** Reads through the place's only isolate. Returns null if there is no answer within `ms`. */
async function answerWithin(ms: number, { places: [place], clock, answer }: World) {
  if (place === undefined) throw new Error('a world without places')
  const asked = answer(place, { key: 'a' })
  await clock.pass(ms)
  return Promise.race([asked, null])
}

describe('an isolate without a cache entry', () => {
  const kvStates: KvState[] = ['up', 'slow', 'down']
  const objectStates: ObjectState[] = ['up', 'slow', 'overloaded', 'dead', 'hanging']
  const cases = kvStates.flatMap((kv) => objectStates.map((object) => ({ kv, object })))

  it.each(cases)(
    'answers if KV or the object is reachable, else with 503: KV $kv, object $object',
    async ({ kv, object }) => {
      for (let seed = 0; seed < 20; seed++) {
        const one = await begin({ seed })
        await one.clock.pass(30_000)
        one.kv.state = kv
        one.object.state = object
        const isReachable = kv !== 'down' || object === 'up' || object === 'slow'
        expect((await answerWithin(15_000, one))?.status).toBe(isReachable ? 200 : 503)
        one.end()
      }
      world = null
    },
  )
})

describe('an isolate with a cache entry', () => {
  it('serves the last known value for an hour while KV and the object are unreachable', async () => {
    const one = await begin({ seed: 1 })
    await one.clock.pass(5_000)
    const before = await answerWithin(2_000, one)
    one.kv.state = 'down'
    one.object.state = 'dead'
    await one.clock.pass(3_600_000)
    const after = await answerWithin(15_000, one)
    expect(before).toMatchObject({ status: 200, value: 'p258' })
    expect(after).toMatchObject({ status: 200, value: 'p258' })
  })
})
