/**
 * A held change: an intent that waits for its release, as a union with one member for each kind of release. A release removes
 * the row and decides the change afresh, by the facts of that moment, in the same transaction. In the table and in messages
 * between versions it is one flat row: see `stash/tables/held-row.ts`.
 */
import type { Person } from './access/permit.ts'
import type { BrokenGlass } from './freeze.ts'
import type { Holdable, Patch } from './intent.ts'

type HeldBase<Change = Holdable> = {
  id: string
  change: Change
  /** The keys that it is about: an actor who does not reach all of them does not see it. */
  keys: string[]
  /** Recorded in the log entry of its release, or of its drop. */
  reason: string | null
  /**
   * The id of the token that made it; null: the stash itself. The token is looked up again on release, so the links of a revoked
   * token are void.
   */
  madeBy: string | null
  madeAt: number
}

/** A held change that a caller requested, in contrast to those that the stash holds for itself. */
type Request = HeldBase & {
  /**
   * The stash's revision when it was made: a token that was granted later may not approve a request of a master token. Null:
   * an older version did not record it.
   */
  asked: number | null
}

/** Released by the secret whose SHA-256 (hex) is `secretHash`, until `expiresAt`. */
export type HeldLink = Request & {
  kind: 'link'
  secretHash: string
  expiresAt: number
  /** The first link of a decision to be used voids the other links of that decision. Null: it belongs to none. */
  decision: string | null
}

/** Released by a second person until `expiresAt`. */
export type HeldApproval = Request & {
  kind: 'approval'
  expiresAt: number
  /** When the alarm drops it and records that it expired. */
  dueAt: number
  /** Set where its maker broke the glass: then a freeze does not stop the release either. */
  brokeGlass: BrokenGlass | null
}

/** Released by the alarm at `dueAt`. */
export type HeldSchedule = Request & {
  kind: 'schedule'
  dueAt: number
  /** The second person, where its keys require one. */
  approvedBy: Person | null
  brokeGlass: BrokenGlass | null
}

/** Ends a time-boxed change: puts the former values back. */
export type HeldRevert = HeldBase<Patch> & {
  kind: 'revert'
  dueAt: number
  /** The revision that set the time-box. */
  ends: number
  /** The token that set the time-box, and its label then. Null: the caller had no token, or an older version wrote the row. */
  setBy: Person | null
}

/** Deletes an item of the WrenDB profile that was not written for its lifetime (`WRENDB_ITEM_LIFETIME_MS`). */
export type HeldLapse = HeldBase & { kind: 'lapse'; dueAt: number }

/** Ends a freeze: of the whole stash (its id is `THAW_ID`), or of some keys. */
export type HeldThaw = HeldBase & { kind: 'thaw'; dueAt: number }

export type Held = HeldLink | HeldApproval | HeldSchedule | HeldRevert | HeldLapse | HeldThaw

export type HeldKind = Held['kind']

/** Callers neither request lapses and thaws nor cancel them by id. So these kinds are neither listed nor counted. */
export const isInternal = (kind: HeldKind): boolean => kind === 'lapse' || kind === 'thaw'

/** A leaked token must not fill the stash's storage with held changes. */
export const STASH_MAX_HELD = 10_000
export const STASH_MAX_HELD_BYTES = 64 * 1024 * 1024
/** The limit of one token that is no master token, so that it cannot use up the limit of the stash. */
export const TOKEN_MAX_HELD = 1_000
/** The limit of the JSON of a change. SQLite in a Durable Object stores at most 2 MB in a row; the rest is for other columns. */
export const HELD_MAX_BYTES = 1_500_000

/** The lifetime of a link in every profile, as in WrenDB. A link that approves ends earlier if its approval request does. */
export const LINK_LIFETIME_MS = 15 * 60_000

/** A day: after more time, the people involved no longer know why the change was wanted. */
export const APPROVAL_LIFETIME_MS = 24 * 60 * 60_000

export const THAW_ID = 'thaw'
