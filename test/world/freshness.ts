/**
 * The first table of `npm run world`: how stale reads through the cache in front are around flips, what they cost, and how many flips are
 * followed by a purge. Nothing here was measured on Cloudflare.
 *
 * All places read without a pause, also while the flag is flipped. In a few of them the isolates answer other reads as well, so that
 * their copies are not always new when the cache asks them.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ReadMode } from '../../src/edge/stores.ts'
import { CachePurger } from '../../src/stash/publish/cache-purger.ts'
import { quantile } from '../bench/figures.ts'
import type { Answer, Topology } from './cache-model.ts'
import { ASSUMED } from './constants.ts'
import { flip, getStaleness, KEY, quantileOfAll, seconds } from './flips.ts'
import { toUrl, type Place } from './reader.ts'
import { printHeader, printRow, type Print } from './table.ts'
import { World } from './world.ts'

/** Reads begin so long before a flip, and go on for so long after it: longer where KV's delay is to be seen. */
const BEFORE_MS = 15_000
const AFTER_MS = 40_000
const KV_AFTER_MS = 90_000
/** By how much the time of a flip differs, so that the entries in the caches have any age then. */
const PHASE_MS = 5_000
/** How often a place reads: often, or so seldom that entries grow as old as they may. */
const READ_EACH_MS = 540
const SELDOM_MS = 3_000
/** The places read one group after the other in that time, because a purge takes less. */
const GROUPS = 50
/** In so many places the isolates answer so many reads a second past the cache, together, for some seconds around a flip. */
const BUSY_PLACES = ASSUMED.tierRegions
const BUSY_READS_PER_SECOND = 4
const BUSY_MS = { before: 3_000, after: 12_000 }
const MINUTE_MS = 60_000
const PROCESSES = 2
const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
const SPREAD_MS = 20 * MINUTE_MS
/** More often than a stash has purges. */
const OTHERS_EACH_MS = 5 * MINUTE_MS

export const ONE_TIER: Topology = {
  regions: 0,
  upperTiersPerRegion: 0,
  carriesAge: true,
  hopMs: 0,
  workerRunsAt: 'lower',
}
export const AGES_CARRIED: Topology = {
  regions: ASSUMED.tierRegions,
  upperTiersPerRegion: ASSUMED.upperTiersPerRegion,
  carriesAge: true,
  hopMs: ASSUMED.tierHopMs,
  workerRunsAt: 'upper',
}
export const AGES_NOT_CARRIED: Topology = { ...AGES_CARRIED, carriesAge: false }
const ASSUMED_TIERS: Topology = { ...AGES_CARRIED, carriesAge: ASSUMED.agesAreCarried }

export type Setup = {
  mode: ReadMode
  flips: number
  /** From one flip to the next. */
  everyMs: number
  afterMs?: number
  topology: Topology
  readEachMs?: number
  isolates?: number
  places?: number
  /** So many other stashes of the account change once in five minutes, and want purges. */
  others?: number
  purges?: 'kept' | 'lost'
  /** Readers cannot reach the object until the end. Writes still reach it and are published. */
  isOutOfReach?: boolean
  /** Each read is one of KV, without the code under test. */
  isNaive?: boolean
}

const KV_READS = { flips: 30, everyMs: 2 * MINUTE_MS, afterMs: KV_AFTER_MS, topology: ASSUMED_TIERS }
const VOUCHED = { mode: 'vouched', flips: 300, everyMs: MINUTE_MS, topology: ASSUMED_TIERS } as const
const LOST = { ...VOUCHED, purges: 'lost', topology: AGES_NOT_CARRIED } as const
const SPACED = { ...VOUCHED, everyMs: 20 * MINUTE_MS, isolates: ASSUMED.isolatesPerBusyPlace }

const SETUPS: Record<string, Setup> = {
  'naive: KV.get on every read; 40 places': { ...KV_READS, mode: 'kv', isNaive: true, places: 40 },
  'READ_MODE=kv': { ...KV_READS, mode: 'kv' },
  'vouched, object out of reach': { ...KV_READS, mode: 'vouched', isOutOfReach: true },
  'every purge lost; one tier; 40 places': { ...LOST, topology: ONE_TIER, places: 40 },
  'every purge lost; two tiers, ages carried': { ...LOST, topology: AGES_CARRIED },
  'every purge lost; two tiers, ages not carried': LOST,
  '… 5 isolates a place': { ...LOST, isolates: 5 },
  '… 20 isolates a place': { ...LOST, isolates: 20 },
  '… two places in a region, each reads once in 3 s': {
    ...LOST,
    places: 2 * ASSUMED.tierRegions,
    readEachMs: SELDOM_MS,
  },
  'purges; a flip a minute': { ...VOUCHED, isolates: ASSUMED.isolatesPerBusyPlace },
  'purges; a flip in 20 minutes': SPACED,
  '… ages carried': { ...SPACED, topology: AGES_CARRIED },
  '… one other stash changes each 5 minutes': { ...SPACED, others: 1 },
  '… nine others do': { ...SPACED, others: 9 },
  '… 299 others do': { ...SPACED, others: 299 },
}

export type Figures = {
  reads: number
  /** For how long each stale read had been outdated. */
  stale: number[]
  /** By flip and place: how long after the flip the last stale read came. */
  freshAfter: number[]
  /** The flips that a purge followed. */
  purged: number
  world: World
}

export async function measure(setup: Setup): Promise<Figures> {
  const { mode, flips, everyMs, topology, isolates = ASSUMED.isolatesPerPlace, places = ASSUMED.places } = setup
  const {
    others = 0,
    purges = 'kept',
    isOutOfReach = false,
    isNaive = false,
    afterMs = AFTER_MS,
    readEachMs = READ_EACH_MS,
  } = setup
  const world = new World({ seed: 1, places, isolates, mode, topology })
  const { clock, random } = world
  await flip(world)
  await clock.pass(5_000)
  await Promise.all([...world.places.map((place) => readOnce(world, place, isNaive)), clock.pass(MINUTE_MS)])
  world.cache.purges = purges
  if (isOutOfReach) world.object.state = 'hanging'
  for (let i = 0; i < others; i++) changeOften(world, `stash:other-${i}`)
  // The purges of the beginning are over.
  await clock.pass(2 * SPREAD_MS)
  world.kv.reads = world.kv.writes = world.object.requests = world.runs = 0
  world.cache.purged.clear()

  const found: Figures = { reads: 0, stale: [], freshAfter: [], purged: 0, world }
  for (let i = 0; i < flips; i++) {
    const flippedAt = clock.now() + BEFORE_MS + random.between(0, PHASE_MS)
    const lastStaleAt = new Map<number, number>()
    clock.at(flippedAt, () => void flip(world))
    const note = (place: Place, askedAt: number, head: number, revision: number | null): void => {
      const staleness = revision === null ? null : getStaleness(world, revision, askedAt, head)
      if (staleness === null) return
      found.stale.push(staleness)
      lastStaleAt.set(place.number, askedAt)
    }
    const ask = (place: Place): void => {
      const [askedAt, head] = [clock.now(), world.truth.head.revision]
      found.reads++
      const held = isNaive ? null : world.getCached(place, KEY)
      if (held !== null) note(place, askedAt, head, held.revision)
      else void readOnce(world, place, isNaive).then(({ revision }) => note(place, askedAt, head, revision))
    }
    const endsAt = clock.now() + BEFORE_MS + PHASE_MS + afterMs
    if (mode === 'vouched' && !isOutOfReach) keepBusy(world, topology, flippedAt)
    for (let at = clock.now(); at < endsAt; at += readEachMs * random.between(0.5, 1.5)) {
      for (let group = 0; group < GROUPS; group++) {
        clock.at(at + (group / GROUPS) * readEachMs, () => {
          for (let number = group; number < world.places.length; number += GROUPS) {
            const place = world.places[number]
            if (place !== undefined) ask(place)
          }
        })
      }
    }
    await clock.pass(Math.max(everyMs, endsAt - clock.now()))
    for (const { number } of world.places) {
      found.freshAfter.push(Math.max(0, (lastStaleAt.get(number) ?? 0) - flippedAt))
    }
  }
  found.purged = world.cache.purged.get(`stash:${world.id}`) ?? 0
  world.end()
  return found
}

async function readOnce(world: World, place: Place, isNaive: boolean): Promise<Pick<Answer, 'revision'>> {
  if (!isNaive) return world.read(place, KEY)
  world.runs++
  const text = await world.kv.get(place.number)
  return { revision: text === null ? null : (JSON.parse(text) as { revision: number }).revision }
}

/** Reads past the cache in the places where the Worker runs for the cache's upper tiers; in some places if it has none. */
function keepBusy(world: World, { regions }: Topology, flippedAt: number): void {
  const { clock, random, places, cache } = world
  const numbers = Array.from({ length: Math.min(BUSY_PLACES, places.length) }, (_, number) =>
    regions === 0 ? number : cache.getUpperPlace(number, toUrl(world.id, KEY)),
  )
  for (const number of numbers) {
    const place = places[number]
    if (place === undefined) throw new Error(`no place ${number}`)
    const gap = (): number => -Math.log(1 - random()) * (1_000 / BUSY_READS_PER_SECOND)
    for (let at = flippedAt - BUSY_MS.before + gap(); at < flippedAt + BUSY_MS.after; at += gap()) {
      clock.at(at, () => void world.answer(place, { key: KEY }))
    }
  }
}

/** Another stash of the account: only its purges are of interest here. */
function changeOften({ clock, random, cache }: World, tag: string): void {
  const purger = new CachePurger({
    purge: () => cache.purge(tag),
    now: clock.now,
    sleep: clock.sleep,
    leasesEndAt: () => clock.now() + 1_000,
  })
  const change = (): void => {
    void purger.notify()
    clock.at(clock.now() + OTHERS_EACH_MS, change)
  }
  // Not all at once, because the purges of a stash come 20 minutes one after the other.
  clock.at(clock.now() + random.between(0, SPREAD_MS), change)
}

/** All reads, in dollars a million. */
function getPrice({ reads, world }: Figures): number {
  const { cpuMsPerRun, cpuMsPrice, kvReadPrice, kvWritePrice, objectPrice, requestPrice } = ASSUMED
  const { kv, object, runs } = world
  const cpu = runs * cpuMsPerRun * cpuMsPrice
  return (
    requestPrice + (cpu + kv.reads * kvReadPrice + kv.writes * kvWritePrice + object.requests * objectPrice) / reads
  )
}

/** A row of the table, in a process of its own: `npm run world -- row NAME` prints it as JSON. */
export async function measureRow(name: string): Promise<string[]> {
  const setup = SETUPS[name]
  if (setup === undefined) throw new Error(`no setup ${name}`)
  const found = await measure(setup)
  const { reads, stale, freshAfter, purged, world } = found
  const toMillion = (count: number): string => String(Math.round((count / reads) * 1_000_000))
  return [
    name,
    String(setup.flips),
    setup.purges === 'lost' || setup.isNaive === true ? '–' : `${Math.round((100 * purged) / setup.flips)} %`,
    ...[0.5, 0.99, 1].map((q) => seconds(quantileOfAll(stale, reads, q))),
    ...[0.5, 0.99].map((q) => seconds(quantile(freshAfter, q))),
    toMillion(world.kv.reads),
    toMillion(world.object.requests),
    `$${getPrice(found).toFixed(3)}`,
  ]
}

/** Measures two rows at a time, and prints them in their order. */
export async function printFreshness(print: Print): Promise<void> {
  const perSecond = (1_000 / READ_EACH_MS).toFixed(1)
  print(`Simulated: ${ASSUMED.places} places, ${perSecond} reads a second in each\n`)
  const header = ['', 'flips', 'purged', 'p50', 'p99', 'max', 'place fresh p50', 'p99', 'KV reads', 'object calls']
  printHeader([...header, '$ / 1M reads'], print)
  const left = Object.keys(SETUPS)
  const rows = new Map(left.map((name) => [name, Promise.withResolvers<string[]>()]))
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, RUN, 'row', name])
      rows.get(name)?.resolve(JSON.parse(stdout) as string[])
    }
  }
  const working = Promise.all(Array.from({ length: PROCESSES }, work))
  for (const { promise } of rows.values()) printRow(await Promise.race([promise, working.then(() => promise)]), print)
  await working
}
