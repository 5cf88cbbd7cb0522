/**
 * `npm run world -- load`: what a crowd of readers costs the object of a stash, and its writers, beside the version before. Nothing here
 * was measured on Cloudflare.
 */
import { quantile } from '../bench/figures.ts'
import { CAPACITY, Crowd, PLACES, type Load } from './crowd.ts'
import { printHeader, printRow, type Print } from './table.ts'
import { withoutLeases, type Distortion } from './plants.ts'

/** All is counted after the first of these, for the second; whether readers have a write is watched for the third as well. */
const SETTLED_AFTER_MS = 80_000
const MEASURED_MS = 30_000
const WATCHED_MS = 30_000

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
  chars: number
  writeWaits: number[]
  refusedWrites: number
  commits: number
  freshAfter: number[]
  unvouched: number
  reads: number
}

async function measure(load: Load, distortion: Distortion | undefined): Promise<Figures> {
  const crowd = await Crowd.begin(load, distortion)
  const { clock, object, places } = crowd.world
  await crowd.pass(SETTLED_AFTER_MS)
  Object.assign(object, { requests: 0, refused: 0, sentChars: 0 })
  object.nearWaits.length = 0
  const from = clock.now()
  const end = from + MEASURED_MS

  /** By place: when a read last gave a state older than each revision. */
  const staleAt = places.map((): number[] => [])
  let [reads, unvouched] = [0, 0]
  crowd.onRead = ({ number }, revision, vouched) => {
    reads += Number(clock.now() < end)
    unvouched += Number(clock.now() < end && !vouched)
    const stale = staleAt[number] ?? []
    for (let newer = revision + 1; newer < crowd.committedAt.length; newer++) stale[newer] = clock.now()
  }
  await crowd.pass(MEASURED_MS)
  const { requests: calls, refused, sentChars: chars } = object
  const writeWaits = [...object.nearWaits]
  await crowd.pass(WATCHED_MS)
  crowd.end()

  const refusedWrites = crowd.refusedAt.filter((at) => at >= from && at < end).length
  const committed = [...crowd.committedAt.entries()].filter(([, at]) => at !== undefined && at >= from && at < end)
  const freshAfter = committed.flatMap(([revision, at]) =>
    staleAt.map((stale) => Math.max(0, (stale[revision] ?? at) - at)),
  )
  return { calls, refused, chars, writeWaits, refusedWrites, commits: committed.length, freshAfter, unvouched, reads }
}

export const seconds = (ms: number): string => (Number.isNaN(ms) ? '–' : `${(ms / 1_000).toFixed(1)} s`)

export async function printLoad(print: Print): Promise<void> {
  const { callMs, mebibyteMs } = CAPACITY
  print(`Simulated: ${PLACES} places, a commit a second, an object of ${callMs} ms a call and ${mebibyteMs} ms a MiB\n`)
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
  printHeader(header, print)
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
      printRow(cells, print)
    }
}
