/** What a watcher has missed: the changes since, from the log; where that is too much or too long ago, how things stand. */
import type { Filter, WatchEvent } from '../model/watch-event.ts'
import { itemsByKey } from './items.ts'
import { charsIn, entriesFrom, type LoggedEntry } from './log.ts'
import { getStash } from './stash-row.ts'

/** Past this a snapshot is shorter, and sooner read. */
const REPLAYED_MAX = 1_000
const REPLAYED_MAX_CHARS = 1024 * 1024

/** @param after the last revision that the watcher has seen; null: none */
export function replay(sql: SqlStorage, after: number | null, filter: Filter = null): WatchEvent[] {
  const { revision, anchor_revision } = getStash(sql)
  // Whoever is told of no values need not be told twice.
  if (filter === 'revisions') return after === revision ? [] : [{ type: 'snapshot', revision, values: [] }]
  const known = after !== null && after <= revision && after >= anchor_revision && revision - after <= REPLAYED_MAX
  if (!known) return [snapshotOf(sql)]
  const events: WatchEvent[] = []
  let chars = 0
  for (const entry of entriesFrom(sql, after + 1)) {
    chars += charsIn(entry.changes)
    if (chars > REPLAYED_MAX_CHARS) return [snapshotOf(sql)]
    events.push(eventOf(entry))
  }
  return events
}

/** The change after this revision; null where it is the last. */
export function nextEvent(sql: SqlStorage, after: number): WatchEvent | null {
  for (const entry of entriesFrom(sql, after + 1)) return eventOf(entry)
  return null
}

function snapshotOf(sql: SqlStorage): WatchEvent {
  const values = itemsByKey(sql).map(({ key, value }) => ({ key, value }))
  return { type: 'snapshot', revision: getStash(sql).revision, values }
}

const eventOf = ({ revision, changes }: LoggedEntry): WatchEvent => ({
  type: 'change',
  revision,
  values: changes
    .filter(({ what }) => what === 'item')
    .map(({ key, after }) => ({ key, value: after === null ? null : after.value })),
})
