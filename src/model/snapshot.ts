/**
 * A stash as the edge sees it: every flag at one revision. This is the text that lies in KV and that the
 * object hands out, read by versions of the code before and after the one that wrote it.
 *
 * Reading distrusts: what is not exactly a snapshot of the stash asked for is no snapshot at all.
 */
import type { Freeze } from './freeze.ts'
import { parseJson } from './parse-json.ts'
import { PROFILES, type Profile } from './profile.ts'

export type Flag = {
  key: string
  value: string
  type: string
  version: number
  /** The type of the guard on its key, where it has one: what its text means. Readers before there was one leave it alone. */
  guard?: string
}

export type Snapshot = {
  stashId: string
  revision: number
  /** When the object wrote it down, in ms since the epoch. */
  publishedAt: number
  /** Null: the stash was deleted. It stays readable for a while so that older copies lose to it. */
  stash: {
    name: string | null
    description: string | null
    profile: Profile
    createdAt: number
    /** Ends by its time, whatever a copy says. Copies from before there were freezes have none. Its reason is not public: null. */
    freeze: Pick<Freeze, 'until' | 'reason'> | null
  } | null
  flags: ReadonlyMap<string, Flag>
}

export type LiveSnapshot = Snapshot & { stash: NonNullable<Snapshot['stash']> }

/** Under which name a cache keeps what was read of a stash. */
export const cacheTag = (stashId: string): string => `stash:${stashId}`

/**
 * Raised when a reader could misread what another version wrote. A format that is not this one counts as absent, and the
 * object gives what is missing. 1 knew no guards: a flag's type would have stayed unknown until the stash's next change.
 */
const FORMAT = 2

export function writeSnapshot(snapshot: Omit<Snapshot, 'flags'>, flags: Iterable<Flag>): string {
  const { stashId, revision, publishedAt, stash } = snapshot
  return JSON.stringify({
    format: FORMAT,
    stash_id: stashId,
    revision,
    published_at: publishedAt,
    stash: stash && {
      name: stash.name,
      description: stash.description,
      profile: stash.profile,
      created_at: stash.createdAt,
      ...(stash.freeze && { freeze: { until: stash.freeze.until, reason: null } }),
    },
    items: Array.from(flags, ({ key, value, type, version, guard }) => ({
      key,
      value,
      type,
      version,
      ...(guard !== undefined && { guard }),
    })),
  })
}

/** The snapshot in `text`, or null for anything that is not one of this stash in a format known here. */
export function readSnapshot(text: string, stashId: string): Snapshot | null {
  const raw = parseJson(text)?.value
  if (!isRecord(raw) || raw['format'] !== FORMAT || raw['stash_id'] !== stashId) return null
  const { revision, published_at: publishedAt, items } = raw
  if (!isCount(revision) || !isCount(publishedAt) || !Array.isArray(items)) return null
  const stash = raw['stash'] === null ? null : readFacts(raw['stash'])
  if (stash === undefined) return null

  const flags = new Map<string, Flag>()
  for (const item of items as unknown[]) {
    if (!isFlag(item)) return null
    flags.set(item.key, item)
  }
  return { stashId, revision, publishedAt, stash, flags }
}

/** The one with the higher revision. A copy is only ever replaced by a newer one. */
export function newest(a: Snapshot | null, b: Snapshot | null): Snapshot | null {
  if (a === null || b === null) return a ?? b
  return b.revision > a.revision ? b : a
}

function readFacts(raw: unknown): Snapshot['stash'] | undefined {
  if (!isRecord(raw)) return undefined
  const { name, description, profile, created_at: createdAt } = raw
  if (!isTextOrNull(name) || !isTextOrNull(description) || !isCount(createdAt)) return undefined
  const known = PROFILES.find((name) => name === profile)
  const freeze = readFreeze(raw['freeze'])
  return known && freeze !== undefined ? { name, description, profile: known, createdAt, freeze } : undefined
}

function readFreeze(raw: unknown): Pick<Freeze, 'until' | 'reason'> | null | undefined {
  if (raw === undefined) return null
  if (!isRecord(raw)) return undefined
  const { until, reason } = raw
  return (until === null || isCount(until)) && isTextOrNull(reason) ? { until, reason } : undefined
}

const isRecord = (raw: unknown): raw is Record<string, unknown> => typeof raw === 'object' && raw !== null
const isCount = (raw: unknown): raw is number => typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0
const isTextOrNull = (raw: unknown): raw is string | null => typeof raw === 'string' || raw === null
const isFlag = (raw: unknown): raw is Flag =>
  isRecord(raw) &&
  typeof raw['key'] === 'string' &&
  typeof raw['value'] === 'string' &&
  typeof raw['type'] === 'string' &&
  (raw['guard'] === undefined || typeof raw['guard'] === 'string') &&
  isCount(raw['version'])
