/**
 * The `log` and `change` tables: one entry for each change that makes a revision, except the deletion of the stash, with who,
 * when, why, before and after. Its hash chains each entry to the one before. The publisher copies the stash to KV up to the
 * head of the log.
 */
import { CHAIN_FORMAT, chainText, type Entry, type EntryChange } from '../../model/entry.ts'
import { countBytes } from '../../model/item.ts'
import { CHAIN_CHARS } from '../../model/snapshot/snapshot.ts'
import { sha256 } from './hash.ts'

/** Appends the entry. Returns its hash, which the next hash will cover, and its size in storage. */
export function appendEntry(sql: SqlStorage, entry: Entry, previousHash: string): { hash: string; bytes: number } {
  const hash = sha256(chainText(entry, previousHash, CHAIN_FORMAT))
  const bytes = countEntryBytes(entry)
  sql.exec(
    `INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, detail, hash, format, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    entry.revision,
    entry.at,
    entry.kind,
    entry.actorId,
    entry.actor,
    entry.heldId,
    entry.reason,
    entry.detail,
    hash,
    CHAIN_FORMAT,
    bytes,
  )
  for (const [position, { what, key, before, after }] of entry.changes.entries()) {
    sql.exec(
      `INSERT INTO change (revision, position, what, key, before_value, before_type, before_version, after_value, after_type)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      entry.revision,
      position,
      what,
      key,
      before?.value ?? null,
      before?.type ?? null,
      before?.version ?? null,
      after?.value ?? null,
      after?.type ?? null,
    )
  }
  return { hash, bytes }
}

/** An estimate for the fixed columns of a row, its header and its index entries. */
const ROW_BYTES = 100

/**
 * The size of an entry in storage, in bytes: its texts in UTF-8, and its rows. A key counts twice, because an index has it as
 * well.
 */
export function countEntryBytes({ actor, heldId, reason, detail, changes }: Entry): number {
  let bytes = 2 * ROW_BYTES
  for (const text of [actor, heldId, reason, detail]) bytes += text === null ? 0 : countBytes(text)
  for (const { key, before, after } of changes) {
    bytes += ROW_BYTES + 2 * key.length
    for (const side of [before, after]) bytes += side === null ? 0 : countBytes(side.value) + countBytes(side.type)
  }
  return bytes
}

/** The length of an entry's values, for the limit of a page, and for entries of older versions, which have no size. */
export const countChars = (changes: EntryChange[]): number =>
  changes.reduce((sum, { before, after }) => sum + (before?.value.length ?? 0) + (after?.value.length ?? 0), 0)

type LogRow = {
  revision: number
  at: number
  kind: string
  actor_id: string | null
  actor: string
  held_id: string | null
  reason: string | null
  detail: string | null
  hash: string
  format: number
}
type ChangeRow = {
  position: number
  what: EntryChange['what']
  key: string
  before_value: string | null
  before_type: string | null
  before_version: number | null
  after_value: string | null
  after_type: string | null
}

export type LoggedEntry = Entry & {
  hash: string
  format: number
  /** Whether its changes are at the positions that they were written to. */
  isWhole: boolean
}

/** The entries before this revision, newest first. It is a generator, so that the reader may stop early. */
export function* iterateEntriesBefore(sql: SqlStorage, before: number): Iterable<LoggedEntry> {
  const query = 'SELECT * FROM log WHERE revision < ? ORDER BY revision DESC'
  for (const row of sql.exec<LogRow>(query, before)) yield toEntry(sql, row)
}

export function* iterateEntriesFrom(sql: SqlStorage, revision: number): Iterable<LoggedEntry> {
  const query = 'SELECT * FROM log WHERE revision >= ? ORDER BY revision'
  for (const row of sql.exec<LogRow>(query, revision)) yield toEntry(sql, row)
}

/** The entries that changed the item or the guard of this key, or dropped a held change about it. */
export function* iterateEntriesOfKey(sql: SqlStorage, key: string, before: number): Iterable<LoggedEntry> {
  // Each part of the union uses one index, so only entries of this key are read.
  const query = `SELECT * FROM log WHERE revision IN (
      SELECT revision FROM change WHERE what = 'item' AND key = ?1 AND revision < ?2
      UNION SELECT revision FROM change WHERE what = 'guard' AND key = ?1 AND revision < ?2
      UNION SELECT revision FROM change WHERE what = 'held' AND key = ?1 AND revision < ?2
    ) ORDER BY revision DESC`
  for (const row of sql.exec<LogRow>(query, key, before)) yield toEntry(sql, row)
}

export const getChanges = (sql: SqlStorage, revision: number): EntryChange[] =>
  getChangeRows(sql, revision).map(toEntryChange)

const getChangeRows = (sql: SqlStorage, revision: number): ChangeRow[] =>
  sql.exec<ChangeRow>('SELECT * FROM change WHERE revision = ? ORDER BY position', revision).toArray()

/** The kind of the entry of this revision; null where the revision is not in history. */
export const getEntryKind = (sql: SqlStorage, revision: number): string | null =>
  sql.exec<{ kind: string }>('SELECT kind FROM log WHERE revision = ?', revision).toArray()[0]?.kind ?? null

export function getEntryHash(sql: SqlStorage, revision: number): string | null {
  return sql.exec<{ hash: string }>('SELECT hash FROM log WHERE revision = ?', revision).toArray()[0]?.hash ?? null
}

/** The beginning of this revision's hash, as KV's copy has it; null where the entry does not exist, or was pruned. */
export const getChainAt = (sql: SqlStorage, revision: number): string | null =>
  getEntryHash(sql, revision)?.slice(0, CHAIN_CHARS) ?? null

/** The revision that last changed the item, or the guard, of this key; 0 where history has none. */
export function getLastChange(sql: SqlStorage, what: EntryChange['what'], key: string): number {
  const query = 'SELECT max(revision) AS revision FROM change WHERE what = ? AND key = ?'
  return sql.exec<{ revision: number | null }>(query, what, key).one().revision ?? 0
}

/** The value that a revision gave to this key; null where it deleted it, or did not change it. */
export function getWrittenValue(
  sql: SqlStorage,
  revision: number,
  what: EntryChange['what'],
  key: string,
): EntryChange['after'] {
  const query = 'SELECT * FROM change WHERE what = ? AND key = ? AND revision = ?'
  const row = sql.exec<ChangeRow>(query, what, key, revision).toArray()[0]
  return row === undefined ? null : toEntryChange(row).after
}

function toEntry(sql: SqlStorage, { actor_id: actorId, held_id: heldId, ...row }: LogRow): LoggedEntry {
  const changes = getChangeRows(sql, row.revision)
  const isWhole = changes.every(({ position }, i) => position === i)
  return { ...row, actorId, heldId, changes: changes.map(toEntryChange), isWhole }
}

function toEntryChange({ what, key, ...row }: ChangeRow): EntryChange {
  const { before_value, before_type, before_version, after_value, after_type } = row
  return {
    what,
    key,
    before:
      before_value === null ? null : { value: before_value, type: before_type ?? '', version: before_version ?? 0 },
    after: after_value === null ? null : { value: after_value, type: after_type ?? '' },
  }
}

/** The hash that the first entry covers: from the stash's id and creation, so that two stashes never have the same chain. */
export const getGenesisHash = (stashId: string, createdAt: number): string =>
  sha256(JSON.stringify([stashId, createdAt]))
