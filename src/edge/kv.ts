/** Reads a stash's snapshot from Workers KV. The only reader; the only writer is the stash's publisher. */
import { readSnapshot, type Snapshot } from '../model/snapshot.ts'
import { report } from './report.ts'

/** The least that KV allows. Vouched reads notice an older copy, so it costs them nothing. */
const KV_CACHE_TTL_S = 30

/** Null: nothing there that is a snapshot of this stash. Rejects where KV does. */
export async function readKv(kv: KVNamespace, stashId: string): Promise<Snapshot | null> {
  const text = await kv.get(stashId, { type: 'text', cacheTtl: KV_CACHE_TTL_S })
  if (text === null) return null
  const snapshot = readSnapshot(text, stashId)
  if (snapshot === null)
    report('kv', 'what KV holds is not a snapshot of this stash; the next publish mends it', { stash: stashId })
  return snapshot
}
