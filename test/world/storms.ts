/**
 * `npm run world -- storms`: a crowd of readers after the object was out of reach for a minute, and after a deploy, which makes every
 * isolate a new one. Nothing here was measured on Cloudflare.
 */
import { Crowd, type Load } from './crowd.ts'
import { seconds } from './load.ts'
import { printHeader, printRow, type Print } from './table.ts'

const SETTLED_AFTER_MS = 80_000
const BEFORE_MS = 10_000
const OUTAGE_MS = 60_000
const AFTER_MS = 90_000
/** A write that waits no longer than this has its turn. */
const TURN_MS = 100

const LOADS: Load[] = [
  { isolates: 1_500, perSecond: 10_000, kibibytes: 1 },
  { isolates: 6_000, perSecond: 20_000, kibibytes: 1 },
]
const STORMS: { name: string; happen(crowd: Crowd): Promise<void> }[] = [
  {
    name: 'the object was out of reach for a minute',
    happen: async (crowd) => {
      crowd.world.object.state = 'dead'
      await crowd.pass(OUTAGE_MS)
      crowd.world.object.state = 'up'
    },
  },
  { name: 'a deploy: every isolate is new', happen: async (crowd) => crowd.replaceIsolates() },
]

async function measure(load: Load, happen: (crowd: Crowd) => Promise<void>): Promise<string[]> {
  const crowd = await Crowd.begin(load)
  const { object } = crowd.world
  await crowd.pass(SETTLED_AFTER_MS)
  /** The calls of each second, and the longest wait of a write in it. */
  const pass = async (ms: number): Promise<{ calls: number; waitMs: number }[]> => {
    const found: { calls: number; waitMs: number }[] = []
    for (let passed = 0; passed < ms; passed += 1_000) {
      object.requests = 0
      object.nearWaits.length = 0
      await crowd.pass(1_000)
      found.push({ calls: object.requests, waitMs: Math.max(0, ...object.nearWaits) })
    }
    return found
  }
  const before = await pass(BEFORE_MS)
  await happen(crowd)
  Object.assign(object, { refused: 0 })
  const since = crowd.world.clock.now()
  let [reads, unvouched] = [0, 0]
  crowd.onRead = (_, __, vouched) => {
    reads++
    unvouched += Number(!vouched)
  }
  const after = await pass(AFTER_MS)
  const { refused } = object
  crowd.end()
  const mean = (some: { calls: number }[]): number => some.reduce((sum, { calls }) => sum + calls, 0) / some.length
  const lastLate = after.findLastIndex(({ waitMs }) => waitMs > TURN_MS)
  return [
    String(Math.round(mean(before))),
    String(Math.max(...after.map(({ calls }) => calls))),
    String(Math.round(mean(after.slice(-10)))),
    String(refused),
    seconds(Math.max(...after.map(({ waitMs }) => waitMs))),
    seconds((lastLate + 1) * 1_000),
    String(crowd.refusedAt.filter((at) => at >= since).length),
    `${((100 * unvouched) / reads).toFixed(1)} %`,
  ]
}

export async function printStorms(print: Print): Promise<void> {
  const header = [
    'isolates; evaluations/s',
    'storm',
    'calls/s before',
    'most in a second after',
    'at the end',
    'refused',
    'longest wait of a write',
    'writes have their turn after',
    'writes refused',
    'unconfirmed',
  ]
  printHeader(header, print)
  for (const load of LOADS)
    for (const { name, happen } of STORMS) {
      const cells = await measure(load, happen)
      printRow([`${load.isolates}; ${load.perSecond}`, name, ...cells], print)
    }
}
