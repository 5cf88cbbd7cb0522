/**
 * Public reads: which stash, from memory or the stores. What is found is served by `serve.ts`.
 *
 * Nothing here looks at Accept, Origin or a token: two callers of one URL get the same bytes.
 */
import { SnapshotCache } from '../../edge/snapshot-cache.ts'
import { isLive, type LiveEntry } from '../../edge/finding.ts'
import { SnapshotReader } from '../../edge/snapshot-reader.ts'
import { createStores, type Handles } from '../../edge/stores.ts'
import type { Refusal, Result } from '../../model/refusal.ts'
import { parseStashId } from '../request/address.ts'
import type { ReadScope } from '../scope.ts'
import { parseQuery, parseMinRevision } from '../request/parse.ts'

/** An isolate has 128 MiB. A stash at its limits takes some 11 MiB here. */
const snapshotReader = new SnapshotReader(new SnapshotCache(1_000, 32 * 1024 * 1024))

type Query<P extends string> = Partial<Record<P | 'min_revision', string>>

/** The stash of this id; `parameters` are those the route knows besides `min_revision`. */
export async function readSnapshot<const P extends string = never>(
  { url, stash, ...handles }: ReadScope,
  parameters: readonly P[] = [],
): Promise<Result<{ entry: LiveEntry; query: Query<P> }>> {
  const query = parseQuery(url, ['min_revision', ...parameters] as const)
  if (!query.ok) return query
  const minRevision = parseMinRevision((query.value as Query<never>).min_revision)
  if (!minRevision.ok) return minRevision

  const id = parseStashId(handles.namespace, stash)
  if (!id.ok) return id
  const read = await snapshotReader.read(createStores(handles, id.value), stash, minRevision.value)
  return read.ok ? { ok: true, value: { entry: read.value, query: query.value as Query<P> } } : read
}

/** As new as is claimed, where that is to be had: a claim may be forged, and is then worth no refusal. */
export async function readClaimedRevision(
  { stash, ...handles }: ReadScope,
  claimed: number,
): Promise<Result<LiveEntry>> {
  const id = parseStashId(handles.namespace, stash)
  if (!id.ok) return id
  const stores = createStores(handles, id.value)
  const read = await snapshotReader.read(stores, stash, claimed)
  if (read.ok || read.refusal.code !== 'revision_not_reached') return read
  return snapshotReader.read(stores, stash)
}

/** What this isolate remembers and may still serve, for a request without a query: asks nobody, awaits nothing. */
export function peekSnapshot(stashId: string): LiveEntry | null {
  const now = Date.now()
  const entry = snapshotReader.peek(stashId, 0, now)
  return entry !== null && now < entry.hotUntil && isLive(entry) ? entry : null
}

/** A stash that its object knows nothing of while a copy lives is not deleted: no 404 may say so. */
export async function explainMissing(handles: Handles, stash: string, refusal: Refusal): Promise<Refusal> {
  const id = parseStashId(handles.namespace, stash)
  if (refusal.code !== 'stash_not_found' || !id.ok) return refusal
  const isLost = await snapshotReader.isLost(createStores(handles, id.value), stash)
  return isLost ? { code: 'stash_lost', applied: 'no' } : refusal
}

/** To be called after a write, so that this isolate's next read shows it. */
export const noteWrite = (stashId: string, revision: number): void =>
  snapshotReader.expectRevision(stashId, revision, Date.now())
