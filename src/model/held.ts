/**
 * A held change: an intent that waits for its release. One table, one way out: releasing removes the
 * row and applies the change in the same transaction, decided afresh against the facts of that moment.
 */
import type { Change } from './intent.ts'

export type Held = {
  id: string
  change: Change
  /** Recorded with the change when it is released. */
  reason: string | null
  /** The token that made it. Its permission is asked again on release: a revoked token's links are dead. Null: the stash itself. */
  made_by: string | null
  made_at: number
  /** Released by whoever presents the secret with this SHA-256 (hex), until `expires_at`. */
  secret_hash: string | null
  expires_at: number | null
  /** Released by the alarm at this time. */
  due_at: number | null
}

/** Held changes are cheap but not free: a token in the wrong hands must not fill the stash with them. */
export const STASH_MAX_HELD = 10_000

/** WrenDB's links live this long. */
export const LINK_LIFETIME_MS = 15 * 60_000
