/**
 * A held change: an intent that waits for its release. One table, one way out: releasing removes the
 * row and applies the change in the same transaction, decided afresh against the facts of that moment.
 */
import type { Holdable } from './intent.ts'

/**
 * `link` waits for its secret, `approval` for a second person, `schedule` for its time. The stash's own: `revert`
 * ends a time-boxed change, `lapse` an item of the WrenDB profile, `thaw` a freeze.
 */
export type HeldKind = 'link' | 'approval' | 'schedule' | 'revert' | 'lapse' | 'thaw'

export type Held = {
  id: string
  kind: HeldKind
  change: Holdable
  /** The keys it is about: who has no business with them does not see it. */
  keys: string[]
  /** Recorded with the change when it is released. */
  reason: string | null
  /** The token that made it. Its permission is asked again on release: a revoked token's links are dead. Null: the stash itself. */
  made_by: string | null
  made_at: number
  /** Released by whoever presents the secret with this SHA-256 (hex), until `expires_at`. */
  secret_hash: string | null
  expires_at: number | null
  /** When the alarm takes it up: to release it, or, where it waited for a person, to say that nobody came. */
  due_at: number | null
  /** Of links: the first used voids the others that its maker tied to it by this name. */
  decision: string | null
  /** Of a revert: the revision that it ends. */
  ends: number | null
  /** Of a schedule that a second person has seen. */
  approved_by: { id: string; label: string } | null
  /** Whoever asked for it broke the glass of a freeze, and why: it counts on release, too. */
  broke_glass: { by: string; why: string } | null
  /** The stash's revision when it was asked for: a token granted later may not approve it. Null: not known. */
  asked?: number | null
  /** Of a time-box: who set it, by the label of then. The stash ends it by itself, even where that token is gone. */
  set_by?: { id: string; label: string } | null
}

/** Those that nobody asked for and nobody cancels: not listed, not counted. */
export const isInternal = (kind: HeldKind): boolean => kind === 'lapse' || kind === 'thaw'

/** Held changes are cheap but not free: a token in the wrong hands must not fill the stash with them. */
export const STASH_MAX_HELD = 10_000
export const STASH_MAX_HELD_BYTES = 64 * 1024 * 1024
/** So that one token that is limited cannot starve the rest. */
export const TOKEN_MAX_HELD = 1_000
/** A row holds 2 MB. */
export const HELD_MAX_BYTES = 1_500_000

/** WrenDB's links live this long. */
export const LINK_LIFETIME_MS = 15 * 60_000

/** What nobody has approved by the next day, nobody remembers the reason of. */
export const APPROVAL_LIFETIME_MS = 24 * 60 * 60_000

export const THAW_ID = 'thaw'
