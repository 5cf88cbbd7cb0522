/**
 * Reads a stash's snapshot from Workers KV, for readers. Only the stash's object writes it. The object also reads it, to detect
 * that its own storage was restored to an earlier time.
 */
import { isKnownFormat, parseOutline, parseSnapshot, type Snapshot } from '../model/snapshot/snapshot.ts'
import { report, reportOnce } from './report.ts'

/** The shortest TTL that KV allows. A read in the mode `kv` may be this much staler; a vouched read notices an outdated copy. */
const KV_CACHE_TTL_S = 30

/** @returns null if KV has no readable snapshot of this stash. Rejects if the read from KV fails. */
export async function readKv(kv: KVNamespace, stashId: string): Promise<Snapshot | null> {
  const text = await kv.get(stashId, { type: 'text', cacheTtl: KV_CACHE_TTL_S })
  if (text === null) return null
  const snapshot = parseSnapshot(text, stashId)
  if (snapshot !== null) return snapshot
  const outline = parseOutline(text)
  if (outline !== null && outline.stashId === stashId && !isKnownFormat(outline)) {
    // A newer version of the code wrote this text, and probably those of other stashes: one log line per isolate is enough.
    reportOnce('kv_format', `KV holds snapshots of format ${outline.format}, which this version does not read`, {
      stash: stashId,
    })
  } else {
    report('kv', 'what KV holds is not a snapshot of this stash; the next publish mends it', { stash: stashId })
  }
  return null
}
