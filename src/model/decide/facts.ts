/** The input of a decision: the request, and the facts that the stash reads in the transaction that commits. */
import type { Description, EntryChange } from '../entry.ts'
import type { Freeze, KeyedFreeze } from '../freeze.ts'
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
  described: Description
  revision: number
  itemCount: number
  bytes: number
  heldCount: number
  heldBytes: number
  /** How many held changes the actor's token made; 0 for a master token, which has no limit of its own. */
  ownHeldCount: number
  guardCount: number
  /** The size of all guards, as JSON in UTF-8. Both counts are 0 unless the intent changes guards. */
  guardBytes: number
  /** How many keys pending reverts put back, and the bytes of their JSON. Both are 0 unless the intent is time-boxed. */
  revertCount: number
  revertBytes: number
  tokenCount: number
  /** Whether storage is so full that edits of items and guards are refused, except the stash's own. */
  storageFull: boolean
  /** All valid tokens, oldest first. Empty, and `tokenCount` 0, unless the intent makes or replaces one. */
  tokens: TokenActor[]
  /** The freeze of the whole stash. */
  freeze: Freeze | null
  /** The freezes of some keys. Empty for intents that no freeze concerns. */
  keyFreezes: KeyedFreeze[]
  /** The items and guards of the keys that the intent concerns, where they exist. */
  items: ReadonlyMap<string, Item>
  guards: ReadonlyMap<string, GuardRow>
  /** The pending end of a time-boxed change, by key. */
  reverts: ReadonlyMap<string, HeldRevert>
  /** For an undo: the changes of its revision, each with the last revision that changed the same key. Null: not in history. */
  undoing: (ValueChange & { lastChanged: number })[] | null
  /**
   * For `drop_held` and approval links: the held change, null where it is gone; and its requester, null also where that token has
   * ended.
   */
  held: Held | null
  requester: Actor | null
  /** For `revoke_token` and `rotate_token`: the token; null where it does not exist, or has ended. */
  token: TokenActor | null
  /** For a revocation and a freeze: the pending reverts of the time-boxes concerned, which go on, the next first. `isWhole` false: there are more. */
  pending: { held: HeldRevert[]; isWhole: boolean }
  /** The key for a put without one. */
  newKey: string
  /** The id for a change that is to be held. */
  newId: string
}

/** The intents that `decide` takes. Releases and approvals are resolved before, to the held change. */
export type Decidable = Exclude<Intent | Holdable, { kind: 'release' } | { kind: 'approve' }>

export type ChangeRequest = {
  intent: Decidable
  /** The actor whose permissions apply: for a held change, its requester. */
  actor: Actor
  /** The authenticated caller. It is the actor as well, except in releases. */
  caller: Actor
  reason: string | null
  /** The held change that is released; null where the request is new. */
  release: Held | null
  /** The second person, where this request is an approval. */
  approver: TokenActor | null
  approverReason?: string | null
  /** For a link: the reason that its bearer gave. `reason` is that of the change's requester, or of the link's maker. */
  pressedReason?: string | null
  breakGlass: string | null
  /** A precondition on the stash's revision, for intents that have no condition of their own. */
  condition?: Precondition
}
