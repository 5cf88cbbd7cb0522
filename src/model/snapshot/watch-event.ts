/**
 * What watchers are told: first how things stand, then each change, in order. The text is the same on every road.
 *
 * A client resumes with the last revision it has seen, so an event's revision is its id.
 */
import type { RevertChange } from '../time-box.ts'

export type Value = { key: string; value: string | null }

/**
 * `reverts`: of a snapshot every pending end of a time-box; of a change what differs since the revision before. Absent in
 * the messages of a version that knew none.
 */
export type WatchEvent =
  /** Every flag at one revision: the first event, and the answer to a gap too old to be told of. */
  | { type: 'snapshot'; revision: number; values: Value[]; reverts?: RevertChange[] }
  /** null: the key was taken away. Empty where a revision changed no flag: a guard, a token, a freeze. */
  | { type: 'change'; revision: number; values: Value[]; reverts?: RevertChange[] }
  /** The stash was deleted: nothing comes any more. */
  | { type: 'gone'; revision: number; values: Value[] }

/** A watcher of some keys is not told of others; one of revisions is told that there are new ones, and not what they hold. */
export type Filter = string[] | 'revisions' | null

/** As JSON: `{"type":"change","revision":7,"changes":{"a":"1","b":null}}`. Null: nothing for this watcher. */
export function serializeEvent(event: WatchEvent, filter: Filter): string | null {
  const { type, revision } = event
  if (type === 'gone' || filter === 'revisions') return JSON.stringify({ type, revision })
  const shown = filter === null ? event.values : choose(event.values, filter)
  const reverts = filter === null ? (event.reverts ?? []) : choose(event.reverts ?? [], filter)
  if (type === 'change' && filter !== null && shown.length === 0 && reverts.length === 0) return null
  const record = Object.fromEntries(shown.map(({ key, value }) => [key, value]))
  const name = type === 'snapshot' ? 'flags' : 'changes'
  return JSON.stringify({ type, revision, [name]: record, ...toRevertRecord(reverts) })
}

type PendingRevert = Extract<RevertChange, { at: number }>
type Ending = { at: string; to: string | null }

/** By key: what comes back and when (ISO 8601); null where the key is in no time-box any more. No member where there are none. */
export function toRevertRecord(reverts: PendingRevert[]): { reverts?: Record<string, Ending> }
export function toRevertRecord(reverts: RevertChange[]): { reverts?: Record<string, Ending | null> }
export function toRevertRecord(reverts: RevertChange[]): { reverts?: Record<string, Ending | null> } {
  if (reverts.length === 0) return {}
  const toEnding = (revert: RevertChange): Ending | null =>
    // oxlint-disable-next-line no-restricted-globals -- it writes a time down, and reads no clock.
    revert.at === null ? null : { at: new Date(revert.at).toISOString(), to: revert.to }
  return { reverts: Object.fromEntries(reverts.map((revert) => [revert.key, toEnding(revert)])) }
}

/** A change of a thousand keys is told to thousands of watchers, each of a hundred keys of its own. */
function choose<T extends { key: string }>(values: T[], filter: string[]): T[] {
  const keys = values.length > 1 ? new Set(filter) : null
  return values.filter(({ key }) => keys?.has(key) ?? filter.includes(key))
}

/** What a stash says that a watcher has missed, up to `head`: as the texts that it is sent, where those were asked for. */
export type Missed = { head: number; events: WatchEvent[]; texts?: string[] }

/** Also of the runtime's limit for what a hibernating socket remembers: 16 KB. */
export const FILTER_MAX_KEYS = 100

/** What a Worker asks of an object when it opens a watch: everything that the object need not find out itself. */
export type WatchTerms = {
  /** The last revision that the client has seen; null: none. */
  after: number | null
  filter: Filter
  /** Whether the client wants to know when it has been told everything there was. */
  marks: boolean
  /** Whether it takes what was missed as a body, one event a line, and a socket only where nothing was. */
  body: boolean
}

export function serializeWatchTerms({ after, filter, marks, body }: WatchTerms): string {
  const query = new URLSearchParams()
  if (after !== null) query.set('after', String(after))
  if (filter === 'revisions') query.set('revisions', '1')
  else if (filter !== null) query.set('keys', filter.join(','))
  if (marks) query.set('marks', '1')
  if (body) query.set('body', '1')
  return query.toString()
}

export function parseWatchTerms(url: string): WatchTerms {
  const query = new URL(url).searchParams
  const after = query.get('after')
  const keys = query.get('keys')
  return {
    after: after === null ? null : Number(after),
    filter: query.has('revisions') ? 'revisions' : (keys?.split(',') ?? null),
    marks: query.has('marks'),
    body: query.has('body'),
  }
}

/** The mark: everything there was up to now has been told. */
export const serializeMark = (revision: number): string => JSON.stringify({ type: 'live', revision })

/** What a hub asks of a stash's object. */
export type WatchSource = {
  /** From now on the hub is told of every change after the revision that is returned. Null: no such stash. */
  subscribe(hub: string): Promise<number | null>
  missed(
    after: number | null,
    filter: Filter,
    form: 'events' | 'texts',
    hub: { name: string; told: number } | null,
  ): Promise<Missed | null>
}

/** What a stash's object asks of a hub: to tell its watchers. The revision that they have been told then; null: none are left. */
export type HubSink = { tell(events: WatchEvent[]): Promise<number | null> }
