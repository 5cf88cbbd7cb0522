/**
 * Public reads: finds the cache entry of a stash, from this isolate's cache or from the stores; `serve.ts` turns it into a
 * response. Nothing here may depend on Accept, Origin or a token: two callers of one URL must get the same bytes, because
 * a cache in front answers both.
 */
import { SnapshotCache } from '../../edge/snapshot-cache.ts'
import { isLive, type LiveEntry } from '../../edge/fetched-snapshot.ts'
import { SnapshotReader } from '../../edge/snapshot-reader.ts'
import { createStores, type Handles } from '../../edge/stores.ts'
import type { Refusal, Result } from '../../model/refusal.ts'
import { parseStashId, STASH_ID_CHARS } from '../request/address.ts'
import { peekSlug } from '../request/slug.ts'
import type { ReadScope } from '../scope.ts'
import { parseQuery, parseMinRevision } from '../request/parse.ts'

/**
 * At most 1,000 stashes and 32 MiB by estimate, because an isolate has 128 MB in total. A full stash takes about 11 MiB here, and
 * up to three times that with the largest pending time-boxes.
 */
const snapshotReader = new SnapshotReader(new SnapshotCache(1_000, 32 * 1024 * 1024))

type Query<P extends string> = Partial<Record<P | 'min_revision', string>>

/** Reads the stash of the request. `parameters` are the query parameters of the route besides `min_revision`. */
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

/** Reads the newest revision of the stash, whatever the query of the request is. */
export async function readNewest({ stash, ...handles }: ReadScope): Promise<Result<LiveEntry>> {
  const id = parseStashId(handles.namespace, stash)
  return id.ok ? snapshotReader.read(createStores(handles, id.value), stash) : id
}

/**
 * Reads the claimed revision or a later one. A claim can be forged: if the stash has not reached it, the newest is read. If the
 * object does not answer and every copy is older than the claim, the read is refused as `unreachable`, because a client must not
 * go back to older values.
 */
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

/** The cache entry that this isolate may still serve without a look-up, or null. Synchronous, for the hot path. */
export function peekSnapshot(stashId: string): LiveEntry | null {
  const now = Date.now()
  const entry = snapshotReader.peek(stashId, 0, now)
  return entry !== null && now < entry.fastPathUntil && isLive(entry) ? entry : null
}

/** The same for an id or a slug. A slug must have been resolved in this isolate before. */
export function peekStash(idOrSlug: string): LiveEntry | null {
  const id = idOrSlug.length === STASH_ID_CHARS ? idOrSlug : peekSlug(idOrSlug)
  return id === null ? null : peekSnapshot(id)
}

/**
 * A stash was not deleted if its object has no data although a copy of the stash exists: the storage is lost. The refusal then
 * becomes `stash_lost` (503) instead of 404. It stays 404 if the stores do not answer.
 */
export async function refineNotFound(handles: Handles, stash: string, refusal: Refusal): Promise<Refusal> {
  const id = parseStashId(handles.namespace, stash)
  if (refusal.code !== 'stash_not_found' || !id.ok) return refusal
  const isLost = await snapshotReader.isLost(createStores(handles, id.value), stash)
  return isLost ? { code: 'stash_lost', applied: 'no' } : refusal
}

/** Must be called after a write or an event, so that the next reads in this isolate wait for its revision (read your writes). */
export const noteWrite = (stashId: string, revision: number): void =>
  snapshotReader.expectRevision(stashId, revision, Date.now())
