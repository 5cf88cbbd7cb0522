/** The real stores behind `recall`: the KV namespace and the stash's object, through their bindings. */
import { readSnapshot } from '../model/snapshot.ts'
import type { StashObject } from '../stash/stash-object.ts'
import { readKv } from './kv.ts'
import type { ReadMode, Stores } from './recall.ts'
import { report } from './report.ts'

export type Handles = {
  namespace: DurableObjectNamespace<StashObject>
  kv: KVNamespace
  /** The READ_MODE variable. */
  mode: string
  context: { waitUntil(work: Promise<unknown>): void }
}

/** A read would rather be told at once: it has KV to fall back on, and the runtime's own retries take ten seconds. */
const NO_RETRIES = { retry: { maxRetries: 0 } }

export function storesOf({ namespace, kv, mode, context }: Handles, id: DurableObjectId): Stores {
  const stub = () => namespace.get(id, NO_RETRIES as DurableObjectNamespaceGetDurableObjectOptions)
  return {
    mode: readModeOf(mode),
    now: Date.now,
    sleep: (ms) => scheduler.wait(ms),
    keepAlive: (work) => context.waitUntil(work),
    readKv: (stashId) => reporting('kv', stashId, () => readKv(kv, stashId)),
    vouch: (stashId) => reporting('vouch', stashId, async () => stub().vouch()),
    readObject: (stashId) =>
      reporting('object', stashId, async () => {
        const text = await stub().snapshot()
        if (text === null) return null
        const snapshot = readSnapshot(text, stashId)
        if (snapshot === null) throw new Error('the object gave what is not a snapshot of its stash')
        return snapshot
      }),
  }
}

function readModeOf(setting: string): ReadMode {
  if (setting === 'vouched' || setting === 'kv') return setting
  throw new Error(`READ_MODE is "${setting}"; it may be "vouched" or "kv"`)
}

async function reporting<T>(store: string, stashId: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (fault) {
    report(store, fault, { stash: stashId })
    throw fault
  }
}
