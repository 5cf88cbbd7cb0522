/**
 * What the simulated world assumes of Cloudflare: each number, where it comes from, and the line of `npm run probe` that measures it on
 * a real account. Nothing here was measured on Cloudflare. `npm run world -- assumptions` prints the table.
 *
 * What the code or the world itself chooses (seeds, the number of flips, deadlines of the code) does not belong here.
 */

/** The lines of `npm run probe` (`test/probe`), by name. */
export const PROBE_LINES = [
  'edge',
  'confirmation',
  'object',
  'kv put',
  'kv lag',
  'age',
  'purge',
  'freshness',
  'head',
  'gate',
  'isolates',
  'socket',
] as const
export type ProbeLine = (typeof PROBE_LINES)[number]

/** `probe`: the line that measures it; null where the probe cannot. */
export type Assumption<T = unknown> = { value: T; source: string; probe: ProbeLine | null }
/** The least and the most; drawn evenly. */
type Range = [least: number, most: number]

const assume = <T>(value: T, source: string, probe: ProbeLine | null = null): Assumption<T> => ({
  value,
  source,
  probe,
})
const range = (least: number, most: number, source: string, probe: ProbeLine | null = null): Assumption<Range> =>
  assume<Range>([least, most], source, probe)

const DOCS = 'developers.cloudflare.com'
const PURGE_LIMITS = `${DOCS}/workers/cache/limitations/#purge-rate-limits`
const PRICES = `${DOCS}/workers/platform/pricing/`
/** How large a fault is: any size that the code must bear. */
const FAULT = 'assumed: the size of a fault'

export const ASSUMPTIONS = {
  // Distances, one way.
  placeNearMs: assume(1, 'assumed: the same city', 'confirmation'),
  placeFarMs: assume(120, 'assumed: another continent', 'confirmation'),
  crowdFarMs: assume(170, 'cloudping.co: at most 340 ms there and back between two regions of AWS', 'confirmation'),
  farthestMs: assume(350, 'assumed: beyond any place', 'confirmation'),
  hubDistanceMs: assume(60, 'assumed: a hub near its watchers and a stash on another continent'),
  watcherDistanceMs: range(1, 120, 'assumed: from a watcher to the object or the hub', 'socket'),
  roundTripsMs: assume(
    [20, 100, 200, 340, 700],
    'cloudping.co: nearby, another continent, the longest; 700 is beyond it',
    'confirmation',
  ),
  clockSkewMs: assume(2_000, 'assumed: by how much the clock of an isolate may be wrong, either way'),

  // Places and isolates.
  places: assume(300, `cloudflare.com/network: more than 330 cities`),
  isolatesPerPlace: assume(1, 'assumed: the least; the number is not public', 'isolates'),
  isolatesPerBusyPlace: assume(5, 'assumed: one on each of some servers', 'isolates'),

  // An object.
  callMs: assume(
    2,
    `${DOCS}/durable-objects/best-practices/rules-of-durable-objects/: 500 to 1,000 simple calls a second`,
    'object',
  ),
  mebibyteMs: assume(10, 'assumed: to copy and send an answer'),
  queueMaxMs: assume(10_000, `${DOCS}/durable-objects/observability/troubleshooting/: queued for too long; no figure`),
  syncMaxMs: assume(8, 'assumed: until a write is durable'),
  slowSyncMaxMs: assume(400, 'assumed: the same of a slow one'),
  slowSyncShare: assume(0.1, 'assumed: how many are slow'),
  alarmRetryMs: assume(2_000, `${DOCS}/durable-objects/api/alarms/: doubled after each failure`),
  alarmRetries: assume(6, `${DOCS}/durable-objects/api/alarms/`),

  // Workers KV.
  kvWriteIntervalMs: assume(1_000, `${DOCS}/kv/platform/limits/: one write a second for a key`),
  kvCacheMs: assume(
    60_000,
    `${DOCS}/kv/concepts/how-kv-works/: "60 seconds or more"; the code asks for the least, 30`,
    'kv lag',
  ),
  kvPropagationMaxMs: assume(10_000, 'assumed: between its stores', 'kv lag'),
  kvHitMs: assume(5, 'assumed: a read that the cache of the place answers'),
  kvMissMs: range(20, 120, 'assumed: a read that a store answers'),
  kvPutMs: range(20, 300, 'assumed', 'kv put'),

  // Workers Cache.
  purgeBurst: assume(25, `${PURGE_LIMITS}, for the account`),
  purgeRefillMs: assume(12_000, `${PURGE_LIMITS}: 5 a minute, for the account`),
  purgeMedianMs: assume(150, `blog.cloudflare.com/instant-purge: half are everywhere within this time`, 'purge'),
  purgeTailShape: assume(2, 'assumed: one in a hundred takes ten times the median', 'purge'),
  purgeMaxMs: assume(10_000, 'assumed: the slowest', 'purge'),
  tierRegions: assume(8, `${DOCS}/cache/how-to/tiered-cache/: regional pools; the number is assumed`),
  agesAreCarried: assume(
    false,
    `${DOCS}/cache/concepts/cache-responses/: a first hit of a lower tier has no Age; not certain`,
    'age',
  ),
  upperTiersPerRegion: assume(4, 'assumed: a URL has one of them, by a hash of its key'),
  tierHopMs: assume(15, 'assumed: one way between a lower and an upper tier of a region', 'edge'),

  // List prices, in dollars a million, of November 2026; and the CPU of a read that runs the Worker.
  requestPrice: assume(0.3, PRICES),
  cpuMsPrice: assume(0.02, PRICES),
  kvReadPrice: assume(0.5, `${DOCS}/kv/platform/pricing/`),
  kvWritePrice: assume(5, `${DOCS}/kv/platform/pricing/`),
  objectPrice: assume(0.15, `${DOCS}/durable-objects/platform/pricing/: requests, without duration and rows`),
  cpuMsPerRun: assume(0.2, 'npm run bench -- reads: 0.1 to 0.2 ms in the local runtime'),

  // The sizes of faults.
  slowCallMs: range(100, 2_000, FAULT),
  deadCallMs: assume(60_000, FAULT),
  lateAlarmMs: range(1_000, 30_000, FAULT),
  rejectedAlarmShare: assume(0.7, FAULT),
  kvSlowGetMs: range(300, 3_000, FAULT),
  kvSlowPutMs: range(500, 8_000, FAULT),
  kvLatePutMs: range(10_000, 40_000, FAULT),
} satisfies Record<string, Assumption>

export type AssumptionName = keyof typeof ASSUMPTIONS
type Values = { [Name in AssumptionName]: (typeof ASSUMPTIONS)[Name]['value'] }

// `fromEntries` cannot know that each name keeps its type.
export const ASSUMED = Object.fromEntries(
  Object.entries(ASSUMPTIONS).map(([name, { value }]) => [name, value]),
) as Values

/** The constants that a line of the probe replaces. */
export function listReplaced(line: ProbeLine): AssumptionName[] {
  // The keys of a literal.
  const names = Object.keys(ASSUMPTIONS) as AssumptionName[]
  return names.filter((name) => ASSUMPTIONS[name].probe === line)
}
