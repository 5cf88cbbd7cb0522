/**
 * What somebody wants of a stash: the message that goes in at the one door.
 *
 * Intents cross RPC between versions of the code and lie in the table of held changes for days, so a
 * field, once shipped, keeps its meaning; new ones are optional.
 */
import type { Precondition } from './precondition.ts'

/** Changes to items. These can be held and released later. */
export type Change =
  /** Without a key the stash makes one up. */
  | { kind: 'put'; key: string | null; value: string; type: string; condition?: Precondition }
  | { kind: 'delete'; key: string; condition?: Precondition }
  /** All or nothing, as one revision. A list: `__proto__` is a legal key, and objects lose it. */
  | { kind: 'patch'; changes: { key: string; value: string | null }[]; condition?: Precondition }

export type Intent =
  | Change
  | { kind: 'delete_stash'; condition?: Precondition }
  /** Keeps a change until somebody presents the secret whose hash this is. */
  | { kind: 'hold_for_link'; change: Change; secretHash: string; expiresAt: number }
  /** Applies a held change. The credential is what releases it. */
  | { kind: 'release' }

/** Who is speaking: the hash of the secret presented, never the secret. */
export type Credential = { kind: 'none' } | { kind: 'token'; hash: string } | { kind: 'link'; hash: string }

/** What goes in at `stash.apply`. */
export type Command = {
  credential: Credential
  intent: Intent
  /** Why, in the caller's words. Recorded. */
  reason?: string
  /** The first answer given for this key is repeated for 24 hours. */
  idempotencyKey?: string
}

/** What an accepted intent comes to. */
export type Applied = {
  /** The stash's revision after it. */
  revision: number
  /** The keys it changed, in the caller's order. Their version is the revision. */
  changed: string[]
  /** Set where the change waits instead of being applied. */
  held?: { id: string; expires_at: number }
}
