/**
 * What the page shows of each flag. Details that may be about another value than the shown one are left out. A time-box ends by
 * the clock: past its end the value is the one that comes back, whatever was heard of the service.
 */
import { createKeyMatcher } from '../../../model/access/key-matcher.ts'
import type { HistoryEntry } from '../../api/answer-types.ts'
import type { Content } from '../content.ts'

/** How much a flag needs to be looked at. `unsafe`: not at its safe value. `temporary`: at a value that ends by itself. */
export type FlagState = 'unsafe' | 'temporary' | 'pending' | 'normal'

export type FlagView = {
  key: string
  value: string
  state: FlagState
  /** The type of its guard; null: it has none. undefined: it is not known. */
  type: string | null | undefined
  /** Whether it is at its safe value; null: it has none, or that is not known. */
  isSafe: boolean | null
  /** When its time-box ends, in ms since the epoch; null: it is in none. */
  until: number | null
  /** The value that comes back then. null: the flag is deleted. */
  backTo: string | null
  /** When it was changed, in ms since the epoch. */
  since: number | null
  about: string | null
  /** The entry that last changed it, where it is known and this token may read it. */
  last: HistoryEntry | null
  /** How many changes of it wait for a person or for their time. */
  pending: number
  isFrozen: boolean
}

/** @param before the result of the last time: a flag that is the same keeps its object */
export function toFlagViews(
  content: Content,
  now: number,
  before: ReadonlyMap<string, FlagView>,
): ReadonlyMap<string, FlagView> {
  const entries = collectLastChanges(content)
  const pending = countPending(content)
  const isFrozen = createFreezeMatcher(content, now)
  const views = new Map<string, FlagView>()
  for (const [key, boxed] of content.flags) {
    const revert = content.reverts.get(key)
    const isEnded = revert !== undefined && revert.at <= now
    const value = isEnded ? revert.to : boxed
    if (value === null) continue
    const meta = findMeta(content, key, value)
    const last = pickLastChange(content, key, entries)
    const isBoxed = revert !== undefined && !isEnded
    const waiting = pending.get(key) ?? 0
    const isSafe = meta?.safe ?? judgeSafe(content, key, value)
    const next: FlagView = {
      key,
      value,
      state: isSafe === false ? 'unsafe' : isBoxed ? 'temporary' : waiting > 0 ? 'pending' : 'normal',
      type: content.guards.get(key)?.type ?? (meta === undefined ? undefined : meta.type),
      isSafe,
      until: isBoxed ? revert.at : null,
      backTo: isBoxed ? revert.to : null,
      since: isEnded ? revert.at : last ? Date.parse(last.at) : meta?.changed_at ? Date.parse(meta.changed_at) : null,
      about: meta?.about ?? null,
      last: isEnded ? null : (last ?? null),
      pending: waiting,
      isFrozen: isFrozen(key),
    }
    const known = before.get(key)
    views.set(key, known !== undefined && isSame(known, next) ? known : next)
  }
  return views
}

/** When the next time-box or freeze ends, in ms since the epoch; Infinity: none does. */
export const findNextEnd = ({ reverts, freezes }: Content, now: number): number =>
  [...[...reverts.values()].map(({ at }) => at), ...freezes.map(({ until }) => until ?? Infinity)]
    .filter((at) => at > now)
    .reduce((first, at) => Math.min(first, at), Infinity)

const isSame = (a: FlagView, b: FlagView): boolean =>
  (Object.keys(a) as (keyof FlagView)[]).every((name) => a[name] === b[name])

/** The public details of the flag, if they are about this value. */
function findMeta(content: Content, key: string, value: string) {
  const meta = content.meta.get(key)
  return meta?.value === value && !isOutdated(content, key, meta.readAt) ? meta : undefined
}

/** From the guard, where a token may read it. */
function judgeSafe({ guards }: Content, key: string, value: string): boolean | null {
  const safe = guards.get(key)?.safe_value
  return safe === undefined ? null : safe === value
}

function countPending({ held }: Content): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, keys } of held)
    if (kind === 'approval' || kind === 'schedule') for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function createFreezeMatcher({ freezes }: Content, now: number): (key: string) => boolean {
  const standing = freezes.filter(({ until }) => until === null || until > now)
  if (standing.some(({ keys }) => keys === null)) return () => true
  const patterns = standing.flatMap(({ keys }) => keys ?? [])
  return patterns.length === 0 ? () => false : createKeyMatcher(patterns)
}

/** By key: the newest entry, of those that were read, that changed it. */
function collectLastChanges({ entries }: Content): Map<string, HistoryEntry> {
  const last = new Map<string, HistoryEntry>()
  for (const entry of entries.values())
    for (const { key } of entry.changes) if (entry.revision > (last.get(key)?.revision ?? -1)) last.set(key, entry)
  return last
}

function pickLastChange(
  content: Content,
  key: string,
  entries: Map<string, HistoryEntry>,
): HistoryEntry | null | undefined {
  const older = content.older.get(key)
  const newer = entries.get(key)
  const last = newer !== undefined && newer.revision > (older?.revision ?? -1) ? newer : older
  return isOutdated(content, key, last ? last.revision : 0) ? undefined : last
}

/**
 * The entry that last changed this flag. null: history has none any more, or not for this token. undefined: it is not known
 * yet.
 */
export const findLastChange = (content: Content, key: string): HistoryEntry | null | undefined =>
  pickLastChange(content, key, collectLastChanges(content))

/** Whether facts read at this revision may concern an earlier value than the one that is shown. */
const isOutdated = ({ shownSince }: Content, key: string, revision: number): boolean =>
  revision < (shownSince.get(key) ?? -1)

/** The service that a key belongs to: `checkout` for `checkout.maintenance-mode`. '' for a key without a dot. */
export const toService = (key: string): string => {
  const dot = key.indexOf('.')
  return dot <= 0 ? '' : key.slice(0, dot)
}

/** The key without its service. */
export const toShortName = (key: string): string => {
  const service = toService(key)
  return service === '' ? key : key.slice(service.length + 1) || key
}

export const getHistory = ({ entries }: Content): HistoryEntry[] =>
  [...entries.values()].sort((a, b) => b.revision - a.revision)

/** The freeze of every key that stands now. */
export const findWholeFreeze = ({ freezes }: Content, now: number) =>
  freezes.find(({ keys, until }) => keys === null && (until === null || until > now))
