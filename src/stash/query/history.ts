/** What history answers: pages of entries, what an undo needs, and whether the chain still holds. */
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

/** A page ends where its values have come to this: an answer crosses RPC in one piece. */
const PAGE_MAX_CHARS = 4 * 1024 * 1024
/** How many entries one page looks through for those that a limited token may see. */
const LOOKED_AT_MAX = 5_000
/** And how many keys of theirs. */
const KEYS_LOOKED_AT_MAX = 50_000
/** How many entries are verified in one go: the stash has other callers. */
const VERIFIED_AT_ONCE = 1_000

export type HistoryPage = {
  entries: LoggedEntry[]
  /** What `before` must be for the next page; null on the last. */
  next: number | null
  /** The oldest revision that history still has. */
  first: number
}

/** Newest first; only what concerns the actor's keys, where it is limited to some. */
export function readHistory(
  sql: SqlStorage,
  actor: TokenActor,
  { key, before, limit }: { key: string | null; before: number | null; limit: number },
): HistoryPage {
  const from = before ?? Number.MAX_SAFE_INTEGER
  const first = getStash(sql).anchor_revision + 1
  // Not even how often it changed.
  if (key !== null && !reaches(actor, key)) return { entries: [], next: null, first }
  if (key === null && !reachesAll(actor)) return { ...readWithinReach(sql, actor, from, limit), first }
  const entries: LoggedEntry[] = []
  let size = 0
  let looked = 0
  let next: number | null = null
  for (const entry of key === null ? iterateEntriesBefore(sql, from) : iterateEntriesOfKey(sql, key, from)) {
    if (entries.length === limit || size > PAGE_MAX_CHARS || looked === LOOKED_AT_MAX) {
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

/** Looks at keys, and loads the values of those entries alone that have something to show. */
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

/** Newest first, at most `limit`; and from where on it has not been looked, or null. The values of a row are not read for it. */
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
      // Only between two revisions: else the next page would begin in the middle of one.
      if (visible.length === limit || revisions === LOOKED_AT_MAX || rows > KEYS_LOOKED_AT_MAX) {
        return { visible, next: revision + 1 }
      }
      current = revision
      revisions++
    }
    if (visible.at(-1) !== revision && reaches(actor, key)) visible.push(revision)
  }
  return { visible, next: null }
}

/** Whoever is limited to some keys sees of an entry what concerns these, and of the stash's own affairs nothing. */
function filterForActor(actor: TokenActor, entry: LoggedEntry): LoggedEntry | null {
  if (reachesAll(actor)) return entry
  const changes = entry.changes.filter(({ key }) => reaches(actor, key))
  // What was dropped is told as a whole.
  if (changes.some(({ what }) => what === 'held') && changes.length < entry.changes.length) return null
  if (changes.length === 0) return null
  if (changes.length === entry.changes.length) return entry
  // Why is about the other keys as well.
  return { ...entry, changes, reason: null, detail: entry.detail && withoutReasons(entry.detail) }
}

function withoutReasons(detail: string): string {
  // What the stash wrote down is a Detail: nothing else writes this column.
  const { brokeGlass, approvedBy, goesBack: _values, unboxed: _keys, ...rest } = JSON.parse(detail) as Detail
  const approver = approvedBy && { id: approvedBy.id, label: approvedBy.label }
  return JSON.stringify({
    ...rest,
    ...(approver && { approvedBy: approver }),
    ...(brokeGlass && { brokeGlass: { ...brokeGlass, why: '' } }),
  })
}

/** What a revision changed, each with the revision that last changed the same. Null: history has no such revision. */
export function getChangesToUndo(sql: SqlStorage, revision: number): Facts['undoing'] {
  const kind = getEntryKind(sql, revision)
  if (kind === null) return null
  // It gave items new versions, and left their values alone.
  if (kind === 'recovered') return []
  return getChanges(sql, revision).flatMap(({ what, ...change }) =>
    what === 'held' ? [] : [{ ...change, what, lastChanged: getLastChange(sql, what, change.key) }],
  )
}

export type Verified = {
  /** The last revision that was looked at. */
  upTo: number
  head: number
  /** Where the part of history begins that is still there. */
  first: number
  /** The first thing that is not as it was written; null where everything is. */
  failure: { revision: number; what: 'entry' | 'item' | 'guard' | 'head'; key?: string } | null
}

/** Verifies a slice of the chain, from the entry after `after` on, and after the last slice what it led to. */
export function verifyHistory(sql: SqlStorage, stashId: string, after: number): Verified {
  const stash = getStash(sql)
  const start = Math.max(after, stash.anchor_revision)
  const bounds = { head: stash.revision, first: stash.anchor_revision + 1 }
  let hash = start === stash.anchor_revision ? getAnchorHash(stashId, stash) : getEntryHash(sql, start)
  let upTo = start
  for (const entry of iterateEntriesFrom(sql, start + 1)) {
    if (upTo - start === VERIFIED_AT_ONCE) return { ...bounds, upTo, failure: null }
    const isNext = entry.revision === upTo + 1 || isGapExplained(entry) === upTo
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

/** The revision before a recovery, which alone may leave revisions out; the entry's hash covers it. */
function isGapExplained({ kind, detail }: LoggedEntry): number | null {
  if (kind !== 'recovered' || detail === null) return null
  // What the stash wrote down is a Detail: nothing else writes this column.
  return (JSON.parse(detail) as Detail).recovered?.from ?? null
}

const getAnchorHash = (stashId: string, stash: { anchor_hash: string | null; created_at: number }): string =>
  stash.anchor_hash ?? getGenesisHash(stashId, stash.created_at)

/** The chain is of no use if the values it tells of are others. What is older than history is taken on trust. */
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
