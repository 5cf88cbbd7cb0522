/**
 * The read path of one isolate with a simulated clock and stand-ins for KV and the object. Each stand-in is at one revision and
 * counts its calls.
 */
import { toVouchReply } from '../../src/model/snapshot/vouch.ts'
import { SnapshotCache } from '../../src/edge/snapshot-cache.ts'
import { SnapshotReader } from '../../src/edge/snapshot-reader.ts'
import type { Stores } from '../../src/edge/stores.ts'
import { parseSnapshot, serializeSnapshot, type Snapshot } from '../../src/model/snapshot/snapshot.ts'
import { Clock } from '../world/clock.ts'

const STASH = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const

export function snapshotAt(revision: number, stashId = 's'): Snapshot {
  const flag = { key: 'n', value: String(revision), type: 'text/plain', version: revision }
  const read = parseSnapshot(
    serializeSnapshot({ stashId, revision, chain: null, publishedAt: 0, stash: STASH, reverts: [] }, [flag]),
    stashId,
  )
  if (read === null) throw new Error('not a snapshot')
  return read
}

export function makeIsolate() {
  const clock = new Clock()
  const calls = { kv: 0, vouch: 0, object: 0, recover: 0 }
  const notices: string[] = []
  const at = {
    kv: 1,
    object: 1,
    kvMs: 5,
    vouchMs: 5,
    objectMs: 5,
    objectDead: false,
    overloaded: false,
    kvDead: false,
    /** Returns the object's revision after a reader tells the object of a newer copy; null: the object rejects the copy. */
    recovers: null as ((seen: number) => number) | null,
    kvLacks: false,
    objectLacks: false,
  }
  const respond = async <T>(ms: number, dead: boolean, getState: () => T): Promise<T> => {
    // The response has the state at the time of the request, not at that of the response.
    const state = getState()
    await clock.sleep(ms)
    if (dead) throw Object.assign(new Error('no answer'), { overloaded: at.overloaded })
    return state
  }
  const copy = (revision: number, id: string, lacks: boolean): Snapshot => ({
    ...snapshotAt(revision, id),
    isComplete: !lacks,
  })
  const stores: Stores = {
    mode: 'vouched',
    now: clock.now,
    sleep: clock.sleep,
    random: () => 1,
    keepAlive: () => {},
    readKv: (id) => (calls.kv++, respond(at.kvMs, at.kvDead, () => copy(at.kv, id, at.kvLacks))),
    vouch: () => (calls.vouch++, respond(at.vouchMs, at.objectDead, () => toVouchReply(at.object))),
    readObject: (id) => (
      calls.object++,
      respond(at.objectMs, at.objectDead, () => copy(at.object, id, at.objectLacks))
    ),
    recover: (_, seen) => {
      calls.recover++
      if (at.recovers !== null) at.object = at.recovers(seen)
      return respond(at.vouchMs, at.objectDead, () => at.object)
    },
    notice: (what) => void notices.push(what),
  }
  const cache = new SnapshotCache(100, 10_000_000)
  const reader = new SnapshotReader(cache)
  const read = async (minRevision = 0, ms = 20_000) => {
    const reading = reader.read(stores, 's', minRevision)
    await clock.pass(ms)
    const read = await reading
    return read.ok ? { revision: read.value.snapshot.revision, vouched: read.value.vouched } : read.refusal.code
  }
  /** Reads once, and measures how long the reader waits. */
  const timed = async (): Promise<{ ms: number; revision: number; vouched: boolean; source: string }> => {
    const from = clock.now()
    const ended: number[] = []
    const reading = reader.read(stores, 's').then((read) => {
      ended.push(clock.now() - from)
      return read
    })
    while (ended.length === 0) await clock.pass(1)
    const read = await reading
    const [ms = 0] = ended
    if (!read.ok) throw new Error(read.refusal.code)
    const { snapshot, vouched, source } = read.value
    return { ms, revision: snapshot.revision, vouched, source }
  }
  return { clock, calls, notices, at, stores, cache, reader, read, timed }
}
