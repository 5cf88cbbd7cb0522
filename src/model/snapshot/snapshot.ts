/**
 * A stash as the edge sees it: every flag at one revision. This is the text that lies in KV and that the
 * object hands out, read by versions of the code before and after the one that wrote it.
 *
 * Reading distrusts: what is not exactly a snapshot of the stash asked for is no snapshot at all.
 */
import type { Freeze } from '../freeze.ts'
import { parseJson } from '../parse-json.ts'
import { PROFILES, type Profile } from '../profile.ts'

export type Flag = {
  key: string
  value: string
  type: string
  version: number
  /** The type of the guard on its key, where it has one: what its text means. Readers before there was one leave it alone. */
  guard?: string
  /** Where the flag is time-boxed: when its value ends, in ms since the epoch. Not stored: it follows from `reverts`. */
  until?: number
  /** The value is the one that a time-box put back by the clock; the stash has no revision for that yet. Never stored. */
  reverted?: true
}

/** What a pending time-box puts back, and when. */
export type Revert = {
  key: string
  /** In ms since the epoch. */
  at: number
  /** The revision that set the time-box: the version of the value that ends. */
  version: number
  /** Null: the flag goes away. `guard` as in `Flag`: the flag may be absent meanwhile. */
  to: { value: string; type: string; guard?: string } | null
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
  /** The pending ends of time-boxes, the next first. */
  reverts: readonly Revert[]
  /** When the next of them is due; Infinity where there is none. From then on `atTime` gives another snapshot. */
  changesAt: number
  /** Keys that a time-box put back by the clock, and that have no revision for it yet. */
  reverted: ReadonlySet<string>
  /** False where the version of the code that wrote it did not write down all that is needed today. */
  isComplete: boolean
}

/** What is written down of a snapshot; the rest follows from it. */
export type SnapshotFacts = Omit<Snapshot, 'flags' | 'changesAt' | 'reverted' | 'isComplete'> & {
  /** Of the log entry of this revision; null where there is none. By it an object tells its own history from a lost one. */
  chain: string | null
}

/** So many characters of an entry's hash tell two histories apart. */
export const CHAIN_CHARS = 16

export type LiveSnapshot = Snapshot & { stash: NonNullable<Snapshot['stash']> }

/** Under which name a cache keeps what was read of a stash. */
export const toCacheTag = (stashId: string): string => `stash:${stashId}`

/**
 * Raised when a reader could misread what another version wrote, and not for a field more. Readers take this format and the
 * one before, so that what lies in KV is of use until the object has put it anew; any other counts as absent.
 * 1 knew no guards: a flag's type is unknown in it.
 */
const FORMAT = 2
const FORMAT_BEFORE = 1

/** Raised with each change of what is written, a field more included: a stash that was put in another layout is put again. */
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
    // Also where there are none: without the field it was written by a version that knew no reverts.
    reverts,
  })
}

/** The snapshot in `text`, or null for anything that is not one of this stash in a format known here. */
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
    // 1 knew no guards, and the first texts of 2 no reverts.
    isComplete: format === FORMAT && rawReverts !== undefined,
  }
}

const NONE: ReadonlySet<string> = new Set()

/** The next first; null for what is no list of reverts. */
function readReverts(raw: unknown): Revert[] | null {
  if (!Array.isArray(raw) || !raw.every(isRevert)) return null
  return raw.map(({ key, at, version, to }) => ({ key, at, version, to })).toSorted((a, b) => a.at - b.at)
}

/** What stands at the beginning of a snapshot of any format: formats to come keep it. */
export type Outline = { format: number; stashId: string; revision: number; chain: string | null }

const OUTLINE = /^\{"format":(\d{1,9}),"stash_id":"([^"\\]*)","revision":(\d{1,15}),(?:"chain":"([0-9a-f]{16})",)?/

/** The outline of a text that may be in an unknown format, or a mebibyte long. Null where it has none. */
export function parseOutline(text: string): Outline | null {
  const [, format, stashId, revision, chain = null] = OUTLINE.exec(text) ?? []
  if (format === undefined || stashId === undefined || revision === undefined) return null
  return { format: Number(format), stashId, revision: Number(revision), chain }
}

export const isKnownFormat = ({ format }: Outline): boolean => format === FORMAT || format === FORMAT_BEFORE

/** The one with the higher revision, or else the one that is complete. A copy is only ever replaced by a newer one. */
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
/** The last that a Date can hold. */
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
