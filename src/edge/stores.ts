/** The real stores behind `recall`: the KV namespace and the stash's object, through their bindings. */
import { readSnapshot } from '../model/snapshot.ts'
import type { StashObject } from '../stash/stash-object.ts'
import { readKv } from './kv.ts'
import type { ReadMode, Stores } from './recall.ts'
import { report } from './report.ts'

export type Bindings = { STASH: DurableObjectNamespace<StashObject>; SNAPSHOTS: KVNamespace; READ_MODE: string }

export function storesOf(env: Bindings, id: DurableObjectId): Stores {
  return {
    mode: readModeOf(env.READ_MODE),
    now: Date.now,
    sleep: (ms) => scheduler.wait(ms),
    readKv: (stashId) => reporting('kv', stashId, () => readKv(env.SNAPSHOTS, stashId)),
    vouch: (stashId) => reporting('vouch', stashId, async () => env.STASH.get(id).vouch()),
    readObject: (stashId) =>
      reporting('object', stashId, async () => {
        const text = await env.STASH.get(id).snapshot()
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
