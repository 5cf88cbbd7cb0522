/**
 * The events that watchers receive: first a snapshot, or the changes that a client missed, then each change, in order. The text
 * is the same over every transport. A client resumes with the last revision that it has seen, so an event's revision is its id.
 */
import { createKeyMatcher, isPattern, type KeyMatcher } from '../access/key-matcher.ts'
import type { RevertChange } from '../time-box.ts'
import { serializeStatus, type WatchStatus } from './watch-status.ts'

export type Value = { key: string; value: string | null }

/**
 * `reverts`: in a snapshot every pending end of a time-box; in a change those that differ from the revision before. Absent in
 * the messages of older versions.
 */
export type WatchEvent =
  /** Every flag at one revision: the first event, and the replacement for changes that are too old or too many to replay. */
  | { type: 'snapshot'; revision: number; values: Value[]; reverts?: RevertChange[] }
  /** A value of null: the key was deleted. Empty where a revision changed no flag, but for example a guard or a token. */
  | { type: 'change'; revision: number; values: Value[]; reverts?: RevertChange[] }
  /** The stash was deleted: this is the last event. */
  | { type: 'gone'; revision: number; values: Value[] }

/**
 * A watcher of some keys, or of the keys that match patterns, gets no events about other keys. A watcher of `revisions` gets
 * revision numbers, without values. A stash of an older version takes a pattern that a hub sends it for a key, which no item has.
 */
export type Filter = string[] | 'revisions' | null

/** Matches the keys that the filter lets through; null where it is not a list. */
export const compileFilter = (filter: Filter): KeyMatcher | null =>
  Array.isArray(filter) ? createKeyMatcher(filter) : null

/**
 * As JSON: `{"type":"change","revision":7,"changes":{"a":"1","b":null}}`. Null: nothing for this watcher.
 * @param matches the compiled filter, where the caller has it
 */
export function serializeEvent(
  event: WatchEvent,
  filter: Filter,
  matches: KeyMatcher | null = compileFilter(filter),
): string | null {
  const { type, revision } = event
  if (type === 'gone' || filter === 'revisions') return JSON.stringify({ type, revision })
  const choose = <T extends { key: string }>(all: T[]): T[] =>
    matches === null ? all : all.filter(({ key }) => matches(key))
  const shown = choose(event.values)
  const reverts = choose(event.reverts ?? [])
  if (type === 'change' && filter !== null && shown.length === 0 && reverts.length === 0) return null
  const record = Object.fromEntries(shown.map(({ key, value }) => [key, value]))
  const name = type === 'snapshot' ? 'flags' : 'changes'
  return JSON.stringify({ type, revision, [name]: record, ...toRevertRecord(reverts) })
}

type PendingRevert = Extract<RevertChange, { at: number }>
type Ending = { at: string; to: string | null }

/**
 * By key: the value that is put back, and when (ISO 8601); null where the key is no longer in a time-box. Without entries the
 * member is left out.
 */
export function toRevertRecord(reverts: PendingRevert[]): { reverts?: Record<string, Ending> }
export function toRevertRecord(reverts: RevertChange[]): { reverts?: Record<string, Ending | null> }
export function toRevertRecord(reverts: RevertChange[]): { reverts?: Record<string, Ending | null> } {
  if (reverts.length === 0) return {}
  const toEnding = (revert: RevertChange): Ending | null =>
    // oxlint-disable-next-line no-restricted-globals -- it formats a time, and reads no clock.
    revert.at === null ? null : { at: new Date(revert.at).toISOString(), to: revert.to }
  return { reverts: Object.fromEntries(reverts.map((revert) => [revert.key, toEnding(revert)])) }
}

/** The events that a watcher has missed, up to `head`; or their texts, where the caller asked for those. */
export type Missed = {
  head: number
  events: WatchEvent[]
  texts?: string[]
  /** The present status, where the caller asked for it. Absent in the answers of older versions. */
  status?: WatchStatus
  /** How many hubs the stash has on the continent of the hub that asks. Absent in the answers of older versions. */
  hubs?: number
  /** Cursors past this revision may be of a history that the stash has lost. Absent in the answers of older versions. */
  knownUpTo?: number
}

/** With keys of 128 characters, the filter then fits the attachment of a hibernating socket: the runtime's limit is 16 KB. */
export const FILTER_MAX_KEYS = 100

/**
 * How events that are sent at once are sent: a message for each, as one JSON array, or as one text with an event on each line, which
 * its reader can split without parsing.
 */
export type Framing = 'single' | 'array' | 'lines'

/** The parameters with which a Worker opens a watch at an object. */
export type WatchTerms = {
  /** The last revision that the client has seen; null: none. */
  after: number | null
  filter: Filter
  /** Whether the client wants a mark after the missed events. */
  marks: boolean
  /** Whether missed events are sent as a body, one a line: then a socket is opened only where the client has missed none. */
  body: boolean
  /** How events that are sent at once are framed. Objects of older versions do not know `lines`, and send a message for each. */
  framing: Framing
  /** Whether the client wants to receive the status. Objects of older versions never send it. */
  status?: boolean
}

export function serializeWatchTerms({ after, filter, marks, body, framing, status }: WatchTerms): string {
  const query = new URLSearchParams()
  if (after !== null) query.set('after', String(after))
  if (filter === 'revisions') query.set('revisions', '1')
  // An older version would take a pattern for a key, and its snapshot would lack flags that the client never gets later. It does
  // not know `patterns`, and sends every flag.
  else if (filter !== null) query.set(filter.some(isPattern) ? 'patterns' : 'keys', filter.join(','))
  if (marks) query.set('marks', '1')
  if (body) query.set('body', '1')
  if (framing === 'array') query.set('batch', '1')
  if (framing === 'lines') query.set('lines', '1')
  if (status) query.set('status', '1')
  return query.toString()
}

export function parseWatchTerms(url: string): WatchTerms {
  const query = new URL(url).searchParams
  const after = query.get('after')
  const keys = query.get('patterns') ?? query.get('keys')
  return {
    after: after === null ? null : Number(after),
    filter: query.has('revisions') ? 'revisions' : (keys?.split(',') ?? null),
    marks: query.has('marks'),
    body: query.has('body'),
    framing: query.has('lines') ? 'lines' : query.has('batch') ? 'array' : 'single',
    status: query.has('status'),
  }
}

/** The mark: all missed events have been sent. */
export const serializeMark = (revision: number): string => JSON.stringify({ type: 'live', revision })

/**
 * The first messages to a watcher: what it has missed, the status where it asked for it and it is known, and the mark where it
 * asked for that.
 */
export function composeFirstTexts(
  texts: string[],
  head: number,
  { status = null, marks }: { status?: WatchStatus | null | undefined; marks: boolean },
): string[] {
  return [
    ...texts,
    ...(status === null ? [] : [serializeStatus(status, head)]),
    ...(marks ? [serializeMark(head)] : []),
  ]
}

/** The methods of a stash's object that a hub calls. */
export type WatchSource = {
  /** Subscribes the hub to the changes after the revision that is returned. Null: no such stash. */
  subscribe(hub: string): Promise<number | null>
  missed(
    after: number | null,
    filter: Filter,
    form: 'events' | 'texts',
    hub: { name: string; told: number } | null,
    withStatus: boolean,
  ): Promise<Missed | null>
}

/**
 * The method of a hub that a stash's object calls to broadcast events. Returns the revision up to which the hub has sent them;
 * null: it has no watcher left. With `status` the hub sends the status after the events; a hub of an older version ignores it.
 */
export type HubSink = { tell(events: WatchEvent[], status?: WatchStatus): Promise<number | null> }
