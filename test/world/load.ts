/**
 * `npm run world -- load`: what a crowd of readers costs the object of a stash, and its writers. Reads past the cache in front, as
 * evaluations are, arrive at random in many isolates, while a write commits each second. The object has a capacity: it handles one
 * call at a time, and refuses those that would wait too long. Nothing here was measured on Cloudflare.
 */
import { quantile } from '../bench/figures.ts'
import type { Capacity } from './object-host.ts'
import { MASTER } from './objects.ts'
import { withoutLeases, type Distortion } from './plants.ts'
import type { Isolate, Place } from './reader.ts'
import { World } from './world.ts'

const PLACES = 300
/** 2 ms a call and 10 ms a mebibyte: an object takes 500 calls a second. It refuses what would wait for ten seconds. */
const CAPACITY: Capacity = { callMs: 2, mebibyteMs: 10, waitMaxMs: 10_000 }
/** The readers come within the first of these, and all is counted after the second, for the third. */
const RAMP_MS = 20_000
const SETTLED_AFTER_MS = 80_000
const MEASURED_MS = 30_000
const COMMIT_EACH_MS = 1_000

type Load = { isolates: number; perSecond: number; kibibytes: number }
const LOADS: Load[] = [
  { isolates: 300, perSecond: 10_000, kibibytes: 1 },
  { isolates: 1_500, perSecond: 10_000, kibibytes: 1 },
  { isolates: 6_000, perSecond: 100_000, kibibytes: 1 },
  { isolates: 300, perSecond: 10_000, kibibytes: 1_000 },
]
const VERSIONS: { name: string; distortion?: Distortion }[] = [
  { name: 'before: a vouch a second', distortion: withoutLeases },
  { name: 'leases and changes' },
]

type Figures = {
  calls: number
  refused: number
  writeWaits: number[]
  refusedWrites: number
  commits: number
  freshAfter: number[]
  chars: number
  unvouched: number
  reads: number
}

async function measure({ isolates, perSecond, kibibytes }: Load, distortion: Distortion | undefined): Promise<Figures> {
  const world = new World({
    seed: 3,
    places: PLACES,
    isolates: isolates / PLACES,
    mode: 'vouched',
    farMs: 170,
    ...(distortion && { distortion }),
  })
  const { clock, object } = world
  await fill(world, kibibytes)
  // Until KV has it everywhere.
  await clock.pass(15_000)
  object.capacity = CAPACITY
  const found: Figures = {
    calls: 0,
    refused: 0,
    writeWaits: [],
    refusedWrites: 0,
    commits: 0,
    freshAfter: [],
    chars: 0,
    unvouched: 0,
    reads: 0,
  }
  const startsAt = clock.now()
  const from = startsAt + SETTLED_AFTER_MS
  const end = from + MEASURED_MS
  const isMeasured = (): boolean => clock.now() >= from && clock.now() < end

  /** When each revision was committed; and, by place, when a read last gave an older one. */
  const committedAt: number[] = []
  const staleAt = world.places.map((): number[] => [])
  const note = (place: Place, revision: number, vouched: boolean): void => {
    found.reads += Number(isMeasured())
    found.unvouched += Number(isMeasured() && !vouched)
    const stale = staleAt[place.number] ?? []
    for (let newer = revision + 1; newer < committedAt.length; newer++) stale[newer] = clock.now()
  }

  const commit = async (): Promise<void> => {
    const askedAt = clock.now()
    const intent = { kind: 'put', key: 'flag', value: `at ${askedAt}`, type: 'text/plain' } as const
    const applied = await object.call(0, (one) => one.apply({ credential: MASTER, intent })).catch(() => null)
    if (isMeasured() && applied === null) found.refusedWrites++
    if (applied?.ok !== true) return
    committedAt[applied.value.revision] = clock.now()
  }
  for (let at = startsAt; at < end + 30_000; at += COMMIT_EACH_MS) clock.at(at, () => void commit())

  const all = world.places.flatMap((place) => place.isolates.map((isolate) => ({ place, isolate })))
  const shuffled = all.toSorted(() => world.random() - 0.5)
  const tick = (): void => {
    const here = Math.min(1, (clock.now() - startsAt) / RAMP_MS) * shuffled.length
    for (let due = (perSecond / 1_000) * (here / shuffled.length); due > 0; due--) {
      if (due < 1 && world.random() > due) break
      const chosen = shuffled[Math.floor(world.random() * here)]
      if (chosen !== undefined)
        read(world, chosen.isolate, (revision, vouched) => note(chosen.place, revision, vouched))
    }
    if (clock.now() < end + 30_000) clock.at(clock.now() + 1, tick)
  }
  clock.at(startsAt, tick)

  await clock.pass(SETTLED_AFTER_MS)
  Object.assign(object, { requests: 0, refused: 0, sentChars: 0 })
  object.nearWaits.length = 0
  await clock.pass(MEASURED_MS)
  Object.assign(found, { calls: object.requests, refused: object.refused, chars: object.sentChars })
  found.writeWaits = [...object.nearWaits]
  await clock.pass(30_000)
  for (const [revision, at] of committedAt.entries()) {
    if (at === undefined || at < from || at >= end) continue
    found.commits++
    for (const stale of staleAt) found.freshAfter.push(Math.max(0, (stale[revision] ?? at) - at))
  }
  world.end()
  return found
}

/** Through the fast path where it may be used, as the Worker does. */
function read({ id }: World, { reader, stores }: Isolate, note: (revision: number, vouched: boolean) => void): void {
  const now = stores.now()
  const entry = reader.peek(id, 0, now)
  if (entry?.snapshot && now < entry.fastPathUntil) return note(entry.snapshot.revision, entry.vouched)
  void reader.read(stores, id).then((found) => found.ok && note(found.value.snapshot.revision, found.value.vouched))
}

/** Gives the stash flags of so many kibibytes. */
async function fill({ object }: World, kibibytes: number): Promise<void> {
  const parts = Math.ceil(kibibytes / 60)
  for (let i = 0; i < parts; i++) {
    const value = 'x'.repeat((kibibytes / parts) * 1_024)
    const intent = { kind: 'put', key: `filling.${i}`, value, type: 'text/plain' } as const
    await object.wake().object.apply({ credential: MASTER, intent })
  }
}

const seconds = (ms: number): string => (Number.isNaN(ms) ? '–' : `${(ms / 1_000).toFixed(1)} s`)

export async function printLoad(print: (line: string) => void): Promise<void> {
  print(
    `Simulated: ${PLACES} places, a commit a second, an object of ${CAPACITY.callMs} ms a call and ${CAPACITY.mebibyteMs} ms a MiB\n`,
  )
  const header = [
    'isolates; evaluations/s; stash',
    'version',
    'calls/s at the stash',
    'refused',
    "a write's wait p99",
    'writes refused',
    'place fresh p50',
    'p99',
    'unconfirmed',
    'KiB sent a commit',
  ]
  print(`| ${header.join(' | ')} |`)
  print(`| ${header.map(() => '---').join(' | ')} |`)
  for (const load of LOADS)
    for (const { name, distortion } of VERSIONS) {
      const found = await measure(load, distortion)
      const cells = [
        `${load.isolates}; ${load.perSecond}; ${load.kibibytes} KiB`,
        name,
        String(Math.round(found.calls / (MEASURED_MS / 1_000))),
        `${((100 * found.refused) / found.calls).toFixed(0)} %`,
        `${Math.round(quantile(found.writeWaits, 0.99))} ms`,
        String(found.refusedWrites),
        ...[0.5, 0.99].map((q) => seconds(quantile(found.freshAfter, q))),
        `${((100 * found.unvouched) / found.reads).toFixed(1)} %`,
        String(Math.round(found.chars / 1_024 / Math.max(1, found.commits))),
      ]
      print(`| ${cells.join(' | ')} |`)
    }
}
