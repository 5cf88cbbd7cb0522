/** One run from the service's first start to its end: the workers and faults, the quiet after them, and a last look at all that is left. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from './ask.ts'
import { Faults, KV_SETTLES_MS } from './faults.ts'
import type { Options } from './options.ts'
import { read } from './readers.ts'
import { freePort, Service, type Settings } from './service.ts'
import { createStash, State } from './state.ts'
import type { Final, Story } from './story.ts'
import { startTamperer } from './tamper.ts'
import { watch } from './watchers.ts'
import { Witness } from './witness.ts'
import { write } from './writers.ts'

const QUIET_DEADLINE_MS = 60_000
const KV_DEADLINE_MS = 60_000
/** So many times longer a run may take on a machine that is busy. */
const LONGER = 10

const NOTHING: Final = { fault: null, revision: 0, flags: {}, verified: false, verifyText: '', kv: null }

export type Told = { story: Story; state: State }

export async function play(options: Options, onService: (service: Service) => void): Promise<Told> {
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-histories-'))
  const settings: Settings = options.hubs ? { WATCHERS_PER_OBJECT: '2' } : {}
  const service = new Service(join(scratch, 'data'), await freePort(), settings)
  onService(service)
  let tamperer: { origin: string; close(): void } | null = null
  try {
    if (options.url === null) await service.start()
    const origin = options.url ?? service.origin
    const { broken, recoveries, fence, clock } = options
    if (broken !== null && broken !== 'recovery') tamperer = await startTamperer(broken, origin)
    const stash = await createStash(origin, options.writers)
    const state = new State(tamperer?.origin ?? origin, stash, { fence, clock }, options)
    state.begin()
    // What it says of itself is asked for past the proxy.
    const witness = new Witness(origin, stash)
    const faults = new Faults(service, state, witness, scratch)

    const workers = [
      ...Array.from({ length: options.writers }, (_, i) => write(state, i)),
      ...Array.from({ length: options.readers }, () => read(state)),
    ]
    const watchers = Array.from({ length: options.watchers }, (_, i) => watch(state, i))
    const all = Promise.all([...workers, ...watchers])
    const acts =
      broken === 'recovery'
        ? recoverUnseen(faults, state, options.seconds)
        : faults.run({ kills: options.kills, recoveries, everyMs: options.faultEveryMs })
    let fault: string | null = null
    const stop = (error: unknown): void => {
      fault ??= String(error)
      state.isOver = true
      state.gate.open()
    }
    await Promise.race([all, Promise.all([endInTime(state, options), acts.catch(stop)])])
    await Promise.all(workers)

    const final = { ...NOTHING }
    try {
      Object.assign(final, await comeToRest(state, witness))
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
      final.kv = await readKv(witness, final.revision)
    }
    witness.close()
    // Where the history could not be read, what it would have told of is not checked.
    const until = fault === null ? Infinity : faults.openSince
    const { watched, malformed, rules, generations } = state
    const operations = state.operations.filter(({ tries: [first] }) => first === undefined || first.sentAt < until)
    const reads = state.reads.filter(({ endedAt }) => endedAt < until)
    return { story: { rules, operations, reads, watched, malformed, generations, epochs: faults.epochs, final }, state }
  } finally {
    tamperer?.close()
    await service.end('SIGTERM')
    await rm(scratch, { recursive: true, force: true })
  }
}

async function endInTime(state: State, { seconds, atLeast }: Options): Promise<void> {
  await sleep(1_000 * seconds)
  for (let i = 0; i < seconds * LONGER * 10; i++) {
    if (Math.min(state.operations.length, state.reads.length) >= atLeast) break
    await sleep(100)
  }
  state.isOver = true
}

/** Waits until nothing is left that changes the stash, and until each watcher has come as far. */
async function comeToRest(state: State, witness: Witness): Promise<Final> {
  const deadline = Date.now() + QUIET_DEADLINE_MS
  const timed = state.operations.flatMap(({ forMs, dueAt, tries }) => {
    const sentAt = tries.at(-1)?.endedAt ?? 0
    return [forMs === undefined ? 0 : sentAt + forMs, dueAt ?? 0]
  })
  const restAt = timed.reduce((latest, at) => Math.max(latest, at), 0) + 500
  if (restAt > Date.now()) await sleep(restAt - Date.now())
  let { revision, flags } = await witness.flags()
  const isThere = (): boolean => state.watched.every((watched) => watched.keys !== null || lastOf(watched) >= revision)
  for (let stableSince = Date.now(); Date.now() < deadline; await sleep(100)) {
    const now = await witness.flags()
    if (now.revision !== revision) stableSince = Date.now()
    revision = now.revision
    flags = now.flags
    if (isThere() && Date.now() - stableSince > 700) break
  }
  const { valid, text } = await witness.verify()
  return { fault: null, revision, flags, verified: valid, verifyText: text, kv: null }
}

function lastOf({ notes }: State['watched'][number]): number {
  const last = notes.findLast((note) => 'event' in note)
  return last !== undefined && 'event' in last ? last.event.revision : -1
}

/** KV alone, which may still be told after the kill. */
async function readKv(witness: Witness, revision: number): Promise<Final['kv']> {
  const deadline = Date.now() + KV_DEADLINE_MS
  let last = await witness.flags()
  while (last.revision !== revision && Date.now() < deadline) {
    await sleep(300)
    last = await witness.flags()
  }
  return last
}

/** Copied early, put back in the middle, KV with it. */
async function recoverUnseen(faults: Faults, { gate }: State, seconds: number): Promise<void> {
  await sleep(250 * seconds)
  await gate.shut()
  // What is copied while the service runs must not be written meanwhile, KV included.
  await sleep(KV_SETTLES_MS)
  await faults.copyObject()
  await faults.copyKv()
  gate.open()
  await sleep(250 * seconds)
  await faults.recover({ withKv: true })
}
