/** The stores behind `recall`, and the real ones: the KV namespace and the stash's object, through their bindings. */
import type { LogName } from '../model/log-names.ts'
import { parseSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import type { Vouch } from '../model/snapshot/vouch.ts'
import type { StashObject } from '../stash/stash-object.ts'
import { readKv } from './read-kv.ts'
import { report } from './report.ts'

export type ReadMode = 'vouched' | 'kv'

export type Stores = {
  /** 'kv' asks the object only where KV has nothing: reads then scale without bound, as late as KV is. */
  mode: ReadMode
  now(): number
  sleep(ms: number): Promise<unknown>
  /** A number from 0 to 1, for pauses that must differ from isolate to isolate. */
  random(): number
  /** Lets the work go on when the request that began it is gone: others wait for it. */
  keepAlive(work: Promise<unknown>): void
  /** Null: nothing there that is a snapshot of this stash. May reject, which is silence. */
  readKv(stashId: string): Promise<Snapshot | null>
  /** The true revision. May reject, which is silence; with `overloaded` where the object has too much to do. */
  vouch(stashId: string): Promise<Vouch>
  /** The true snapshot. Null: no such stash. May reject, which is silence. */
  readObject(stashId: string): Promise<Snapshot | null>
  /** Tells the object that there is a copy of this revision. The revision that it has then; null: no such stash. May reject. */
  recover(stashId: string, revision: number): Promise<number | null>
  /** For the operator: the object and a copy disagree. */
  notice(what: 'diverged' | 'lost', stashId: string, message: string): void
}

export type Handles = {
  namespace: DurableObjectNamespace<StashObject>
  kv: KVNamespace
  /** The READ_MODE variable. */
  mode: string
  context: { waitUntil(work: Promise<unknown>): void }
}

/** A read would rather be told at once: it has KV to fall back on, and the runtime's own retries take ten seconds. */
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
    vouch: (stashId) => withReport('vouch', stashId, async () => stub().vouch()),
    readObject: (stashId) =>
      withReport('object', stashId, async () => {
        const text = await stub().snapshot()
        if (text === null) return null
        const snapshot = parseSnapshot(text, stashId)
        if (snapshot === null) throw new Error('the object gave what is not a snapshot of its stash')
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
