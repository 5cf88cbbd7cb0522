/**
 * What the cache in front does with a flag: for how long it serves an answer while nothing changes, whether a purge arrives after a commit,
 * and when the last old answer comes. Only the first commits of a stash are followed by a purge, so the later ones are the comparison.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Received } from './client.ts'
import {
  getRevision,
  inMs,
  isUnvouched,
  LOCAL,
  median,
  NO_CACHE,
  ofPlace,
  round,
  unknown,
  type Finding,
  type Measure,
  type Probe,
} from './line.ts'
import type { Stash } from './subject.ts'

const WATCHED_MS = 15_000
const AGE_POLL_MS = 100
/** A lease, max-age and stale-while-revalidate, and half a second for the poll. A second tier that starts anew adds four seconds. */
const ONE_TIER_MS = 1_000 + 2_000 + 2_000 + 500

export const measureAge: Measure = async ({ client, stash, key, place }) => {
  const how = `one flag, each ${AGE_POLL_MS} ms for ${WATCHED_MS / 1_000} s, without a change: how long answers have the same as-of`
  if (!place.isCloudflare) return { age: unknown(LOCAL, how) }
  if (!place.hasCache) return { age: unknown(NO_CACHE, how) }
  const seen = new Map<string, { from: number; to: number; firstAge: number }>()
  const statuses = new Map<string, number>()
  let oldest = 0
  await poll(WATCHED_MS, AGE_POLL_MS, async () => {
    const answer = await client.send(`/item/${stash.id}/${key}`)
    const asOf = /as-of=(\S+)/.exec(answer.header('Switchyard-Source') ?? '')?.[1] ?? ''
    const age = Number(answer.header('Age') ?? 0)
    oldest = Math.max(oldest, age)
    const status = answer.header('CF-Cache-Status') ?? 'none'
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const known = seen.get(asOf) ?? { from: answer.sentAt, to: answer.sentAt, firstAge: age }
    seen.set(asOf, { ...known, to: Math.max(known.to, answer.sentAt) })
    return false
  })
  // The first one and the last one were cut off by the beginning and the end.
  const whole = [...seen.values()].sort((a, b) => a.from - b.from).slice(1, -1)
  if (whole.length === 0) return { age: unknown(`not known: one answer was served for ${WATCHED_MS / 1_000} s`, how) }
  const longest = Math.max(...whole.map(({ from, to }) => to - from))
  const firstAge = Math.max(...whole.map((one) => one.firstAge))
  const carried = firstAge > 0 ? true : longest > ONE_TIER_MS ? false : null
  const tiers =
    carried === true
      ? 'ages are carried: a new answer came with an Age'
      : carried === false
        ? 'ages are not carried, or there are more tiers than two'
        : 'as long as one tier: whether ages are carried did not show'
  const counts = [...statuses].map(([status, count]) => `${count} ${status}`).join(', ')
  const figure = `an answer is served for ${inMs(longest)} at most, Age up to ${oldest} s; ${tiers} (${counts})`
  const values = {
    servedFor: round(longest),
    oldestAgeS: oldest,
    newAgeS: firstAge,
    agesAreCarried: carried,
    statuses: counts,
  }
  return { age: { figure, how, values, isKnown: true } }
}

const POLL_MS = 50
const WARM_MS = 1_500
/** The longest that an old answer may be served, with some slack, and under READ_MODE=kv as long as the probe looks. */
const STALE_MAX_MS = 12_000
/** For so long after the first new answer old ones are looked for. */
const QUIET_MS = 2_500
/** The budget of a new stash is three purges. Its first commit, which makes the flag, uses one. */
const PURGED_COMMITS = 2
const OTHER_COMMITS = 2

type Commit = {
  isPurged: boolean
  /** After the commit's answer: the first answer that the cache did not have, and the last old answer, cached and past the cache. */
  missAfter: number | null
  cachedFreshAfter: number
  uncachedFreshAfter: number
  unvouched: number
  uncached: number
}

export const measureCommits: Measure = async (probe) => {
  const { place, subjects } = probe
  const how = `a flag that the cache holds, and a read that it does not, each ${2 * POLL_MS} ms before and after a commit`
  const commits: Commit[] = []
  const stashes = subjects.mayCreate && place.hasCache ? 2 : 1
  for (let i = 0; i < stashes; i++) {
    const stash = await subjects.take()
    const key = `${probe.key}-purge`
    await stash.put(key, 'begin')
    const others = i === 0 ? OTHER_COMMITS : 0
    for (let j = 0; j < PURGED_COMMITS + others; j++) {
      if (probe.leftMs() < WARM_MS + STALE_MAX_MS) break
      commits.push(await followCommit(probe, stash, key, j < PURGED_COMMITS))
    }
  }
  const freshness = describeFreshness(probe, commits, how)
  if (!place.isCloudflare) return { purge: unknown(LOCAL, how), freshness }
  if (!place.hasCache) return { purge: unknown(NO_CACHE, how), freshness }
  return { purge: describePurges(probe, commits, how), freshness }
}

async function followCommit({ client }: Probe, stash: Stash, key: string, isPurged: boolean): Promise<Commit> {
  const path = `/item/${stash.id}/${key}`
  let made = 0
  const readCached = (): Promise<Received> => client.send(path)
  // A selection that nobody has asked for is in no cache.
  const readUncached = (): Promise<Received> =>
    client.send(`/stash/${stash.id}/flags?keys=${key},x${Date.now().toString(36)}-${made++}`)
  await poll(WARM_MS, POLL_MS, async () => (await readCached(), false))
  const { revision, at } = await stash.put(key, `at ${Date.now()}`)
  const commit = {
    isPurged,
    missAfter: null as number | null,
    cachedFreshAfter: 0,
    uncachedFreshAfter: 0,
    unvouched: 0,
    uncached: 0,
  }
  let newSince: number | null = null
  await poll(STALE_MAX_MS, POLL_MS, async (i) => {
    const isCached = i % 2 === 0
    const answer = await (isCached ? readCached() : readUncached())
    const after = answer.sentAt - at
    const isOld = getRevision(answer) < revision
    if (isCached && answer.header('CF-Cache-Status') === 'MISS') commit.missAfter ??= answer.receivedAt - at
    if (!isCached) commit.uncached++
    if (!isCached && isUnvouched(answer)) commit.unvouched++
    if (isOld && isCached) commit.cachedFreshAfter = Math.max(commit.cachedFreshAfter, after)
    if (isOld && !isCached) commit.uncachedFreshAfter = Math.max(commit.uncachedFreshAfter, after)
    newSince = isOld ? null : (newSince ?? after)
    return newSince !== null && after - newSince > QUIET_MS
  })
  return commit
}

function describePurges({ subjects }: Probe, commits: Commit[], how: string): Finding {
  const [purged, others] = [commits.filter(({ isPurged }) => isPurged), commits.filter(({ isPurged }) => !isPurged)]
  const arrived = purged.flatMap(({ missAfter }) => missAfter ?? [])
  const strays = others.filter(({ missAfter }) => missAfter !== null).length
  const last = (some: Commit[]): string =>
    some.length === 0 ? '–' : inMs(median(some.map((one) => one.cachedFreshAfter)))
  const budget = subjects.mayCreate ? '' : '; the budget of this stash is not known, so a purge may not have been sent'
  const when =
    arrived.length === 0
      ? ''
      : `, ${inMs(median(arrived))} after the commit (the stash waits up to 1.1 s of it for leases)`
  const figure =
    `arrived after ${arrived.length} of ${purged.length} commits${when}; without a purge a miss came ${strays} times of ` +
    `${others.length}; last old answer with ${last(purged)}, without ${last(others)}${budget}`
  const values = {
    purged: purged.length,
    arrived: arrived.length,
    missAfter: arrived.length === 0 ? null : round(median(arrived)),
    longestMissAfter: arrived.length === 0 ? null : round(Math.max(...arrived)),
    missesWithout: strays,
  }
  const method = `${how}: the first MISS, which no entry gives that only grows old. The first commits of a stash are purged, later ones not`
  return { figure, how: method, values, isKnown: true }
}

function describeFreshness({ place }: Probe, commits: Commit[], how: string): Finding {
  if (commits.length === 0) return unknown('not measured: the time was over', how)
  const cached = Math.max(...commits.map((one) => one.cachedFreshAfter))
  const uncached = Math.max(...commits.map((one) => one.uncachedFreshAfter))
  const sum = (pick: (commit: Commit) => number): number => commits.reduce((total, one) => total + pick(one), 0)
  const unvouched =
    sum((one) => one.unvouched) /
    Math.max(
      1,
      sum((one) => one.uncached),
    )
  const isCut = Math.max(cached, uncached) > STALE_MAX_MS - 4 * POLL_MS
  const longest = (ms: number): string =>
    ms > STALE_MAX_MS - 4 * POLL_MS ? `more than ${STALE_MAX_MS / 1_000} s` : inMs(ms)
  const mode = place.isVouched ? 'vouched' : 'kv'
  const figure = `READ_MODE=${mode}: last old answer ${longest(uncached)} after a commit past the cache, ${longest(cached)} through it; ${Math.round(100 * unvouched)} % unvouched`
  const values = {
    mode,
    cachedFreshAfter: round(cached),
    uncachedFreshAfter: round(uncached),
    unvouched,
    isCut,
    commits: commits.length,
  }
  return ofPlace(place, { figure, how: `${how}; ${commits.length} commits`, values, isKnown: true })
}

/** Calls `step` each `everyMs`, whether the one before is done or not. Ends after `forMs`, or when a step returns true. */
export async function poll(forMs: number, everyMs: number, step: (i: number) => Promise<boolean>): Promise<void> {
  const from = performance.now()
  const steps: Promise<void>[] = []
  const state = { isDone: false, fault: null as Error | null }
  for (let i = 0; !state.isDone && performance.now() - from < forMs; i++) {
    const one = step(i).then(
      (isDone) => void (state.isDone ||= isDone),
      (fault: Error) => {
        state.fault ??= fault
        state.isDone = true
      },
    )
    steps.push(one)
    await sleep(Math.max(0, from + (i + 1) * everyMs - performance.now()))
  }
  await Promise.all(steps)
  if (state.fault !== null) throw state.fault
}
