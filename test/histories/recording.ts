/**
 * The recording of one run: every write with all its attempts, every read, every event of each watcher, and the stash's own
 * history. The checks are pure functions of it. Times are in ms since 1970, by this machine's clock, which the service uses too.
 */
export type Attempt = {
  sentAt: number
  endedAt: number
  /** The simulated fault of the connection. */
  loss: Loss
  /** Null if no answer arrived, so that the outcome of this attempt is unknown. */
  status: number | null
  code: string | null
  /** The answer's text, for comparing repeats. */
  body: string
}

/** `cut` closes the connection after the request, `unread` at the head of the answer, `half` within the request; `late` delays the end of the request. */
export type Loss = 'none' | 'cut' | 'unread' | 'half' | 'late'

export type Operation = {
  /** Also the reason of the write, which identifies it in history. */
  id: string
  kind: 'put' | 'delete' | 'patch' | 'undo'
  /** The values that it sets; null removes the key. Empty for an undo. */
  wanted: Record<string, string | null>
  ifMatch?: number
  ifNoneMatch?: true
  forMs?: number
  /** The due time of a schedule. */
  dueAt?: number
  undoes?: number
  /** Whether it has an Idempotency-Key. Without one it has a single attempt. */
  keyed: boolean
  attempts: Attempt[]
}

export type Read = {
  kind: 'item' | 'flags' | 'evaluate' | 'bulk'
  key: string | null
  keys: string[] | null
  minRevision: number
  ifNoneMatch: string | null
  /** The number of the Worker that was asked. */
  worker: number
  startedAt: number
  endedAt: number
  status: number
  problem: string | null
  etag: string | null
  revision: number | null
  vouched: boolean
  asOf: number
  source: string
  body: string
}

/** A pending revert on the wire: its time and the value that it restores. */
export type WireRevert = { at: string; to: string | null }

export type WatchEvent = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, WireRevert | null>
}

/** `opened`: a new connection that resumes after the cursor, or without one (null). */
export type WatchNote = { at: number; opened: { after: number | null } } | { at: number; event: WatchEvent }

export type Watched = { name: string; transport: 'sse' | 'socket' | 'poll'; keys: string[] | null; notes: WatchNote[] }

/** An entry of the stash's history. */
export type Entry = {
  revision: number
  at: number
  kind: string
  reason: string | null
  changes: { key: string; before: string | null; after: string | null }[]
  heldId: string | null
  ends: number | null
  revertsAt: number | null
  hash: string
}

/** The time from one recovery to the next, with the history at its end. A run without a recovery has one epoch. */
export type Epoch = { from: number; until: number; entries: Entry[] }

/** The lifetime of one runtime process. */
export type Generation = { from: number; until: number }

export type Final = {
  /** Why the run could not finish, if the service stopped answering. */
  fault: string | null
  revision: number
  flags: Record<string, string>
  verified: boolean
  verifyText: string
  /** The copy in KV after a last kill, read without the object; null if it was not read. */
  kv: { revision: number; flags: Record<string, string>; source: string } | null
}

export type Rules = {
  /** Refusals are replayed for two minutes to the same Idempotency-Key, so a late original is not applied after one. */
  fence: boolean
  /** Time-boxes end by the clock, in copies as well. */
  clock: boolean
  /** All requests go through one isolate, which waits for the revisions that were written through it. */
  oneIsolate: boolean
}

export type Recording = {
  rules: Rules
  operations: Operation[]
  reads: Read[]
  watched: Watched[]
  malformed: string[]
  epochs: Epoch[]
  generations: Generation[]
  final: Final
}

export type Violation = { rule: string; what: string; proof: string[] }
