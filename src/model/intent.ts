/**
 * Intents: what a caller asks a stash to do, as the message to `stash.apply`. They cross RPC between versions of the code and
 * are stored in the table of held changes for up to 366 days, so a field, once shipped, keeps its meaning; new fields are
 * optional.
 */
import type { PublicFreeze } from './freeze.ts'
import type { Guard } from './guard/guard.ts'
import type { Ability } from './access/ability.ts'
import type { Precondition } from './decide/precondition.ts'

/** When a change is to happen, and for how long. */
export type Timing = {
  /** Scheduled for then, in ms since the epoch. */
  at?: number
  /** Time-boxed: after so many ms the former values are put back. */
  forMs?: number
}

type Conditional = { condition?: Precondition }

/** Changes to items. */
export type Change = Conditional &
  Timing &
  (
    | /** Without a key the stash generates one. */ { kind: 'put'; key: string | null; value: string; type: string }
    | { kind: 'delete'; key: string }
    /** Changes that are applied together, as one revision. They are a list, because an object would lose the key `__proto__`. */
    | { kind: 'patch'; changes: { key: string; value: string | null; type?: string }[] }
  )

export type Patch = Extract<Change, { kind: 'patch' }>

/**
 * A change of items or guards. It may be held. A caller's edit goes through every safeguard, also when it is released; an edit of
 * the stash itself (a revert, a lapse) was decided before, and its release skips most of them (`decide-edit.ts`).
 */
export type Edit =
  | Change
  /** Restores the values and guards from before a revision. */
  | (Conditional & Timing & { kind: 'undo'; revision: number })
  /** `replace`: items and guards that the import does not name are deleted. */
  | (Conditional &
      Timing & {
        kind: 'import'
        items: { key: string; value: string; type: string }[]
        guards: { key: string; guard: Guard }[]
        replace: boolean
      })
  | (Conditional & Timing & { kind: 'set_guard'; key: string; guard: Guard })
  | (Conditional & Timing & { kind: 'remove_guard'; key: string })

/** The action of a held change when it is released. */
export type Holdable =
  Edit | { kind: 'approve'; heldId: string } | { kind: 'thaw' } | { kind: 'thaw_keys'; keys: string[] }

export type Intent =
  | Edit
  | (Conditional & { kind: 'delete_stash' })
  /**
   * Sets the given fields; null clears one. The slug must have been claimed before (`names/`). Only the admin may clear it, and only
   * the names object asks for that.
   */
  | { kind: 'describe_stash'; name?: string | null; description?: string | null; slug?: string | null }
  /**
   * Makes a link: holds a change until the secret with this hash is presented. The first link of a `decision` to be used voids
   * the others.
   */
  | { kind: 'hold_for_link'; change: Change; secretHash: string; expiresAt: number; decision?: string }
  /** Makes a link that approves a held change, on behalf of the maker of the link. */
  | { kind: 'hold_approval_for_link'; heldId: string; secretHash: string; expiresAt: number }
  /** Applies the held change of a link, whose secret is the credential. */
  | { kind: 'release' }
  | { kind: 'approve'; heldId: string }
  /** Declines or cancels a held change. */
  | { kind: 'drop_held'; heldId: string }
  /** Freezes the whole stash. `until` null: until it is ended by hand. */
  | { kind: 'freeze'; until: number | null }
  /**
   * Freezes the keys that the patterns match, as `toPatternSet` returns them. A kind of its own: an object of an older version
   * would take a `freeze` with one field more for the freeze of the whole stash.
   */
  | { kind: 'freeze_keys'; keys: string[]; until: number | null }
  | { kind: 'unfreeze' }
  | { kind: 'unfreeze_keys'; keys: string[] }
  | { kind: 'add_token'; hash: string; label: string; can: Ability[]; keys: string[]; expiresInMs: number | null }
  | { kind: 'revoke_token'; tokenId: string }
  | { kind: 'rotate_master'; hash: string; overlapMs: number }
  /** Replaces a token by a successor with the same label. */
  | { kind: 'rotate_token'; tokenId: string; hash: string; overlapMs: number }
  /** For the admin: a new master token, where the others are lost or leaked. `all`: every other token ends as well. */
  | { kind: 'recover'; hash: string; all: boolean }

/** The credential of the caller: the hash of the presented secret, never the secret. */
export type Credential =
  | { kind: 'none' }
  | { kind: 'token'; hash: string }
  | { kind: 'link'; hash: string }
  /**
   * The operator of the deployment. It has no hash, because `http/` has compared the secret with ADMIN_TOKEN, and a stash stores
   * no hash of that. The stash relies on it, because only our own Worker can call an object.
   */
  | { kind: 'admin' }

/** The argument of `stash.apply`: an intent, the caller's credential, and options. */
export type Command = {
  credential: Credential
  intent: Intent
  /** The caller's reason for the change. It is recorded. */
  reason?: string
  /** A precondition on the stash's revision, for intents that have no condition of their own. */
  condition?: Precondition
  /** The reason for a change in spite of a freeze. It is recorded. */
  breakGlass?: string
  /** A repeat with this key gets the first answer: for up to 24 hours; two minutes for a refusal in `REPLAYABLE_REFUSALS`. */
  idempotencyKey?: string
  /** Decides, and changes nothing: the answer says what would change. The idempotency key is ignored. */
  dryRun?: boolean
}

/** The event that a held change waits for. */
export type Wait = 'link' | 'approval' | 'time'

/** The values that pending time-boxes put back, by key. `isWhole` false: there are more. */
export type PendingEnds = {
  ends: { heldId: string; key: string; at: number; goesBackTo: string | null }[]
  isWhole: boolean
}

/** The changes of a dry run or a link, as texts. A guard is given as its JSON. */
export type Preview = { what: 'item' | 'guard'; key: string; before: string | null; after: string | null }[]

/**
 * The answer to an accepted intent. It crosses RPC between versions and is stored for idempotent replies: a field, once shipped,
 * keeps its name.
 */
export type Applied = {
  /** The stash's revision after the change; in a dry run, or where nothing was changed yet, the present one. */
  revision: number
  /** The keys that were changed (in a dry run: would be), in order. Those that still exist then have the revision as version. */
  changed: string[]
  /** The kind of the log entry, where there is one. */
  did?: string
  /** Set where the change waits instead of being applied. */
  held?: { id: string; waitsFor?: Wait; expires_at: number | null; dueAt?: number | null }
  /** Set where the change is time-boxed: the held change that ends it, and when. */
  reverts?: { heldId: string; at: number }
  /** The token that was made. */
  token?: { id: string; label: string; can: Ability[]; keys: string[]; expiresAt: number | null }
  /** For a rotation: until when the old token is valid. */
  oldTokenUntil?: number
  /** `keys`: its patterns, where it is a freeze of some keys. */
  freeze?: { until: number | null; reason: string | null; keys?: string[] }
  /** For the end of a freeze: the freezes that still stand. Absent in answers of older versions. */
  still?: PublicFreeze[]
  /** For a revocation and a freeze: the time-boxes that will end in spite of it. */
  pending?: PendingEnds
  /** For a recovery: the other tokens that stay valid. */
  tokensLeft?: { id: string; label: string; can: Ability[]; keys: string[] }[]
  /** For a dry run: the changes that would be made, at once or on the release. */
  preview?: Preview
  /** For a dry run: the kind of the log entry that would be made; null for none. Absent in answers of the version before. */
  does?: string | null
}
