/**
 * The second table of `npm run world`: reads that bypass the cache in front, as evaluations do, at two rates and by the distance of the
 * object.
 */
import { quantile } from '../bench/figures.ts'
import { ASSUMED } from './constants.ts'
import { flip, getStaleness, KEY, quantileOfAll, seconds } from './flips.ts'
import type { Random } from './random.ts'
import { printHeader, printRow, type Print } from './table.ts'
import { World } from './world.ts'

const RATES = [2, 10]
const ISOLATES_EACH = ASSUMED.isolatesPerBusyPlace
const EVALUATIONS_MS = 1_200_000
const FLIP_EACH_MS = 60_000

type Confirmed = {
  reads: number
  waited: number
  waits: number[]
  stale: number[]
  unconfirmed: number
  calls: number
}

/** The pause between two reads, in mean pauses: of one service at a steady rate, and of many services at random. */
const PAUSES = {
  steady: (random: Random) => random.between(0.9, 1.1),
  random: (random: Random) => -Math.log(1 - random()),
}
type Arrivals = keyof typeof PAUSES
const ARRIVALS: Arrivals[] = ['steady', 'random']

/** Measures reads in the isolates of one place at a given rate per isolate, while the flag is flipped once a minute. */
async function measureConfirmations(
  roundTripMs: number,
  perSecond: number,
  arrivals: Arrivals,
  forMs = EVALUATIONS_MS,
): Promise<Confirmed> {
  const distanceMs = roundTripMs / 2
  const world = new World({
    seed: 2,
    places: 1,
    isolates: ISOLATES_EACH,
    mode: 'vouched',
    nearMs: distanceMs,
    farMs: distanceMs,
  })
  const [place] = world.places
  if (place === undefined) throw new Error('a world without places')
  await flip(world)
  await world.clock.pass(5_000)
  const found: Confirmed = { reads: 0, waited: 0, waits: [], stale: [], unconfirmed: 0, calls: 0 }
  for (const isolate of place.isolates) void world.answer(place, { key: KEY }, isolate)
  await world.clock.pass(10_000)
  world.object.requests = 0
  const read = async (isolate: (typeof place.isolates)[number]): Promise<void> => {
    const askedAt = world.clock.now()
    const head = world.truth.head.revision
    const { revision, cacheControl } = await world.answer(place, { key: KEY }, isolate)
    found.reads++
    const waited = world.clock.now() - askedAt
    if (waited > 0) found.waited++
    found.waits.push(waited)
    // The service gives an unconfirmed response a max-age of one second.
    if (cacheControl.includes('max-age=1,')) found.unconfirmed++
    const staleness = revision === null ? null : getStaleness(world, revision, askedAt, head)
    if (staleness !== null) found.stale.push(staleness)
  }
  const end = world.clock.now() + forMs
  for (const isolate of place.isolates) {
    for (let at = world.clock.now(); at < end; at += PAUSES[arrivals](world.random) * (1_000 / perSecond)) {
      world.clock.at(at, () => void read(isolate))
    }
  }
  for (let at = world.clock.now(); at < end; at += FLIP_EACH_MS) {
    world.clock.at(at + world.random.between(0, FLIP_EACH_MS), () => void flip(world))
  }
  await world.clock.pass(forMs + 10_000)
  found.calls = world.object.requests
  world.end()
  return found
}

export async function printConfirmations(print: Print): Promise<void> {
  const flips = EVALUATIONS_MS / FLIP_EACH_MS
  print(`\nSimulated: reads past the cache in front, in ${ISOLATES_EACH} isolates of one place, ${flips} flips\n`)
  const header = [
    'round trip',
    'reads/s',
    'arrivals',
    'reads that wait',
    'wait p99',
    'unconfirmed',
    'stale p99',
    'max',
    'calls/read',
  ]
  printHeader(header, print)
  for (const perSecond of RATES) {
    for (const roundTripMs of ASSUMED.roundTripsMs) {
      for (const arrivals of ARRIVALS) {
        const found = await measureConfirmations(roundTripMs, perSecond, arrivals)
        const { reads, waited, waits, stale, unconfirmed, calls } = found
        const cells = [
          `${roundTripMs} ms`,
          String(perSecond),
          arrivals,
          `${((100 * waited) / reads).toFixed(1)} %`,
          `${quantile(waits, 0.99).toFixed(0)} ms`,
          `${((100 * unconfirmed) / reads).toFixed(1)} %`,
          ...[0.99, 1].map((q) => seconds(quantileOfAll(stale, reads, q))),
          (calls / reads).toFixed(2),
        ]
        printRow(cells, print)
      }
    }
  }
}
