/** The stores that `SnapshotReader` asks: their interface, and the implementation over the bindings of KV and the object. */
import type { LogName } from '../model/log-names.ts'
import { parseSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import { toVouchReply, type KnownCopy, type VouchReply } from '../model/snapshot/vouch.ts'
import type { StashObject } from '../stash/stash-object.ts'
import { readKv } from './read-kv.ts'
import { report } from './report.ts'

export type ReadMode = 'vouched' | 'kv'

export type Stores = {
  /** 'kv' asks the object only if no copy is new enough. Reads then scale without limit, and are as stale as KV. */
  mode: ReadMode
  now(): number
  sleep(ms: number): Promise<unknown>
  /** A number from 0 to 1, for jitter. */
  random(): number
  /** Keeps the work running when the request that started it has ended: other requests wait for it. */
  keepAlive(work: Promise<unknown>): void
  /** Null: KV has no readable snapshot of this stash. A rejection counts as a timeout. */
  readKv(stashId: string): Promise<Snapshot | null>
  /**
   * The object's vouch. A rejection counts as a timeout; it has `overloaded: true` if the object is overloaded.
   * @param known the copy that the changes are to lead from
   */
  vouch(stashId: string, known: KnownCopy | null): Promise<VouchReply>
  /** The object's snapshot. Null: the stash was deleted, or the object has no tables. A rejection counts as a timeout. */
  readObject(stashId: string): Promise<Snapshot | null>
  /**
   * Tells the object that a copy has this revision, so that the object recovers if KV confirms it. Resolves with the object's
   * revision afterwards; null as for `readObject`. A rejection counts as a timeout.
   */
  recover(stashId: string, revision: number): Promise<number | null>
  /** Logs for the operator that the object and a copy disagree. */
  notice(what: 'diverged' | 'lost', stashId: string, message: string): void
}

export type Handles = {
  namespace: DurableObjectNamespace<StashObject>
  kv: KVNamespace
  /** The READ_MODE variable. */
  mode: string
  context: { waitUntil(work: Promise<unknown>): void }
}

/** A read must fail fast, because it can fall back on KV; the runtime's own retries take ten seconds. */
const NO_RETRIES = { retry: { maxRetries: 0 } }

export function createStores({ namespace, kv, mode, context }: Handles, id: DurableObjectId): Stores {
  const stub = () => namespace.get(id, NO_RETRIES as DurableObjectNamespaceGetDurableObjectOptions)
  return {
    mode: parseReadMode(mode),
    now: Date.now,
    sleep: (ms) => scheduler.wait(ms),
    random: Math.random,
    keepAlive: (work) => context.waitUntil(work),
    readKv: (stashId) => withReport('kv', stashId, () => readKv(kv, stashId)),
    vouch: (stashId, known) => withReport('vouch', stashId, async () => toVouchReply(await stub().vouch(known))),
    readObject: (stashId) =>
      withReport('object', stashId, async () => {
        const text = await stub().snapshot()
        if (text === null) return null
        const snapshot = parseSnapshot(text, stashId)
        if (snapshot === null) throw new Error('the object did not return a snapshot of its stash')
        return snapshot
      }),
    recover: (stashId, revision) => withReport('recover', stashId, async () => stub().recover(revision)),
    notice: (what, stashId, message) => report(what, message, { stash: stashId }),
  }
}

function parseReadMode(setting: string): ReadMode {
  if (setting === 'vouched' || setting === 'kv') return setting
  throw new Error(`READ_MODE is "${setting}"; it may be "vouched" or "kv"`)
}

async function withReport<T>(store: LogName<'edge'>, stashId: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (fault) {
    report(store, fault, { stash: stashId })
    throw fault
  }
}
