/**
 * Replays: the events that a watcher has missed. These are the changes since, from the log; where they are too many or were
 * pruned, a snapshot. A watch needs no token and may begin at any revision, so a replay must not read the tables each time: the
 * texts of the last changes and of one snapshot are cached, and the first replay after a commit reads only the changes that the
 * cache lacks. A change is a row of `log` and its rows of `change`.
 */
import type { Detail } from '../../model/entry.ts'
import { countBytes } from '../../model/item.ts'
import {
  RecentEvents,
  REPLAY_MAX_BYTES,
  REPLAY_MAX_CHANGES,
  toTextedEvent,
  type TextedEvent,
} from '../../model/snapshot/recent-events.ts'
import { StashCopy } from '../../model/snapshot/stash-copy.ts'
import type { Filter, WatchEvent } from '../../model/snapshot/watch-event.ts'
import { getRevertChanges, type RevertChange } from '../../model/time-box.ts'
import { getPendingValues, type PendingValue } from '../tables/held.ts'
import { listItemsByKey } from '../tables/items.ts'
import { getStash } from '../tables/stash-row.ts'

/** The limits of the events that are sent at once, to watchers or to a hub; further events follow. A single change may be larger. */
export const BATCH_LIMITS = { changes: 25, bytes: REPLAY_MAX_BYTES }
/** A cursor that is further behind than this gets a snapshot instead of the changes. */
const MAX_BEHIND = 1_000

export class ReplayCache {
  readonly #sql: SqlStorage
  readonly #recent = new RecentEvents()
  #copy: StashCopy | null = null

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * The texts of the events that a watcher has missed.
   * @param head the stash's revision
   * @param after the last revision that the watcher has seen; null: none
   */
  textsSince(head: number, after: number | null, filter: Filter): string[] {
    if (after === head) return []
    // A watcher of revisions only needs to know that something changed: one event replaces all missed ones.
    if (filter === 'revisions') return [toTextedEvent({ type: 'snapshot', revision: head, values: [] }, filter).text]
    if (after !== null && after < head && head - after <= REPLAY_MAX_CHANGES) {
      this.#catchUp(head)
      const texts = this.#recent.textsSince(after, filter)
      if (texts !== null) return texts
    }
    if (this.#copy?.revision !== head) this.#copy = readCopy(this.#sql, head)
    return [this.#copy.snapshotText(filter)]
  }

  /** Reads the changes that are not cached yet, newest first, so that it can stop at the limits. */
  #catchUp(head: number): void {
    const { head: known } = this.#recent
    if (known === head) return
    const fresh: TextedEvent[] = []
    let bytes = 0
    for (const event of readChanges(this.#sql, Math.max(known, head - REPLAY_MAX_CHANGES), head, 'DESC')) {
      const texted = toTextedEvent(event)
      bytes += texted.bytes
      // A replay must not cross a recovery, or a gap in the revisions.
      if (event.type !== 'change' || bytes > REPLAY_MAX_BYTES || event.revision !== head - fresh.length) break
      fresh.push(texted)
    }
    if (head - fresh.length !== known) this.#recent.reset(head - fresh.length)
    for (const texted of fresh.toReversed()) this.#recent.add(texted)
  }
}

const readCopy = (sql: SqlStorage, revision: number): StashCopy =>
  new StashCopy(revision, listItemsByKey(sql), getPendingValues(sql).map(toRevert))

/** The missed events as objects: a hub of an older version of the code filters and serializes them itself. */
export function getReplay(sql: SqlStorage, after: number | null, filter: Filter = null): WatchEvent[] {
  const { revision } = getStash(sql)
  if (after === revision) return []
  if (filter === 'revisions') return [{ type: 'snapshot', revision, values: [] }]
  if (after === null || after > revision || revision - after > REPLAY_MAX_CHANGES) return [toSnapshotEvent(sql)]
  const events = getNextEvents(sql, after, { changes: REPLAY_MAX_CHANGES, bytes: REPLAY_MAX_BYTES })
  return events.at(-1)?.revision === revision ? events : [toSnapshotEvent(sql)]
}

/**
 * The next events after a cursor, up to the limits of a message; a snapshot where the cursor is too far behind, or the changes were
 * pruned or include a recovery. Empty where there are none.
 */
export function getNextEvents(sql: SqlStorage, cursor: number, most = BATCH_LIMITS): WatchEvent[] {
  const { revision, anchor_revision } = getStash(sql)
  if (cursor < anchor_revision || revision - cursor > MAX_BEHIND) return [toSnapshotEvent(sql)]
  const events: WatchEvent[] = []
  let bytes = 0
  for (const event of readChanges(sql, cursor, Number.MAX_SAFE_INTEGER, 'ASC')) {
    // The cursor of this object's own connections may be before changes that were pruned.
    if (event.type !== 'change' || event.revision !== cursor + events.length + 1) return [toSnapshotEvent(sql)]
    if (events.length === most.changes) break
    bytes += countEventBytes(event)
    if (bytes > most.bytes && events.length > 0) break
    events.push(event)
  }
  return events
}

function toSnapshotEvent(sql: SqlStorage): WatchEvent {
  const values = listItemsByKey(sql).map(({ key, value }) => ({ key, value }))
  const reverts = getPendingValues(sql).map(toRevert)
  return { type: 'snapshot', revision: getStash(sql).revision, values, reverts }
}

const toRevert = ({ key, at, value }: PendingValue): RevertChange => ({ key, at, to: value })

/** Estimates the size of an event: the bytes of its keys and values, and of those of its reverts. */
function countEventBytes(event: WatchEvent): number {
  const reverts = 'reverts' in event ? (event.reverts ?? []) : []
  const texts = [
    ...event.values.flatMap(({ key, value }) => [key, value ?? '']),
    ...reverts.flatMap((revert) => [revert.key, revert.at === null ? '' : (revert.to ?? '')]),
  ]
  return texts.reduce((sum, text) => sum + countBytes(text), 0)
}

type ChangeRow = {
  revision: number
  kind: string
  detail: string | null
  key: string | null
  before: string | null
  value: string | null
}

/**
 * The changes of the revisions after `from`, up to `to`: one query, read row by row, so that the reader may stop early. A
 * recovery is given as a snapshot of the present state, because the difference to the lost values is not known.
 */
function* readChanges(sql: SqlStorage, from: number, to: number, order: 'ASC' | 'DESC'): Iterable<WatchEvent> {
  // The index is named, because SQLite would otherwise choose one that it has to scan for each entry.
  const query = `SELECT log.revision AS revision, log.kind AS kind, log.detail AS detail, change.key AS key,
      change.before_value AS before, change.after_value AS value
    FROM log LEFT JOIN change INDEXED BY change_by_revision ON change.revision = log.revision AND change.what = 'item'
    WHERE log.revision > ? AND log.revision <= ?
    ORDER BY log.revision ${order}, change.position ${order}`
  let entry: Pick<ChangeRow, 'revision' | 'kind' | 'detail'> | null = null
  let items: { key: string; before: string | null; value: string | null }[] = []
  const event = (row: Pick<ChangeRow, 'revision' | 'kind' | 'detail'>): WatchEvent =>
    row.kind === 'recovered' ? toSnapshotEvent(sql) : toChangeEvent(row, items, order)
  for (const { key, before, value, ...row } of sql.exec<ChangeRow>(query, from, to)) {
    if (row.revision !== entry?.revision) {
      if (entry !== null) yield event(entry)
      entry = row
      items = []
    }
    // An entry without changed items makes a revision, so it is an event as well.
    if (key !== null) items.push({ key, before, value })
  }
  if (entry !== null) yield event(entry)
}

function toChangeEvent(
  { revision, kind, detail }: Pick<ChangeRow, 'revision' | 'kind' | 'detail'>,
  read: { key: string; before: string | null; value: string | null }[],
  order: 'ASC' | 'DESC',
): WatchEvent {
  const items = order === 'ASC' ? read : read.toReversed()
  const values = items.map(({ key, value }) => ({ key, value }))
  // The stash writes this column, always with a Detail.
  const reverts = getRevertChanges(kind, detail === null ? {} : (JSON.parse(detail) as Detail), items)
  return { type: 'change', revision, values, ...(reverts.length > 0 && { reverts }) }
}
