/** Reads history: pages of entries, the changes to undo, and the verification of the chain. */
import { chainText, type Detail } from '../../model/entry.ts'
import type { Facts } from '../../model/decide/facts.ts'
import { reaches, reachesAll, type TokenActor } from '../../model/access/permit.ts'
import { sha256 } from '../tables/hash.ts'
import { getGuardTexts } from '../tables/guards.ts'
import { listItemsByKey } from '../tables/items.ts'
import {
  getChanges,
  iterateEntriesBefore,
  iterateEntriesFrom,
  iterateEntriesOfKey,
  getGenesisHash,
  getEntryHash,
  getEntryKind,
  getLastChange,
  getWrittenValue,
  countChars,
  type LoggedEntry,
} from '../tables/log.ts'
import { getStash } from '../tables/stash-row.ts'

/** A page ends after so many characters of values, because an answer is one RPC message. */
const PAGE_MAX_CHARS = 4 * 1024 * 1024
/** How many entries one page examines at most, in search of those that a limited token may see. */
const SCANNED_ENTRIES_MAX = 5_000
/** How many keys of entries one page examines at most. */
const SCANNED_KEYS_MAX = 50_000
/** How many entries one request verifies at most, because it delays all other requests. */
const VERIFY_BATCH = 1_000

export type HistoryPage = {
  entries: LoggedEntry[]
  /** `before` of the next page; null on the last. */
  next: number | null
  /** The oldest revision in history. */
  first: number
}

/** One page of history, the newest entry first. A token for some keys gets only the changes of these keys. */
export function readHistory(
  sql: SqlStorage,
  actor: TokenActor,
  { key, before, limit }: { key: string | null; before: number | null; limit: number },
): HistoryPage {
  const from = before ?? Number.MAX_SAFE_INTEGER
  const first = getStash(sql).anchor_revision + 1
  // The number of changes must not be disclosed either.
  if (key !== null && !reaches(actor, key)) return { entries: [], next: null, first }
  if (key === null && !reachesAll(actor)) return { ...readWithinReach(sql, actor, from, limit), first }
  const entries: LoggedEntry[] = []
  let size = 0
  let looked = 0
  let next: number | null = null
  for (const entry of key === null ? iterateEntriesBefore(sql, from) : iterateEntriesOfKey(sql, key, from)) {
    if (entries.length === limit || size > PAGE_MAX_CHARS || looked === SCANNED_ENTRIES_MAX) {
      next = entry.revision + 1
      break
    }
    looked++
    const shown = filterForActor(actor, entry)
    if (shown === null) continue
    entries.push(shown)
    size += countChars(shown.changes) + (shown.detail?.length ?? 0)
  }
  return { entries, next, first }
}

/** Examines keys first, and loads the values only of entries with a key that the actor reaches. */
function readWithinReach(
  sql: SqlStorage,
  actor: TokenActor,
  from: number,
  limit: number,
): Pick<HistoryPage, 'entries' | 'next'> {
  const { visible, next: unread } = revisionsWithinReach(sql, actor, from, limit)
  const entries: LoggedEntry[] = []
  let size = 0
  for (const revision of visible) {
    if (size > PAGE_MAX_CHARS) return { entries, next: revision + 1 }
    for (const entry of iterateEntriesBefore(sql, revision + 1)) {
      const shown = entry.revision === revision ? filterForActor(actor, entry) : null
      if (shown !== null) entries.push(shown)
      size += shown === null ? 0 : countChars(shown.changes) + (shown.detail?.length ?? 0)
      break
    }
  }
  return { entries, next: unread }
}

/**
 * The revisions with a key that the actor reaches, the newest first, at most `limit`. `next` is `before` of the next page; null
 * where all were examined. Reads no values.
 */
function revisionsWithinReach(
  sql: SqlStorage,
  actor: TokenActor,
  from: number,
  limit: number,
): { visible: number[]; next: number | null } {
  const query = 'SELECT revision, key FROM change WHERE revision < ? ORDER BY revision DESC, position'
  const visible: number[] = []
  let rows = 0
  let revisions = 0
  let current = -1
  for (const { revision, key } of sql.exec<{ revision: number; key: string }>(query, from)) {
    rows++
    if (revision !== current) {
      // A page ends only between two revisions, because the next page cannot begin within one.
      if (visible.length === limit || revisions === SCANNED_ENTRIES_MAX || rows > SCANNED_KEYS_MAX) {
        return { visible, next: revision + 1 }
      }
      current = revision
      revisions++
    }
    if (visible.at(-1) !== revision && reaches(actor, key)) visible.push(revision)
  }
  return { visible, next: null }
}

/**
 * The entry as the actor may see it: for a token for some keys, only the part about these keys. Null where there is no such part,
 * as in entries about tokens and freezes.
 */
function filterForActor(actor: TokenActor, entry: LoggedEntry): LoggedEntry | null {
  if (reachesAll(actor)) return entry
  const changes = entry.changes.filter(({ key }) => reaches(actor, key))
  // A dropped held change is shown with all its keys, or not at all.
  if (changes.some(({ what }) => what === 'held') && changes.length < entry.changes.length) return null
  if (changes.length === 0) return null
  if (changes.length === entry.changes.length) return entry
  // The reason may be about the other keys as well.
  return { ...entry, changes, reason: null, detail: entry.detail && withoutReasons(entry.detail) }
}

function withoutReasons(detail: string): string {
  // The stash writes this column, always with a Detail.
  const { brokeGlass, approvedBy, goesBack: _values, unboxed: _keys, ...rest } = JSON.parse(detail) as Detail
  const approver = approvedBy && { id: approvedBy.id, label: approvedBy.label }
  return JSON.stringify({
    ...rest,
    ...(approver && { approvedBy: approver }),
    ...(brokeGlass && { brokeGlass: { ...brokeGlass, why: '' } }),
  })
}

/** The changes of a revision, each with the last revision that changed the same key. Null: not in history. */
export function getChangesToUndo(sql: SqlStorage, revision: number): Facts['undoing'] {
  const kind = getEntryKind(sql, revision)
  if (kind === null) return null
  // A recovery gives items new versions, and does not change values.
  if (kind === 'recovered') return []
  return getChanges(sql, revision).flatMap(({ what, ...change }) =>
    what === 'held' ? [] : [{ ...change, what, lastChanged: getLastChange(sql, what, change.key) }],
  )
}

export type Verified = {
  /** The last revision that was verified. */
  upTo: number
  head: number
  /** The oldest revision in history. */
  first: number
  /** The first difference from what was written; null where there is none. */
  failure: { revision: number; what: 'entry' | 'item' | 'guard' | 'head'; key?: string } | null
}

/** Verifies a slice of the chain, from the entry after `after` on; after the last slice, also the present values. */
export function verifyHistory(sql: SqlStorage, stashId: string, after: number): Verified {
  const stash = getStash(sql)
  const start = Math.max(after, stash.anchor_revision)
  const bounds = { head: stash.revision, first: stash.anchor_revision + 1 }
  let hash = start === stash.anchor_revision ? getAnchorHash(stashId, stash) : getEntryHash(sql, start)
  let upTo = start
  for (const entry of iterateEntriesFrom(sql, start + 1)) {
    if (upTo - start === VERIFY_BATCH) return { ...bounds, upTo, failure: null }
    const isNext = entry.revision === upTo + 1 || getRevisionBeforeGap(entry) === upTo
    const whole = hash !== null && isNext && entry.isWhole
    if (!whole || sha256(chainText(entry, hash ?? '', entry.format)) !== entry.hash) {
      return { ...bounds, upTo, failure: { revision: isNext ? entry.revision : upTo + 1, what: 'entry' } }
    }
    hash = entry.hash
    upTo = entry.revision
  }
  if (upTo !== stash.revision || hash !== stash.head_hash) {
    return { ...bounds, upTo, failure: { revision: upTo + 1, what: upTo < stash.revision ? 'entry' : 'head' } }
  }
  return { ...bounds, upTo, failure: verifyValues(sql) }
}

/** The revision before a recovery; null for other entries. Only a recovery may leave out revisions, and its hash covers this. */
function getRevisionBeforeGap({ kind, detail }: LoggedEntry): number | null {
  if (kind !== 'recovered' || detail === null) return null
  // The stash writes this column, always with a Detail.
  return (JSON.parse(detail) as Detail).recovered?.from ?? null
}

const getAnchorHash = (stashId: string, stash: { anchor_hash: string | null; created_at: number }): string =>
  stash.anchor_hash ?? getGenesisHash(stashId, stash.created_at)

/** Compares the present values with the log. Values that were last changed before the start of history cannot be verified. */
function verifyValues(sql: SqlStorage): Verified['failure'] {
  const { anchor_revision, item_count, revision } = getStash(sql)
  const items = listItemsByKey(sql)
  for (const { key, value, type, version } of items) {
    if (version <= anchor_revision) continue
    const written = getLastChange(sql, 'item', key) === version ? getWrittenValue(sql, version, 'item', key) : null
    if (written?.value !== value || written.type !== type) return { revision: version, what: 'item', key }
  }
  for (const { key, guard, version } of getGuardTexts(sql)) {
    if (version <= anchor_revision) continue
    if (getWrittenValue(sql, version, 'guard', key)?.value !== guard) return { revision: version, what: 'guard', key }
  }
  return items.length === item_count ? null : { revision, what: 'head' }
}
