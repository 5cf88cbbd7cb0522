/**
 * What history says of one revision, and the text its hash is taken over.
 *
 * Each entry's hash covers the one before it, so a byte changed anywhere shows at that entry. The text
 * is a list, not an object: its order is the format, and must never change for entries already written.
 */
import type { BrokenGlass, Freeze } from './freeze.ts'
import type { Held } from './held.ts'
import type { Ability, Person } from './access/permit.ts'

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
  /** The admin of the deployment made a new master token. */
  | 'recover'
  /** A held change is over without having been applied. */
  | 'drop_held'
  /** The stash had gone back, and went on past the revisions that readers had seen. */
  | 'recovered'

/** One value before and after. Of a guard the value is its JSON. */
export type EntryChange = {
  /** `held`: a held change about this key was dropped. It has no values. */
  what: 'item' | 'guard' | 'held'
  key: string
  before: { value: string; type: string; version: number } | null
  after: { value: string; type: string } | null
}

/** What else there is to say. Lies in the database as JSON: a field, once written, keeps its meaning. */
export type Detail = {
  approvedBy?: Person & { reason?: string }
  brokeGlass?: BrokenGlass
  /** Pending reverts that this change made pointless, and those that go on without its keys. */
  cancelled?: string[]
  shortened?: string[]
  /** Whoever held the link pressed it; the entry names who made it. */
  via?: 'link'
  /** What the one who pressed it gave for a reason: a stranger's word, and never the entry's own reason. */
  pressedReason?: string
  /** Of a time-boxed change: when its values go back. */
  revertsAt?: number
  /** Of a time-boxed change: the keys that do not go back to what the entry says was before it, with what they go back to. */
  goesBack?: { key: string; to: string | null }[]
  /** Keys that left a pending time-box. Of an entry without one of its own: but for those that it changed. */
  unboxed?: string[]
  /** Of a revert: the revision it ends. */
  ends?: number
  /** Of a revert: who had set the time-box. */
  setBy?: Person
  undoes?: number
  freeze?: Freeze
  token?: Person & { can: Ability[]; keys: string[]; expiresAt: number | null }
  /** Of a rotation: until when the old token works. */
  oldUntil?: number
  /** Of a token's rotation: the token that it replaces. */
  replaces?: string
  /** The stash was at `from`, and KV at the higher `kv`: the revisions between them and this one are of no entry. */
  recovered?: { from: number; kv: number }
  /** Of a recovery that ended every other token as well. */
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
  /** Token id, or null for the stash itself and for the anonymous. */
  actorId: string | null
  actor: string
  /** The held change this released, if any. */
  heldId: string | null
  reason: string | null
  /** A `Detail` as the JSON that was written. */
  detail: string | null
  changes: EntryChange[]
}

/** Raised with each change of the lists below; entries already written keep theirs. */
export const CHAIN_FORMAT = 2

export function chainText(entry: Entry, previousHash: string, format: number): string {
  const { revision, at, kind, actorId, actor, heldId, reason, detail, changes } = entry
  const head = [format, previousHash, revision, at, kind, actorId, actor, heldId, reason]
  const values = ({ key, before, after }: EntryChange) => [
    key,
    before && [before.value, before.type, before.version],
    after && [after.value, after.type],
  ]
  // Format 1 knew items only, and nothing else to say of them.
  if (format === 1) return JSON.stringify([...head, changes.map(values)])
  return JSON.stringify([...head, detail, changes.map((change) => [change.what, ...values(change)])])
}
