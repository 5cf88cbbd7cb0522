/**
 * A log entry, which records one revision, and the text that its hash is computed over. Each hash covers the hash before it,
 * so verification finds the entry where a byte was changed. The text is a list: its order is the format, and must never
 * change for entries that are written.
 */
import type { BrokenGlass, Freeze } from './freeze.ts'
import type { Held } from './held.ts'
import type { Ability } from './access/ability.ts'
import type { Person } from './access/permit.ts'

export type EntryKind =
  | 'put'
  | 'delete'
  | 'patch'
  | 'undo'
  | 'import'
  /** The end of a time-boxed change. */
  | 'revert'
  | 'set_guard'
  | 'remove_guard'
  | 'freeze'
  | 'unfreeze'
  | 'add_token'
  | 'revoke_token'
  | 'rotate_master'
  | 'rotate_token'
  /** The operator of the deployment made a new master token. */
  | 'recover'
  /** The name, the description or the slug of the stash was set. */
  | 'describe'
  /** A held change was dropped without being applied. */
  | 'drop_held'
  /** The object's storage was restored to an earlier time, and the stash continued after the revisions that readers had seen. */
  | 'recovered'

/** What people call a stash. */
export type Description = { name: string | null; description: string | null; slug: string | null }

/** One value before and after. The value of a guard is its JSON. */
export type EntryChange = {
  /**
   * `held`: a held change about this key was dropped, or `key` is a pattern of a freeze that began or ended. It has no values, and
   * a token sees the entry only where it reaches all of its rows of this sort. Freezes have no sort of their own, because older
   * versions would take another one for a guard.
   */
  what: 'item' | 'guard' | 'held'
  key: string
  before: { value: string; type: string; version: number } | null
  after: { value: string; type: string } | null
}

/** The other facts of an entry. They are stored as JSON, so a field, once written, keeps its meaning. */
export type Detail = {
  approvedBy?: Person & { reason?: string }
  brokeGlass?: BrokenGlass
  /** The pending reverts that this change ended, and those that lost keys to it. */
  cancelled?: string[]
  shortened?: string[]
  /** The bearer of a link made the change; the entry's actor is the maker of that link. */
  via?: 'link'
  /** The reason of the link's bearer. It is kept apart from the entry's reason, because the bearer is not authenticated. */
  pressedReason?: string
  /** For a time-boxed change: when its values go back. */
  revertsAt?: number
  /** For a time-boxed change: the keys that go back to another value than the entry's `before`, with that value. */
  goesBack?: { key: string; to: string | null }[]
  /** Keys that left a pending time-box. In an entry without a time-box of its own, the changed keys are left out. */
  unboxed?: string[]
  /** For a revert: the revision that set the time-box. */
  ends?: number
  /** For a revert: the token that had set the time-box. */
  setBy?: Person
  undoes?: number
  freeze?: Freeze
  token?: Person & { can: Ability[]; keys: string[]; expiresAt: number | null }
  /** For a rotation: until when the old token is valid. */
  oldUntil?: number
  /** For the rotation of a token: the token that it replaces. */
  replaces?: string
  /**
   * The stash was at `from`, and KV or a hub had the revision `kv`, which this history had not made. No entries exist for the
   * revisions between `from` and this one.
   */
  recovered?: { from: number; kv: number }
  /** For the kind `describe`: the fields that were changed. */
  described?: { before: Partial<Description>; after: Partial<Description> }
  /** For the kind `recover`, where every other token was ended as well. */
  endsAll?: true
  dropped?: Pick<Held, 'id' | 'kind' | 'keys' | 'reason'> & {
    does: string
    madeBy: string
    because: 'cancelled' | 'declined' | 'expired' | 'refused'
    refusal?: string
  }
}

export type Entry = {
  revision: number
  at: number
  kind: string
  /** The id of the actor's token; null for the stash itself, the admin, and a caller without a token. */
  actorId: string | null
  actor: string
  /** The held change that was released, or that the stash dropped because it had expired or its release was refused. */
  heldId: string | null
  reason: string | null
  /** A `Detail`, as the JSON text that the hash covers. */
  detail: string | null
  changes: EntryChange[]
}

/** The format is raised with each change of the lists below; entries keep the format that they were written in. */
export const CHAIN_FORMAT = 2

export function chainText(entry: Entry, previousHash: string, format: number): string {
  const { revision, at, kind, actorId, actor, heldId, reason, detail, changes } = entry
  const head = [format, previousHash, revision, at, kind, actorId, actor, heldId, reason]
  const values = ({ key, before, after }: EntryChange) => [
    key,
    before && [before.value, before.type, before.version],
    after && [after.value, after.type],
  ]
  // Format 1 had items only, and no detail.
  if (format === 1) return JSON.stringify([...head, changes.map(values)])
  return JSON.stringify([...head, detail, changes.map((change) => [change.what, ...values(change)])])
}
