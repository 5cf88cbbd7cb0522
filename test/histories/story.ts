/**
 * What one run saw: every write with all its tries, every read, everything a watcher was told, and the stash's own history.
 * The checks are pure functions of this. Times are in ms since the epoch, by this machine's clock, which the service shares.
 */
export type Try = {
  sentAt: number
  endedAt: number
  /** How the connection was treated: `none` is left alone, the others lose the answer or delay the request on purpose. */
  loss: Loss
  /** Null: no answer arrived, so the outcome of this try is unknown. */
  status: number | null
  code: string | null
  /** The answer's text, for comparing repeats. */
  body: string
}

/** `cut` ends the connection once the request is sent, `unread` at the head of the answer, `half` in the middle of the request. */
export type Loss = 'none' | 'cut' | 'unread' | 'half' | 'late'

export type Operation = {
  /** Also its `reason`, by which history knows it. */
  id: string
  kind: 'put' | 'delete' | 'patch' | 'undo'
  /** What it sets; null removes the key. Of an undo: empty. */
  wanted: Record<string, string | null>
  ifMatch?: number
  ifNoneMatch?: true
  forMs?: number
  /** A schedule: when it is due. */
  dueAt?: number
  undoes?: number
  /** Whether it has an Idempotency-Key. Without one it is tried once. */
  keyed: boolean
  tries: Try[]
}

export type Read = {
  kind: 'item' | 'flags' | 'evaluate' | 'bulk'
  key: string | null
  keys: string[] | null
  minRevision: number
  ifNoneMatch: string | null
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

/** The end of a time-box as the wire tells it: when, and what the key goes back to. */
export type WireRevert = { at: string; to: string | null }

export type WatchEvent = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, WireRevert | null>
}

/** `opened`: a new connection that resumes after the cursor, or begins afresh (null). */
export type WatchNote = { at: number; opened: { after: number | null } } | { at: number; event: WatchEvent }

export type Watched = { name: string; road: 'sse' | 'socket' | 'poll'; keys: string[] | null; notes: WatchNote[] }

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

/** From one recovery to the next; a run without one has a single epoch. `entries` is the history as it was at the end of it. */
export type Epoch = { from: number; until: number; entries: Entry[] }

/** A time in which one and the same runtime ran without a break. */
export type Generation = { from: number; until: number }

export type Final = {
  /** Why the run could not be brought to its end, where the service stopped answering for good. */
  fault: string | null
  revision: number
  flags: Record<string, string>
  verified: boolean
  verifyText: string
  /** What KV alone gave after a last kill; null where that was not asked for. */
  kv: { revision: number; flags: Record<string, string>; source: string } | null
}

export type Rules = {
  /** A refusal is repeated for its key for two minutes, so a late original is never applied after it. */
  fence: boolean
  /** Time-boxes end by the clock, also in copies. */
  clock: boolean
}

export type Story = {
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
