/** What a decision needs to know, and on whose behalf it is made. The stash reads these in the transaction that commits. */
import type { EntryChange } from '../entry.ts'
import type { Freeze } from '../freeze.ts'
import type { Guard } from '../guard/guard.ts'
import type { Held, HeldRevert } from '../held.ts'
import type { Holdable, Intent } from '../intent.ts'
import type { Item } from '../item.ts'
import type { Actor, TokenActor } from '../access/permit.ts'
import type { Precondition } from './precondition.ts'
import type { Profile } from '../profile.ts'

export type GuardRow = { key: string; guard: Guard; version: number }

type ValueChange = EntryChange & { what: 'item' | 'guard' }

export type Facts = {
  profile: Profile
  revision: number
  itemCount: number
  bytes: number
  heldCount: number
  heldBytes: number
  /** Of the actor's own. */
  ownHeldCount: number
  guardCount: number
  /** Of all guards, as JSON in UTF-8. Only where the change touches guards. */
  guardBytes: number
  /** How many keys pending time-boxes put back, and what, in bytes as it is held. Only where the change is time-boxed. */
  revertCount: number
  revertBytes: number
  tokenCount: number
  /** Whether only what the stash has to do by itself finds room. */
  storageFull: boolean
  /** Those that count, oldest first, where the intent makes or replaces one. */
  tokens: TokenActor[]
  freeze: Freeze | null
  /** Of the keys that the intent names, where they exist. */
  items: ReadonlyMap<string, Item>
  guards: ReadonlyMap<string, GuardRow>
  /** The pending end of a time-boxed change, by key. */
  reverts: ReadonlyMap<string, HeldRevert>
  /** For an undo: what the revision changed, each with the revision that last changed the same thing. Null: history has no such revision. */
  undoing: (ValueChange & { lastChanged: number })[] | null
  /** For `drop_held` and approval links: the held change and who made it, where they still are. */
  held: Held | null
  maker: Actor | null
  /** For `revoke_token` and `rotate_token`: the token; null where there is none. */
  token: TokenActor | null
  /** For a revocation and a freeze: the time-boxes that will end by themselves, the next first. */
  pending: { held: HeldRevert[]; isWhole: boolean }
  /** For a put without a key. */
  newKey: string
  /** For a change that is to be held. */
  newId: string
}

/** Whatever is decided in its own right; releases and approvals are decided as the change they release. */
export type Decidable = Exclude<Intent | Holdable, { kind: 'release' } | { kind: 'approve' }>

export type ChangeRequest = {
  intent: Decidable
  /** On whose behalf: for a held change, the one who made it. */
  actor: Actor
  /** Who is speaking now. The same as the actor, but for releases. */
  caller: Actor
  reason: string | null
  /** The held change that this releases. */
  release: Held | null
  /** The second person, where one has just approved. */
  approver: TokenActor | null
  approverReason?: string | null
  /** Of a link: what the one who pressed it says of it. The maker's reason stands beside it. */
  pressedReason?: string | null
  breakGlass: string | null
  /** On the stash's revision, for what has no version of its own. */
  condition?: Precondition
}
