/**
 * `npm run world`: the map of freshness. A million reads from 300 places around thirty flips, for five ways to read,
 * in the simulated world: how stale they were, and what they cost. Nothing here was measured on Cloudflare.
 */
import type { ReadMode } from '../../src/edge/stores.ts'
import { quantile } from '../bench/figures.ts'
import type { Answer } from './cache-model.ts'
import { World, type Place } from './world.ts'

const PLACES = 300
const FLIPS = 30
const WINDOW_MS = 60_000
const READS = 1_000_000
const TICKS = Math.round(READS / FLIPS / PLACES)
const TICK_MS = WINDOW_MS / TICKS

/** Cloudflare's list prices, in dollars per million. A read that runs the Worker takes some 0.2 ms of CPU. */
const PRICE = { request: 0.3, cpuMs: 0.02, kvRead: 0.5, kvWrite: 5, object: 0.15 }
const CPU_MS_PER_RUN = 0.2

type Way = { name: string; mode: ReadMode; prepare?(world: World): void; naive?: true }

const WAYS: Way[] = [
  { name: 'naive: KV.get on every read', mode: 'kv', naive: true },
  { name: 'READ_MODE=kv', mode: 'kv' },
  { name: 'vouched', mode: 'vouched' },
  { name: 'vouched, every purge lost', mode: 'vouched', prepare: (world) => (world.cache.purges = 'lost') },
  // Readers cannot reach it for half an hour; writes still land and are published.
  { name: 'vouched, object out of reach', mode: 'vouched', prepare: (world) => (world.object.outOfReach = true) },
]

type Figures = { reads: number; runs: number; stale: number[]; freshAfter: number[]; world: World }

async function measure({ mode, prepare, naive }: Way): Promise<Figures> {
  const world = new World({ seed: 1, places: PLACES, isolates: 1, mode })
  await world.clock.pass(5_000)
  await Promise.all([...world.places.map((place) => readOnce(world, place, naive)), world.clock.pass(WINDOW_MS)])
  prepare?.(world)
  world.kv.reads = world.kv.writes = world.object.requests = world.runs = 0

  const stale: number[] = []
  const freshAfter: number[] = []
  for (let flip = 0; flip < FLIPS; flip++) {
    // Somewhere in the lifetime of what the places hold: not all flips meet them alike.
    await world.clock.pass(world.dice.between(0, 5_000))
    world.object.write()
    const flippedAt = world.clock.now()
    const lastStaleAt = new Map<number, number>()
    const ask = (place: Place): void => {
      const askedAt = world.clock.now()
      const head = world.object.head
      const note = ({ revision }: Pick<Answer, 'revision'>): void => {
        if (revision === null || revision >= head) return
        stale.push(askedAt - (world.object.madeAt[revision + 1] ?? askedAt))
        lastStaleAt.set(place.number, askedAt)
      }
      const held = naive ? null : world.atHand(place)
      if (held !== null) note(held)
      else void readOnce(world, place, naive).then(note)
    }
    for (let tick = 0; tick < TICKS; tick++) {
      // Each place asks at its own moment of the tick: a purge is quicker than a tick is long.
      for (const place of world.places) {
        world.clock.at(world.clock.now() + (place.number / PLACES) * TICK_MS, () => ask(place))
      }
      await world.clock.pass(TICK_MS)
    }
    for (const { number } of world.places) freshAfter.push((lastStaleAt.get(number) ?? flippedAt) - flippedAt)
  }
  return { reads: TICKS * PLACES * FLIPS, runs: world.runs, stale, freshAfter, world }
}

async function readOnce(world: World, place: Place, naive?: true): Promise<Pick<Answer, 'revision'>> {
  if (!naive) return world.read(place)
  world.runs++
  const text = await world.kv.get(place.number)
  return { revision: text === null ? null : (JSON.parse(text) as { revision: number }).revision }
}

/** Over all reads, most of which are not stale at all. */
function quantileOfAll(stale: number[], reads: number, q: number): number {
  const fresh = reads - stale.length
  return q * reads < fresh ? 0 : quantile(stale, (q * reads - fresh) / stale.length)
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const header = ['', 'p50', 'p99', 'max', 'place fresh p50', 'p99', 'KV reads', 'object calls', '$ / 1M reads']
const rows = [header]
for (const way of WAYS) {
  const { reads, runs, stale, freshAfter, world } = await measure(way)
  const perMillion = 1_000_000 / reads
  const dollars =
    PRICE.request +
    (perMillion *
      (runs * CPU_MS_PER_RUN * PRICE.cpuMs +
        world.kv.reads * PRICE.kvRead +
        world.kv.writes * PRICE.kvWrite +
        world.object.requests * PRICE.object)) /
      1_000_000
  rows.push([
    way.name,
    ...[0.5, 0.99, 1].map((q) => seconds(quantileOfAll(stale, reads, q))),
    ...[0.5, 0.99].map((q) => seconds(quantile(freshAfter, q))),
    String(Math.round(world.kv.reads * perMillion)),
    String(Math.round(world.object.requests * perMillion)),
    `$${dollars.toFixed(3)}`,
  ])
}
console.log(
  `Simulated: ${PLACES} places, ${READS} reads, ${FLIPS} flips, ${(1_000 / TICK_MS).toFixed(1)} reads a second in each place\n`,
)
for (const row of rows)
  console.log(`| ${row.join(' | ')} |${row === header ? `\n|${'---|'.repeat(header.length)}` : ''}`)
