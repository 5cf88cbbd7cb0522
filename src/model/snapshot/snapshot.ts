/**
 * A snapshot: every flag of a stash at one revision, as the text that KV stores and the object sends. Versions of the code
 * before and after the one that wrote it read it. The parser checks every field: a text that is not a valid snapshot of the
 * requested stash counts as absent.
 */
import type { Freeze } from '../freeze.ts'
import { parseJson } from '../parse-json.ts'
import { PROFILES, type Profile } from '../profile.ts'
import { LEASE_MAX_MS } from './vouch.ts'

export type Flag = {
  key: string
  value: string
  type: string
  version: number
  /** The type of its key's guard, where it has one: how its text is evaluated. Older readers ignore it. */
  guard?: string
  /** Whether the value is the `safe_value` of its guard; absent where the guard has none. The safe value itself is not public. */
  safe?: boolean
  /** When the value was written, in ms since the epoch. Absent in copies of versions that did not write it. */
  changedAt?: number
  /** For a time-boxed flag: when its value ends, in ms since the epoch. Not stored, but derived from `reverts`. */
  until?: number
  /** A time-box has ended by the clock and put this value back; the stash has no revision for that yet. Never stored. */
  reverted?: true
}

/** The value that a pending time-box puts back, and when. */
export type Revert = {
  key: string
  /** In ms since the epoch. */
  at: number
  /** The revision that set the time-box: the version of the value that ends. */
  version: number
  /** Null: the flag goes away. `guard` and `safe` are as in `Flag`, of the value that is put back. */
  to: { value: string; type: string; guard?: string; safe?: boolean } | null
}

/** A freeze of the keys that the patterns match. It ends by its time, also in an older copy. */
export type KeyFreeze = { keys: readonly string[]; until: number | null }

export type Snapshot = {
  stashId: string
  revision: number
  /**
   * The beginning of the hash of this revision's log entry; null where there is none. By it an object distinguishes its own
   * history from a lost one.
   */
  chain: string | null
  /** When the object composed it, in ms since the epoch. */
  publishedAt: number
  /**
   * The lease that the object gave then, in ms, where it was longer than the least. An isolate without a copy does not ask at once
   * then: after a deploy all isolates are new. Absent otherwise, and in copies of versions without leases.
   */
  leaseMs?: number
  /** Null: the stash was deleted. This tombstone stays in KV for a while, so that it replaces older copies. */
  stash: {
    name: string | null
    description: string | null
    profile: Profile
    createdAt: number
    /**
     * A freeze ends by its time, also in an older copy. Null also in copies of versions without freezes. The reason is not
     * public: it is written as null, and ignored where an older version wrote it.
     */
    freeze: Pick<Freeze, 'until' | 'reason'> | null
    /** The freezes of some keys, by patterns. Absent in copies of versions without them. */
    keyFreezes?: readonly KeyFreeze[]
    /** The public name that paths may have instead of the id. Absent where the stash has none. */
    slug?: string
  } | null
  flags: ReadonlyMap<string, Flag>
  /** The public description of a key, from its guard. A key may have one while it has no flag. */
  descriptions: ReadonlyMap<string, string>
  /** The pending ends of time-boxes, the next first. */
  reverts: readonly Revert[]
  /** When the next revert is due; Infinity where there is none. From then on `getSnapshotAt` returns another snapshot. */
  changesAt: number
  /** Keys whose time-box has ended by the clock, and whose former value has no revision of its own yet. */
  reverted: ReadonlySet<string>
  /** False where it was written by a version of the code that left out something that readers need today. */
  isComplete: boolean
}

/** The stored part of a snapshot; the rest is derived from it. */
export type SnapshotFacts = Omit<Snapshot, 'flags' | 'changesAt' | 'reverted' | 'isComplete' | 'descriptions'> & {
  descriptions?: Snapshot['descriptions']
}

/** How many characters of an entry's hash are enough to distinguish two histories. */
export const CHAIN_CHARS = 16

export type LiveSnapshot = Snapshot & { stash: NonNullable<Snapshot['stash']> }

/** The cache tag of every cached response about a stash. */
export const toCacheTag = (stashId: string): string => `stash:${stashId}`

/**
 * The format is raised when a reader of another version could misread the text; not for an additional field. Readers accept
 * this format and the one before, so that KV's copy stays usable until the object has put it again; any other counts as absent.
 * Format 1 has no guards: the types of its flags are unknown.
 */
const FORMAT = 2
const FORMAT_BEFORE = 1

/** The layout is raised with each change of the written text, also for a new field: copies in KV of another are put again. */
export const LAYOUT = 3

/** @param more further members, which a reader of a snapshot ignores */
export function serializeSnapshot(snapshot: SnapshotFacts, flags: Iterable<Flag>, more: object = {}): string {
  const { stashId, revision, chain, publishedAt, leaseMs, stash, reverts, descriptions = [] } = snapshot
  return JSON.stringify({
    format: FORMAT,
    stash_id: stashId,
    revision,
    ...(chain !== null && { chain }),
    published_at: publishedAt,
    ...(leaseMs !== undefined && { lease_ms: leaseMs }),
    stash: stash && {
      name: stash.name,
      description: stash.description,
      profile: stash.profile,
      created_at: stash.createdAt,
      ...(stash.freeze && { freeze: { until: stash.freeze.until, reason: null } }),
      ...(stash.keyFreezes && stash.keyFreezes.length > 0 && { key_freezes: stash.keyFreezes }),
      ...(stash.slug !== undefined && { slug: stash.slug }),
    },
    items: Array.from(flags, ({ key, value, type, version, guard, safe, changedAt }) => ({
      key,
      value,
      type,
      version,
      ...(guard !== undefined && { guard }),
      ...(safe !== undefined && { safe }),
      ...(changedAt !== undefined && { changed_at: changedAt }),
    })),
    // These fields are written also when empty: a text without one of them is by a version that did not have it.
    reverts,
    // A list, because an object would lose the key `__proto__` in some readers.
    descriptions: [...descriptions],
    ...more,
  })
}

/** The snapshot in `text`; null where it is not a snapshot of this stash in a known format. */
export function parseSnapshot(text: string, stashId: string): Snapshot | null {
  const raw = parseJson(text)?.value
  if (!isRecord(raw) || raw['stash_id'] !== stashId) return null
  const format = raw['format']
  if (format !== FORMAT && format !== FORMAT_BEFORE) return null
  const { revision, published_at: publishedAt, lease_ms: leaseMs, items, reverts: rawReverts } = raw
  if (!isCount(revision) || !isCount(publishedAt) || !Array.isArray(items)) return null
  const stash = raw['stash'] === null ? null : readFacts(raw['stash'])
  if (stash === undefined) return null

  const flags = new Map<string, Flag>()
  for (const item of items as unknown[]) {
    if (!isItem(item)) return null
    flags.set(item.key, toFlag(item))
  }
  const descriptions = readDescriptions(raw['descriptions'])
  if (descriptions === undefined) return null
  const reverts = rawReverts === undefined ? [] : readReverts(rawReverts)
  if (reverts === null) return null
  for (const { key, at } of reverts) {
    const flag = flags.get(key)
    if (flag !== undefined) flags.set(key, { ...flag, until: at })
  }
  return {
    stashId,
    revision,
    chain: typeof raw['chain'] === 'string' ? raw['chain'] : null,
    publishedAt,
    ...(isCount(leaseMs) && { leaseMs: Math.min(leaseMs, LEASE_MAX_MS) }),
    stash,
    flags,
    descriptions: descriptions ?? new Map(),
    reverts,
    changesAt: reverts[0]?.at ?? Infinity,
    reverted: NONE,
    // Format 1 has no guards. The first texts of format 2 have no reverts, and later ones no descriptions and times of changes.
    isComplete: format === FORMAT && rawReverts !== undefined && descriptions !== null,
  }
}

/** The flag of an item of the text, without other members that the text may have. */
function toFlag({ key, value, type, version, guard, safe, changed_at: changedAt }: StoredItem): Flag {
  return {
    key,
    value,
    type,
    version,
    ...(guard !== undefined && { guard }),
    ...(safe !== undefined && { safe }),
    ...(changedAt !== undefined && { changedAt }),
  }
}

/** Null where the text has no descriptions; undefined where they are malformed. */
function readDescriptions(raw: unknown): Map<string, string> | null | undefined {
  if (raw === undefined) return null
  const isPair = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string'
  return Array.isArray(raw) && raw.every(isPair) ? new Map(raw.map(([key, text]) => [key, text])) : undefined
}

const NONE: ReadonlySet<string> = new Set()

/** The reverts, the next first; null where `raw` is not a list of reverts. */
function readReverts(raw: unknown): Revert[] | null {
  if (!Array.isArray(raw) || !raw.every(isRevert)) return null
  return raw.map(({ key, at, version, to }) => ({ key, at, version, to })).toSorted((a, b) => a.at - b.at)
}

/** The beginning of a snapshot of any format: later formats have to keep it. */
export type Outline = { format: number; stashId: string; revision: number; chain: string | null }

const OUTLINE = /^\{"format":(\d{1,9}),"stash_id":"([^"\\]*)","revision":(\d{1,15}),(?:"chain":"([0-9a-f]{16})",)?/

/** The outline of a text. The rest is not parsed: it may be megabytes long, or in an unknown format. Null where there is none. */
export function parseOutline(text: string): Outline | null {
  const [, format, stashId, revision, chain = null] = OUTLINE.exec(text) ?? []
  if (format === undefined || stashId === undefined || revision === undefined) return null
  return { format: Number(format), stashId, revision: Number(revision), chain }
}

export const isKnownFormat = ({ format }: Outline): boolean => format === FORMAT || format === FORMAT_BEFORE

/** The snapshot with the higher revision; of two with the same, the complete one. No copy may be replaced by an older one. */
export function pickNewest(a: Snapshot | null, b: Snapshot | null): Snapshot | null {
  if (a === null || b === null) return a ?? b
  if (a.revision === b.revision) return b.isComplete && !a.isComplete ? b : a
  return b.revision > a.revision ? b : a
}

function readFacts(raw: unknown): Snapshot['stash'] | undefined {
  if (!isRecord(raw)) return undefined
  const { name, description, profile, created_at: createdAt } = raw
  if (!isTextOrNull(name) || !isTextOrNull(description) || !isCount(createdAt)) return undefined
  const known = PROFILES.find((name) => name === profile)
  const freeze = readFreeze(raw['freeze'])
  const { key_freezes: keyFreezes, slug } = raw
  if (known === undefined || freeze === undefined) return undefined
  if (keyFreezes !== undefined && !(Array.isArray(keyFreezes) && keyFreezes.every(isKeyFreeze))) return undefined
  if (slug !== undefined && typeof slug !== 'string') return undefined
  return {
    name,
    description,
    profile: known,
    createdAt,
    freeze,
    ...(keyFreezes !== undefined && { keyFreezes: keyFreezes.map(({ keys, until }) => ({ keys, until })) }),
    ...(slug !== undefined && { slug }),
  }
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
const isRevert = (raw: unknown): raw is Revert => {
  if (!isRecord(raw) || typeof raw['key'] !== 'string' || !isTime(raw['at']) || !isCount(raw['version'])) return false
  const { to } = raw
  if (to === null) return true
  if (!isRecord(to) || !isOptional(to['safe'], isBoolean)) return false
  return ['value', 'type'].every((name) => typeof to[name] === 'string') && isGuardType(to['guard'])
}
/** The latest time that a Date can represent. */
const TIME_MAX_MS = 8.64e15
const isTime = (raw: unknown): raw is number => isCount(raw) && raw <= TIME_MAX_MS
const isGuardType = (raw: unknown): boolean => raw === undefined || typeof raw === 'string'
const isOptional = (raw: unknown, isValid: (raw: unknown) => boolean): boolean => raw === undefined || isValid(raw)
const isBoolean = (raw: unknown): raw is boolean => typeof raw === 'boolean'
const isKeyFreeze = (raw: unknown): raw is KeyFreeze =>
  isRecord(raw) &&
  Array.isArray(raw['keys']) &&
  raw['keys'].every((pattern) => typeof pattern === 'string') &&
  (raw['until'] === null || isTime(raw['until']))

/** An item of the text, as far as it was checked. */
type StoredItem = Omit<Flag, 'changedAt' | 'until' | 'reverted'> & { changed_at?: number }

const isItem = (raw: unknown): raw is StoredItem =>
  isRecord(raw) &&
  typeof raw['key'] === 'string' &&
  typeof raw['value'] === 'string' &&
  typeof raw['type'] === 'string' &&
  isGuardType(raw['guard']) &&
  isOptional(raw['safe'], isBoolean) &&
  isOptional(raw['changed_at'], isTime) &&
  isCount(raw['version'])
