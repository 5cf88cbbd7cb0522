/**
 * Replays: the events that a watcher has missed. These are the changes since, from the log; where they are too many or were
 * pruned, a snapshot. A watch needs no token and may begin at any revision, so a replay must not read the tables each time: the
 * texts of the last changes and of one snapshot are cached, and the first replay after a commit reads only the changes that the
 * cache lacks. A change is a row of `log` and its rows of `change`.
 */
import { createKeyMatcher, isPattern } from '../../model/access/key-matcher.ts'
import type { Detail } from '../../model/entry.ts'
import { countBytes } from '../../model/item.ts'
import { getRevertChanges, type RevertChange } from '../../model/time-box.ts'
import {
  compileFilter,
  toRevertRecord,
  serializeEvent,
  type Filter,
  type WatchEvent,
} from '../../model/snapshot/watch-event.ts'
import { getPendingValues, type PendingValue } from '../tables/held.ts'
import { listItemsByKey } from '../tables/items.ts'
import { getStash } from '../tables/stash-row.ts'

/** A watcher that has missed more changes gets a snapshot: the cache of changes holds no more than these. */
export const REPLAY_MAX_CHANGES = 100
/** This is below the backpressure limit of a stream (`http/watch/backpressure.ts`): missed changes alone must not exceed that. */
export const REPLAY_MAX_BYTES = 192 * 1024
/** A hub that is further behind than this gets a snapshot instead of the changes. */
const HUB_MAX_BEHIND = 1_000

type CachedEvent = { event: WatchEvent; text: string; bytes: number }

export class ReplayCache {
  readonly #sql: SqlStorage
  /** The last changes up to `#head`, oldest first, without a gap. A replay may begin at `#from` or later. */
  #changes: CachedEvent[] = []
  #bytes = 0
  #from = -1
  #head = -1
  /** The snapshot of one revision: each flag as a member of a JSON object, the pending reverts, and the event's whole text. */
  #snapshot: {
    revision: number
    members: Map<string, string>
    reverts: RevertChange[]
    text: string | null
  } | null = null

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
    if (filter === 'revisions') return [toCachedEvent({ type: 'snapshot', revision: head, values: [] }, filter).text]
    if (after !== null && after < head && head - after <= REPLAY_MAX_CHANGES) {
      this.#catchUp(head)
      if (after >= this.#from) return this.#changesSince(after, filter)
    }
    return [this.#snapshotText(head, filter)]
  }

  #changesSince(after: number, filter: Filter): string[] {
    const missed = this.#changes.filter(({ event }) => event.revision > after)
    const matches = compileFilter(filter)
    return missed.flatMap(({ event, text }) =>
      filter === null ? text : (serializeEvent(event, filter, matches) ?? []),
    )
  }

  /** Reads the changes that are not cached yet, newest first, so that it can stop at the limits. */
  #catchUp(head: number): void {
    if (this.#head === head) return
    const fresh: CachedEvent[] = []
    let bytes = 0
    for (const event of readChanges(this.#sql, Math.max(this.#head, head - REPLAY_MAX_CHANGES), head, 'DESC')) {
      const kept = toCachedEvent(event)
      bytes += kept.bytes
      // A replay must not cross a recovery, or a gap in the revisions.
      if (event.type !== 'change' || bytes > REPLAY_MAX_BYTES || event.revision !== head - fresh.length) break
      fresh.push(kept)
    }
    const from = head - fresh.length
    if (from !== this.#head) this.#forget(from)
    this.#head = head
    this.#changes.push(...fresh.toReversed())
    this.#bytes += fresh.reduce((sum, kept) => sum + kept.bytes, 0)
    while (this.#changes.length > REPLAY_MAX_CHANGES || this.#bytes > REPLAY_MAX_BYTES) {
      const oldest = this.#changes.shift()
      if (oldest === undefined) throw new Error('an empty replay is too large')
      this.#bytes -= oldest.bytes
      this.#from = oldest.event.revision
    }
  }

  #forget(from: number): void {
    this.#changes = []
    this.#bytes = 0
    this.#from = from
  }

  #snapshotText(revision: number, filter: string[] | null): string {
    if (this.#snapshot?.revision !== revision) {
      const members = new Map(listItemsByKey(this.#sql).map(({ key, value }) => [key, serializeMember(key, value)]))
      this.#snapshot = { revision, members, reverts: getPendingValues(this.#sql).map(toRevert), text: null }
    }
    const { members, reverts } = this.#snapshot
    const write = (chosen: Iterable<string>, pending: RevertChange[]): string => {
      const rest = JSON.stringify(toRevertRecord(pending)).slice(1, -1)
      return `{"type":"snapshot","revision":${revision},"flags":{${[...chosen].join(',')}}${rest && `,${rest}`}}`
    }
    if (filter === null) return (this.#snapshot.text ??= write(members.values(), reverts))
    const matches = createKeyMatcher(filter)
    const keys = new Set(filter)
    // Keys that are named are looked up. Only a pattern is tried on every key.
    if (filter.some(isPattern)) for (const key of members.keys()) if (matches(key)) keys.add(key)
    return write(
      [...keys].flatMap((key) => members.get(key) ?? []),
      reverts.filter(({ key }) => matches(key)),
    )
  }
}

const serializeMember = (key: string, value: string): string => `${JSON.stringify(key)}:${JSON.stringify(value)}`

function toCachedEvent(event: WatchEvent, filter: Filter = null): CachedEvent {
  const text = serializeEvent(event, filter)
  if (text === null) throw new Error('a watcher of everything is told of every event')
  return { event, text, bytes: countBytes(text) }
}

/** The missed events as objects: a hub of an older version of the code filters and serializes them itself. */
export function getReplay(sql: SqlStorage, after: number | null, filter: Filter = null): WatchEvent[] {
  const { revision } = getStash(sql)
  if (after === revision) return []
  if (filter === 'revisions') return [{ type: 'snapshot', revision, values: [] }]
  if (after === null || after > revision || revision - after > REPLAY_MAX_CHANGES) return [toSnapshotEvent(sql)]
  const events = getEventsForHub(sql, after, { changes: REPLAY_MAX_CHANGES, bytes: REPLAY_MAX_BYTES })
  return events.at(-1)?.revision === revision ? events : [toSnapshotEvent(sql)]
}

/**
 * The next events for a hub: the changes after its cursor, up to the limits of a message; a snapshot where it is too far behind,
 * or the changes were pruned or include a recovery.
 */
export function getEventsForHub(
  sql: SqlStorage,
  cursor: number,
  most: { changes: number; bytes: number },
): WatchEvent[] {
  const { revision, anchor_revision } = getStash(sql)
  if (cursor < anchor_revision || revision - cursor > HUB_MAX_BEHIND) return [toSnapshotEvent(sql)]
  const events: WatchEvent[] = []
  let bytes = 0
  for (const event of readChanges(sql, cursor, Number.MAX_SAFE_INTEGER, 'ASC')) {
    if (event.type !== 'change') return [event]
    if (events.length === most.changes) break
    bytes += countEventBytes(event)
    if (bytes > most.bytes && events.length > 0) break
    events.push(event)
  }
  return events
}

/** The change after this revision; a snapshot where that change was pruned, or is a recovery; null where there is none. */
export function getNextEvent(sql: SqlStorage, after: number): WatchEvent | null {
  for (const event of readChanges(sql, after, Number.MAX_SAFE_INTEGER, 'ASC')) {
    return event.revision === after + 1 ? event : toSnapshotEvent(sql)
  }
  return null
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
