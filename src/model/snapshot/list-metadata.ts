/**
 * The metadata of a stash's copy in KV, from which the stashes of a deployment are listed without reading the copies. Versions of
 * the code before and after the one that wrote it read it, so the parser checks every field.
 */
import { countBytes } from '../item.ts'

export type ListMetadata = {
  name: string | null
  slug: string | null
  /** In ms since the epoch. */
  createdAt: number
  revision: number
  items: number
}

/** As KV stores it: wire names, as in the copy itself. */
export type KvMetadata =
  { deleted: true } | { name: string | null; slug: string | null; created_at: number; revision: number; items: number }

/** KV refuses more, in UTF-8 of the JSON. */
const METADATA_MAX_BYTES = 1024

/** The name is cut where it would be too long: KV would refuse the whole put. */
export function toListMetadata({ createdAt, ...facts }: ListMetadata): Exclude<KvMetadata, { deleted: true }> {
  const metadata = { ...facts, created_at: createdAt }
  const fits = (name: string | null) => countBytes(JSON.stringify({ ...metadata, name })) <= METADATA_MAX_BYTES
  if (fits(metadata.name)) return metadata
  // By code points, so that no surrogate pair is cut in two.
  const points = [...(metadata.name ?? '')]
  while (points.length > 0 && !fits(points.join(''))) points.pop()
  return { ...metadata, name: points.join('') }
}

/** Null: the stash was deleted. 'unknown': a version without this metadata wrote the copy. */
export function parseListMetadata(raw: unknown): ListMetadata | 'unknown' | null {
  if (typeof raw !== 'object' || raw === null) return 'unknown'
  const { deleted, name, slug, created_at: createdAt, revision, items } = raw as Record<string, unknown>
  if (deleted === true) return null
  if (!isTextOrNull(name) || !isTextOrNull(slug) || !isCount(createdAt)) return 'unknown'
  return isCount(revision) && isCount(items) ? { name, slug, createdAt, revision, items } : 'unknown'
}

const isCount = (raw: unknown): raw is number => typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0
const isTextOrNull = (raw: unknown): raw is string | null => typeof raw === 'string' || raw === null
