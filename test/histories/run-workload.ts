/** Runs the workload once: starts the service, runs workers and faults, waits until nothing changes any more, and reads the final state. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from './http-client.ts'
import { Faults, KV_SETTLED_MS } from './faults.ts'
import type { Options } from './options.ts'
import { read } from './readers.ts'
import { freePort, Service, type Settings } from './service.ts'
import { createStash, State } from './state.ts'
import type { Final, Recording } from './recording.ts'
import { startBreakingProxy } from './breaking-proxy.ts'
import { watch } from './watchers.ts'
import { HistoryReader } from './history-reader.ts'
import { write } from './writers.ts'

const QUIET_DEADLINE_MS = 60_000
const KV_DEADLINE_MS = 60_000
/** By which factor a run may be longer to reach `atLeast` on a slow machine. */
const LONGER = 10

const NOTHING: Final = { fault: null, revision: 0, flags: {}, verified: false, verifyText: '', kv: null }

export type RunResult = { recording: Recording; state: State }

export async function runWorkload(options: Options, onService: (service: Service) => void): Promise<RunResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-histories-'))
  const isCrowd = options.workers > 1
  const settings: Settings = {
    ...(options.hubs && { WATCHERS_PER_OBJECT: isCrowd ? '4' : '2', WATCHERS_BEFORE_HUBS: '2' }),
    // Fewer than the Workers ask for: each confirmation holds for longer than a second.
    ...(isCrowd && { CONFIRMATIONS_PER_SECOND: '1' }),
  }
  const ports = await Promise.all(Array.from({ length: options.workers }, freePort))
  const service = new Service(join(scratch, 'data'), ports, settings)
  onService(service)
  let proxy: { origin: string; close(): void } | null = null
  try {
    if (options.url === null) await service.start()
    const origins = options.url === null ? service.origins : [options.url]
    const origin = origins[0] ?? ''
    const { broken, recoveries, fence, clock } = options
    if (broken !== null && broken !== 'recovery') proxy = await startBreakingProxy(broken, origin)
    const stash = await createStash(origin, options.writers)
    const allowed = { fence, clock, oneIsolate: !isCrowd }
    const state = new State(proxy === null ? origins : [proxy.origin], stash, allowed, options)
    state.begin()
    // The history is read past the proxy, which may break it.
    const historyReader = new HistoryReader(origin, stash)
    const faults = new Faults(service, state, historyReader, scratch)

    const workers = [
      ...Array.from({ length: options.writers }, (_, i) => write(state, i)),
      ...Array.from({ length: options.readers }, () => read(state)),
    ]
    const watchers = Array.from({ length: options.watchers }, (_, i) => watch(state, i))
    const all = Promise.all([...workers, ...watchers])
    const faultsDone =
      broken === 'recovery'
        ? recoverUnseen(faults, state, options.seconds)
        : faults.run({ kills: options.kills, recoveries, hubs: isCrowd, everyMs: options.faultEveryMs })
    let fault: string | null = null
    const stop = (error: unknown): void => {
      fault ??= String(error)
      state.isOver = true
      state.gate.open()
    }
    await Promise.race([all, Promise.all([endWorkload(state, options), faultsDone.catch(stop)])])
    await Promise.all(workers)

    const final = { ...NOTHING }
    try {
      Object.assign(final, await waitForQuiet(state, historyReader))
      await faults.closeEpoch()
    } catch (error) {
      stop(error)
    }
    final.fault = fault
    state.isDone = true
    await all
    if (options.kills && broken === null && fault === null) {
      state.endGeneration()
      state.counts.kills++
      await service.end('SIGKILL')
      await service.start({ READ_MODE: 'kv' })
      final.kv = await readKv(historyReader, final.revision)
    }
    historyReader.close()
    // Operations and reads whose history could not be read are not checked.
    const until = fault === null ? Infinity : faults.openSince
    const { watched, malformed, rules, generations } = state
    const operations = state.operations.filter(({ attempts: [first] }) => first === undefined || first.sentAt < until)
    const reads = state.reads.filter(({ endedAt }) => endedAt < until)
    return {
      recording: { rules, operations, reads, watched, malformed, generations, epochs: faults.epochs, final },
      state,
    }
  } finally {
    proxy?.close()
    await service.end('SIGTERM')
    await rm(scratch, { recursive: true, force: true })
  }
}

async function endWorkload(state: State, { seconds, atLeast }: Options): Promise<void> {
  await sleep(1_000 * seconds)
  for (let i = 0; i < seconds * LONGER * 10; i++) {
    if (Math.min(state.operations.length, state.reads.length) >= atLeast) break
    await sleep(100)
  }
  state.isOver = true
}

/** Waits until no change is pending and each watcher has reached the head. */
async function waitForQuiet(state: State, historyReader: HistoryReader): Promise<Final> {
  const deadline = Date.now() + QUIET_DEADLINE_MS
  const timed = state.operations.flatMap(({ forMs, dueAt, attempts }) => {
    const sentAt = attempts.at(-1)?.endedAt ?? 0
    return [forMs === undefined ? 0 : sentAt + forMs, dueAt ?? 0]
  })
  const quietAt = timed.reduce((latest, at) => Math.max(latest, at), 0) + 500
  if (quietAt > Date.now()) await sleep(quietAt - Date.now())
  let { revision, flags } = await historyReader.flags()
  const areWatchersCurrent = (): boolean =>
    state.watched.every((watched) => watched.keys !== null || getLastRevision(watched) >= revision)
  for (let stableSince = Date.now(); Date.now() < deadline; await sleep(100)) {
    const now = await historyReader.flags()
    if (now.revision !== revision) stableSince = Date.now()
    revision = now.revision
    flags = now.flags
    if (areWatchersCurrent() && Date.now() - stableSince > 700) break
  }
  const { valid, text } = await historyReader.verify()
  return { fault: null, revision, flags, verified: valid, verifyText: text, kv: null }
}

function getLastRevision({ notes }: State['watched'][number]): number {
  const last = notes.findLast((note) => 'event' in note)
  return last !== undefined && 'event' in last ? last.event.revision : -1
}

/** Reads KV without the object. The publisher may still put after the kill. */
async function readKv(historyReader: HistoryReader, revision: number): Promise<Final['kv']> {
  const deadline = Date.now() + KV_DEADLINE_MS
  let last = await historyReader.flags()
  while (last.revision !== revision && Date.now() < deadline) {
    await sleep(300)
    last = await historyReader.flags()
  }
  return last
}

/** Copies the object and KV early, and restores both in the middle of the run. */
async function recoverUnseen(faults: Faults, { gate }: State, seconds: number): Promise<void> {
  await sleep(250 * seconds)
  await gate.shut()
  // Files that are copied while the service runs must not be written at the same time.
  await sleep(KV_SETTLED_MS)
  await faults.copyObject()
  await faults.copyKv()
  gate.open()
  await sleep(250 * seconds)
  await faults.recover({ withKv: true })
}
