/**
 * `npm run world`: measures in the simulated world how stale reads are and what confirmations cost readers. Nothing here
 * was measured on Cloudflare.
 *
 * The first table has reads through the cache in front, from many places around some flips, for five setups. The second
 * has reads that bypass that cache, as evaluations do, at two rates and by the distance of the object.
 */
import type { ReadMode } from '../../src/edge/stores.ts'
import { quantile } from '../bench/figures.ts'
import type { Answer } from './cache-model.ts'
import { ASSUMED } from './constants.ts'
import type { Random } from './random.ts'
import { InvariantViolation } from './kv-model.ts'
import type { Place } from './reader.ts'
import { MASTER } from './objects.ts'
import { printHeader, printRow, type Print } from './table.ts'
import { World } from './world.ts'

const KEY = 'flag'
const PLACES = ASSUMED.places
const FLIPS = 30
const WINDOW_MS = 60_000
const READS = 1_000_000
const TICKS = Math.round(READS / FLIPS / PLACES)
const TICK_MS = WINDOW_MS / TICKS

type Setup = { name: string; mode: ReadMode; prepare?(world: World): void; isNaive?: boolean }

const SETUPS: Setup[] = [
  { name: 'naive: KV.get on every read', mode: 'kv', isNaive: true },
  { name: 'READ_MODE=kv', mode: 'kv' },
  { name: 'vouched', mode: 'vouched' },
  { name: 'vouched, every purge lost', mode: 'vouched', prepare: (world) => (world.cache.purges = 'lost') },
  // Readers cannot reach the object until the end; writes still reach it and are published.
  { name: 'vouched, object out of reach', mode: 'vouched', prepare: (world) => (world.object.state = 'hanging') },
]

/** Writes a new value directly to the object, which works even if readers cannot reach it. */
async function flip(world: World): Promise<void> {
  const value = `at ${world.clock.now()}`
  const intent = { kind: 'put', key: KEY, value, type: 'text/plain' } as const
  const applied = await world.object.wake().object.apply({ credential: MASTER, intent })
  if (!applied.ok) throw new InvariantViolation(`a flip was refused: ${applied.refusal.code}`)
}

/** Returns for how long this revision had been outdated at the time of the request; null if it was current. */
function getStaleness(world: World, revision: number, askedAt: number, head: number): number | null {
  if (revision >= head) return null
  const next = world.truth.states.find((state) => state.revision === revision + 1)
  return askedAt - (next?.at ?? askedAt)
}

type Figures = { reads: number; runs: number; stale: number[]; freshAfter: number[]; world: World }

async function measure({ mode, prepare, isNaive = false }: Setup): Promise<Figures> {
  const world = new World({ seed: 1, places: PLACES, isolates: ASSUMED.isolatesPerPlace, mode })
  await flip(world)
  await world.clock.pass(5_000)
  await Promise.all([...world.places.map((place) => readOnce(world, place, isNaive)), world.clock.pass(WINDOW_MS)])
  prepare?.(world)
  world.kv.reads = world.kv.writes = world.object.requests = world.runs = 0

  const stale: number[] = []
  const freshAfter: number[] = []
  for (let i = 0; i < FLIPS; i++) {
    // Flips at different ages of the cache entries, because the age decides how stale a read can be.
    await world.clock.pass(world.random.between(0, 5_000))
    await flip(world)
    const flippedAt = world.clock.now()
    const lastStaleAt = new Map<number, number>()
    const ask = (place: Place): void => {
      const askedAt = world.clock.now()
      const head = world.truth.head.revision
      const note = ({ revision }: Pick<Answer, 'revision'>): void => {
        const staleness = revision === null ? null : getStaleness(world, revision, askedAt, head)
        if (staleness === null) return
        stale.push(staleness)
        lastStaleAt.set(place.number, askedAt)
      }
      const held = isNaive ? null : world.getCached(place, KEY)
      if (held !== null) note(held)
      else void readOnce(world, place, isNaive).then(note)
    }
    for (let tick = 0; tick < TICKS; tick++) {
      // Spreads the places over the tick, because a purge takes less time than a tick.
      for (const place of world.places) {
        world.clock.at(world.clock.now() + (place.number / PLACES) * TICK_MS, () => ask(place))
      }
      await world.clock.pass(TICK_MS)
    }
    for (const { number } of world.places) freshAfter.push((lastStaleAt.get(number) ?? flippedAt) - flippedAt)
  }
  world.end()
  return { reads: TICKS * PLACES * FLIPS, runs: world.runs, stale, freshAfter, world }
}

async function readOnce(world: World, place: Place, isNaive: boolean): Promise<Pick<Answer, 'revision'>> {
  if (!isNaive) return world.read(place, KEY)
  world.runs++
  const text = await world.kv.get(place.number)
  return { revision: text === null ? null : (JSON.parse(text) as { revision: number }).revision }
}

/** Returns the quantile over all reads. Those that are not in `stale` count as 0. */
function quantileOfAll(stale: number[], reads: number, q: number): number {
  const fresh = reads - stale.length
  return q * reads < fresh ? 0 : quantile(stale, (q * reads - fresh) / stale.length)
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

async function measureFreshness(): Promise<string[][]> {
  const rows = [['', 'p50', 'p99', 'max', 'place fresh p50', 'p99', 'KV reads', 'object calls', '$ / 1M reads']]
  for (const setup of SETUPS) {
    const { reads, runs, stale, freshAfter, world } = await measure(setup)
    const perMillion = 1_000_000 / reads
    const dollars =
      ASSUMED.requestPrice +
      (perMillion *
        (runs * ASSUMED.cpuMsPerRun * ASSUMED.cpuMsPrice +
          world.kv.reads * ASSUMED.kvReadPrice +
          world.kv.writes * ASSUMED.kvWritePrice +
          world.object.requests * ASSUMED.objectPrice)) /
        1_000_000
    rows.push([
      setup.name,
      ...[0.5, 0.99, 1].map((q) => seconds(quantileOfAll(stale, reads, q))),
      ...[0.5, 0.99].map((q) => seconds(quantile(freshAfter, q))),
      String(Math.round(world.kv.reads * perMillion)),
      String(Math.round(world.object.requests * perMillion)),
      `$${dollars.toFixed(3)}`,
    ])
  }
  return rows
}

const RATES = [2, 10]
const ISOLATES_EACH = ASSUMED.isolatesPerBusyPlace
const EVALUATIONS_MS = 1_200_000
const FLIP_EACH_MS = 60_000

export type Confirmed = {
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
export async function measureConfirmations(
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

async function measureAllConfirmations(): Promise<string[][]> {
  const rows = [
    [
      'round trip',
      'reads/s',
      'arrivals',
      'reads that wait',
      'wait p99',
      'unconfirmed',
      'stale p99',
      'max',
      'calls/read',
    ],
  ]
  for (const perSecond of RATES) {
    for (const roundTripMs of ASSUMED.roundTripsMs) {
      for (const arrivals of ARRIVALS) {
        const found = await measureConfirmations(roundTripMs, perSecond, arrivals)
        const { reads, waited, waits, stale, unconfirmed, calls } = found
        rows.push([
          `${roundTripMs} ms`,
          String(perSecond),
          arrivals,
          `${((100 * waited) / reads).toFixed(1)} %`,
          `${quantile(waits, 0.99).toFixed(0)} ms`,
          `${((100 * unconfirmed) / reads).toFixed(1)} %`,
          ...[0.99, 1].map((q) => seconds(quantileOfAll(stale, reads, q))),
          (calls / reads).toFixed(2),
        ])
      }
    }
  }
  return rows
}

export async function printFreshness(print: Print): Promise<void> {
  const perSecond = (1_000 / TICK_MS).toFixed(1)
  print(`Simulated: ${PLACES} places, ${READS} reads, ${FLIPS} flips, ${perSecond} reads a second in each place\n`)
  printTable(await measureFreshness(), print)
  const flips = EVALUATIONS_MS / FLIP_EACH_MS
  print(`\nSimulated: reads past the cache in front, in ${ISOLATES_EACH} isolates of one place, ${flips} flips\n`)
  printTable(await measureAllConfirmations(), print)
}

function printTable([header = [], ...rows]: string[][], print: Print): void {
  printHeader(header, print)
  for (const row of rows) printRow(row, print)
}
