/** Reads a stash's snapshot from Workers KV. The only reader; the only writer is the stash's publisher. */
import { isKnownFormat, parseOutline, parseSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import { report, reportOnce } from './report.ts'

/** The least that KV allows. Vouched reads notice an older copy, so it costs them nothing. */
const KV_CACHE_TTL_S = 30

/** Null: nothing there that is a snapshot of this stash. Rejects where KV does. */
export async function readKv(kv: KVNamespace, stashId: string): Promise<Snapshot | null> {
  const text = await kv.get(stashId, { type: 'text', cacheTtl: KV_CACHE_TTL_S })
  if (text === null) return null
  const snapshot = parseSnapshot(text, stashId)
  if (snapshot !== null) return snapshot
  const outline = parseOutline(text)
  if (outline !== null && outline.stashId === stashId && !isKnownFormat(outline)) {
    // A newer version of the code was here. It says nothing of what else KV holds, so one line for all stashes will do.
    reportOnce('kv_format', `KV holds snapshots of format ${outline.format}, which this version does not read`, {
      stash: stashId,
    })
  } else {
    report('kv', 'what KV holds is not a snapshot of this stash; the next publish mends it', { stash: stashId })
  }
  return null
}
