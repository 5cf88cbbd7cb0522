/** Runs the steps of a story, then ends all faults and writes and checks that every reader, every watcher and KV agree with the object. */
import { isDeepStrictEqual } from 'node:util'
import { parseSnapshot } from '../../../src/model/snapshot/snapshot.ts'
import { ASSUMED } from '../constants.ts'
import { InvariantViolation } from '../kv-model.ts'
import type { PlantedFault } from '../plants.ts'
import { CROWDED, FRESH_WITHIN_MS, KV_LATE_MS, GUARANTEES, PUBLISHED_WITHIN_MS } from '../bounds.ts'
import { World } from '../world.ts'
import { getPastCopy } from './past.ts'
import { StoryRunner } from './runner.ts'
import { ISOLATES, KEYS, PLACES, type Step, type Story } from './step.ts'

/** The longest time-box of a story, the longest delay of an alarm, and the longest hanging put. */
const QUIET_AFTER_MS = 120_000 + 30_000 + 40_000

export type StoryResult = {
  /** The violated invariants; empty if the story passed. */
  faults: Error[]
}

export type StoryOptions = { plant?: PlantedFault | null; trace?(line: string): void }

export async function runStory(
  { seed, mode, past, steps }: Story,
  { plant = null, trace }: StoryOptions = {},
): Promise<StoryResult> {
  const from = await getPastCopy(past)
  const world = new World({
    seed,
    places: PLACES,
    isolates: ISOLATES,
    mode,
    from,
    farMs: ASSUMED.farthestMs,
    skewMs: seed % 3 === 0 ? ASSUMED.clockSkewMs : 0,
    ...(seed % 2 === 1 && { confirmationsPerSecond: CROWDED.confirmationsPerSecond }),
    plant,
  })
  const { truth } = world
  const runner = new StoryRunner(world)
  const traceStep = (step: Step) => trace?.(`${describeMoment(world)}  ${JSON.stringify(step)}`)
  try {
    await world.clock.pass(2_000)
    for (const step of steps) {
      traceStep(step)
      await runner.run(step)
      if (world.faults.length > 0) break
    }
    if (world.faults.length === 0) await checkConvergence(world, runner)
    trace?.(`${describeMoment(world)}  the end`)
  } catch (fault) {
    world.report(fault)
  } finally {
    world.end()
  }
  return { faults: truth.isOvertaken && !GUARANTEES.noticesWhenOvertaken ? [] : world.faults }
}

function describeMoment(world: World): string {
  const { clock, kv, truth, object } = world
  const head = `${truth.head.revision}${truth.head.isDurable ? '' : '?'}`
  return `${String(clock.now() - 1_000_000_000).padStart(8)} ms  object ${head} ${object.state}  KV ${kv.latest?.revision ?? '-'} ${kv.state}`
}

async function checkConvergence(world: World, runner: StoryRunner): Promise<void> {
  const { clock, kv, object, objects, places, watchers, cache } = world
  kv.state = 'up'
  object.state = 'up'
  object.alarms = 'kept'
  cache.purges = 'kept'
  for (const hub of objects.hubs()) hub.state = 'up'
  world.disturb()
  // Several rounds, because a single read may be answered from KV before a distant object has confirmed.
  for (let round = 0; round < 4; round++) {
    for (const place of places) for (const key of KEYS) void world.read(place, key)
    await clock.pass(6_000)
  }
  // A call starts an object that has no instance since an upgrade, or whose alarm the platform has dropped.
  void places[0]?.isolates[0]?.stash['vouch']?.().catch(() => {})
  // After a recovery the object reads KV when a reader reports a newer revision, or before it publishes the next write.
  if (world.truth.timeline > 0) runner.writeLast()
  await clock.pass(QUIET_AFTER_MS + PUBLISHED_WITHIN_MS)
  if (world.faults.length > 0) return
  const { head } = world.truth
  if (head.isDeleted) return expectGone(world)

  expect(runner.waiting === 0, 'a client still waits for an answer')
  // Read from the table, because a revert that changes nothing makes no revision.
  const left = object.disk.exec('SELECT key FROM revert', []).length
  expect(left === 0, `reverts that are due are still pending at revision ${head.revision}`)
  const frozen = object.disk.exec('SELECT keys FROM key_freeze', []).length
  expect(frozen === 0, `freezes of keys that are over are still stored at revision ${head.revision}`)
  // Every acknowledged write must be in KV, even if the object crashed between its commit and the put.
  expectKv(world)
  for (const watcher of watchers) {
    expect(watcher.isAt(head), `a watcher has ${watcher.last?.revision}, and the object ${head.revision}`)
  }
  // A change while every isolate has an entry, which its lease lets it serve.
  for (const place of places) for (const isolate of place.isolates) void world.answer(place, { key: 'a' }, isolate)
  await clock.pass(1_000)
  runner.writeLast()
  await clock.pass(1_000)
  const last = world.truth.head
  // `readAll` waits longer in the mode `kv`, because the caches of KV bound how fresh its reads are.
  const answers = await readAll(world)
  // A freeze may end by the clock during the reads.
  const states = [last, world.truth.head]
  for (const { status, revision, key, value } of answers) {
    const isTrue = states.some((state) => state.revision === revision && (state.flags.get(key) ?? null) === value)
    expect(
      (status === 200 || status === 404) && isTrue,
      `${key} is ${last.flags.get(key) ?? null} at revision ${last.revision}, and was read as ${value} at ${revision} (${status})`,
    )
  }
}

/** Reads through each isolate and each place's cache. Two rounds before it refresh entries that stale-while-revalidate still serves. */
async function readAll(world: World) {
  const { clock, places, mode, confirmationsPerSecond } = world
  const leaseMs = confirmationsPerSecond === CROWDED.confirmationsPerSecond ? CROWDED.leaseMs : 0
  const within = leaseMs + (mode === 'vouched' ? FRESH_WITHIN_MS : KV_LATE_MS + FRESH_WITHIN_MS)
  for (const pause of [within, 6_000]) {
    for (const place of places) {
      for (const isolate of place.isolates) void world.answer(place, { key: 'a' }, isolate)
      for (const key of KEYS) void world.read(place, key)
    }
    await clock.pass(pause)
  }
  const reads = places.flatMap((place) =>
    KEYS.flatMap((key) => [
      world.read(place, key),
      ...place.isolates.map((isolate) => world.answer(place, { key }, isolate)),
    ]),
  )
  await clock.pass(6_000)
  return Promise.all(reads)
}

function expectKv({ kv, id, truth: { head } }: World): void {
  const latest = kv.latest
  expect(latest?.revision === head.revision, `KV has ${latest?.revision}, and the object ${head.revision}`)
  const snapshot = latest === undefined ? null : parseSnapshot(latest.text, id)
  expect(snapshot?.isComplete === true, `the text in KV has an older layout, and was not put again`)
  const flags = new Map(Array.from(snapshot?.flags.values() ?? [], ({ key, value }) => [key, value]))
  expect(isDeepStrictEqual(flags, new Map(head.flags)), `KV has other flags than the object at ${head.revision}`)
}

async function expectGone(world: World): Promise<void> {
  const { kv, object, watchers, truth } = world
  const { stash } = JSON.parse(kv.latest?.text ?? '{}') as { stash?: unknown }
  expect(stash === null, 'the stash was deleted, and KV does not say so')
  const tables = object.disk.exec(`SELECT name FROM sqlite_master WHERE name = 'item'`, [])
  expect(!GUARANTEES.deletesTables || tables.length === 0, 'the stash was deleted, and its object still has tables')
  for (const watcher of watchers)
    expect(watcher.isGone, `a watcher at ${watcher.last?.revision} did not receive the end`)
  for (const { status, revision } of await readAll(world)) {
    expect(
      status === 404 && (revision === null || truth.isGoneAt(revision)),
      `the stash was deleted, and was read as ${status} at revision ${revision}`,
    )
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new InvariantViolation(what)
}
