/**
 * What somebody wants of a stash: the message that goes in at the one door.
 *
 * Intents cross RPC between versions of the code and lie in the table of held changes for days, so a
 * field, once shipped, keeps its meaning; new ones are optional.
 */
import type { Guard } from './guard/guard.ts'
import type { Ability } from './access/permit.ts'
import type { Precondition } from './decide/precondition.ts'

/** When a change is to happen, and for how long. */
export type Timing = {
  /** Held until then, in ms since the epoch. */
  at?: number
  /** After so many ms the values go back to what they were. */
  forMs?: number
}

type Conditional = { condition?: Precondition }

/** Changes to items. */
export type Change = Conditional &
  Timing &
  (
    | /** Without a key the stash makes one up. */ { kind: 'put'; key: string | null; value: string; type: string }
    | { kind: 'delete'; key: string }
    /** All or nothing, as one revision. A list: `__proto__` is a legal key, and objects lose it. */
    | { kind: 'patch'; changes: { key: string; value: string | null; type?: string }[] }
  )

export type Patch = Extract<Change, { kind: 'patch' }>

/** Whatever changes items or guards: it goes through every safeguard, and may be held on the way. */
export type Edit =
  | Change
  /** Writes the opposite of what a revision did. */
  | (Conditional & Timing & { kind: 'undo'; revision: number })
  /** `replace`: what the import does not name is taken away. */
  | (Conditional &
      Timing & {
        kind: 'import'
        items: { key: string; value: string; type: string }[]
        guards: { key: string; guard: Guard }[]
        replace: boolean
      })
  | (Conditional & Timing & { kind: 'set_guard'; key: string; guard: Guard })
  | (Conditional & Timing & { kind: 'remove_guard'; key: string })

/** What a held change does when it is released. */
export type Holdable = Edit | { kind: 'approve'; heldId: string } | { kind: 'thaw' }

export type Intent =
  | Edit
  | (Conditional & { kind: 'delete_stash' })
  /** Keeps a change until somebody presents the secret whose hash this is. The first of one `decision` to be used voids the others. */
  | { kind: 'hold_for_link'; change: Change; secretHash: string; expiresAt: number; decision?: string }
  /** A link that approves a held change, on behalf of the one who makes it. */
  | { kind: 'hold_approval_for_link'; heldId: string; secretHash: string; expiresAt: number }
  /** Applies a held change. The credential is what releases it. */
  | { kind: 'release' }
  | { kind: 'approve'; heldId: string }
  /** Declines or cancels a held change. */
  | { kind: 'drop_held'; heldId: string }
  /** Until somebody ends it, where `until` is null. */
  | { kind: 'freeze'; until: number | null }
  | { kind: 'unfreeze' }
  | { kind: 'add_token'; hash: string; label: string; can: Ability[]; keys: string[]; expiresInMs: number | null }
  | { kind: 'revoke_token'; tokenId: string }
  | { kind: 'rotate_master'; hash: string; overlapMs: number }
  /** A token's successor, under the same label. */
  | { kind: 'rotate_token'; tokenId: string; hash: string; overlapMs: number }
  /** The admin's: a new master token where the others are lost or leaked. `all`: every other token ends as well. */
  | { kind: 'recover'; hash: string; all: boolean }

/** Who is speaking: the hash of the secret presented, never the secret. */
export type Credential =
  | { kind: 'none' }
  | { kind: 'token'; hash: string }
  | { kind: 'link'; hash: string }
  /** The operator of the deployment: `http/` has compared the secret. Only our own Worker can call an object. */
  | { kind: 'admin' }

/** What goes in at `stash.apply`. */
export type Command = {
  credential: Credential
  intent: Intent
  /** Why, in the caller's words. Recorded. */
  reason?: string
  /** On the stash's revision, for intents that have no condition of their own. */
  condition?: Precondition
  /** Why a freeze does not count this time. Recorded. */
  breakGlass?: string
  /** The first answer given for this key is repeated: for 24 hours where it was accepted, for two minutes where it was refused. */
  idempotencyKey?: string
  /** Decided, and not done: what it would come to. */
  dryRun?: boolean
}

/** What a held change waits for. */
export type Wait = 'link' | 'approval' | 'time'

/** What pending time-boxes put back, key by key. Not `isWhole`: there are more. */
export type PendingEnds = {
  ends: { heldId: string; key: string; at: number; goesBackTo: string | null }[]
  isWhole: boolean
}

/** What a dry run would change, as texts. Of a guard: its JSON. */
export type Preview = { what: 'item' | 'guard'; key: string; before: string | null; after: string | null }[]

/** The answer to an accepted intent. It crosses RPC between versions and is stored for idempotent replies: a field, once shipped, keeps its name. */
export type Applied = {
  /** The stash's revision after it. */
  revision: number
  /** The keys it changed, in the caller's order. Their version is the revision. */
  changed: string[]
  /** The kind of entry that it made, where it made one. */
  did?: string
  /** Set where the change waits instead of being applied. */
  held?: { id: string; waitsFor?: Wait; expires_at: number | null; dueAt?: number | null }
  /** Set where the change is time-boxed: the held change that ends it, and when. */
  reverts?: { heldId: string; at: number }
  /** Of a token that was made. */
  token?: { id: string; label: string; can: Ability[]; keys: string[]; expiresAt: number | null }
  /** Of a rotation: until when the old token counts. */
  oldTokenUntil?: number
  freeze?: { until: number | null; reason: string | null }
  /** Of a revocation and a freeze: the time-boxes that will end all the same. */
  pending?: PendingEnds
  /** Of a recovery: the tokens that still count. */
  tokensLeft?: { id: string; label: string; can: Ability[]; keys: string[] }[]
  /** Of a dry run: what would change. */
  preview?: Preview
}
