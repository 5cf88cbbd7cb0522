/**
 * A snapshot: every flag of a stash at one revision, as the text that KV stores and the object sends. Versions of the code
 * before and after the one that wrote it read it. The parser checks every field: a text that is not a valid snapshot of the
 * requested stash counts as absent.
 */
import type { Freeze } from '../freeze.ts'
import { parseJson } from '../parse-json.ts'
import { PROFILES, type Profile } from '../profile.ts'

export type Flag = {
  key: string
  value: string
  type: string
  version: number
  /** The type of its key's guard, where it has one: how its text is evaluated. Older readers ignore it. */
  guard?: string
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
  /** Null: the flag goes away. `guard` is that of `Flag`; it is stated here, because the flag may be absent until then. */
  to: { value: string; type: string; guard?: string } | null
}

export type Snapshot = {
  stashId: string
  revision: number
  /** When the object composed it, in ms since the epoch. */
  publishedAt: number
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
  } | null
  flags: ReadonlyMap<string, Flag>
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
export type SnapshotFacts = Omit<Snapshot, 'flags' | 'changesAt' | 'reverted' | 'isComplete'> & {
  /**
   * The beginning of the hash of this revision's log entry; null where there is none. By it an object distinguishes its own
   * history from a lost one.
   */
  chain: string | null
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
export const LAYOUT = 2

export function serializeSnapshot(snapshot: SnapshotFacts, flags: Iterable<Flag>): string {
  const { stashId, revision, chain, publishedAt, stash, reverts } = snapshot
  return JSON.stringify({
    format: FORMAT,
    stash_id: stashId,
    revision,
    ...(chain !== null && { chain }),
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
    // This field is written also when empty: a text without it is by a version that had no reverts.
    reverts,
  })
}

/** The snapshot in `text`; null where it is not a snapshot of this stash in a known format. */
export function parseSnapshot(text: string, stashId: string): Snapshot | null {
  const raw = parseJson(text)?.value
  if (!isRecord(raw) || raw['stash_id'] !== stashId) return null
  const format = raw['format']
  if (format !== FORMAT && format !== FORMAT_BEFORE) return null
  const { revision, published_at: publishedAt, items, reverts: rawReverts } = raw
  if (!isCount(revision) || !isCount(publishedAt) || !Array.isArray(items)) return null
  const stash = raw['stash'] === null ? null : readFacts(raw['stash'])
  if (stash === undefined) return null

  const flags = new Map<string, Flag>()
  for (const item of items as unknown[]) {
    if (!isFlag(item)) return null
    const { key, value, type, version, guard } = item
    flags.set(key, { key, value, type, version, ...(guard !== undefined && { guard }) })
  }
  const reverts = rawReverts === undefined ? [] : readReverts(rawReverts)
  if (reverts === null) return null
  for (const { key, at } of reverts) {
    const flag = flags.get(key)
    if (flag !== undefined) flags.set(key, { ...flag, until: at })
  }
  return {
    stashId,
    revision,
    publishedAt,
    stash,
    flags,
    reverts,
    changesAt: reverts[0]?.at ?? Infinity,
    reverted: NONE,
    // Format 1 has no guards, and the first texts of format 2 have no reverts.
    isComplete: format === FORMAT && rawReverts !== undefined,
  }
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
const isRevert = (raw: unknown): raw is Revert => {
  if (!isRecord(raw) || typeof raw['key'] !== 'string' || !isTime(raw['at']) || !isCount(raw['version'])) return false
  const { to } = raw
  if (to === null) return true
  return isRecord(to) && ['value', 'type'].every((name) => typeof to[name] === 'string') && isGuardType(to['guard'])
}
/** The latest time that a Date can represent. */
const TIME_MAX_MS = 8.64e15
const isTime = (raw: unknown): raw is number => isCount(raw) && raw <= TIME_MAX_MS
const isGuardType = (raw: unknown): boolean => raw === undefined || typeof raw === 'string'
const isFlag = (raw: unknown): raw is Flag =>
  isRecord(raw) &&
  typeof raw['key'] === 'string' &&
  typeof raw['value'] === 'string' &&
  typeof raw['type'] === 'string' &&
  isGuardType(raw['guard']) &&
  isCount(raw['version'])
