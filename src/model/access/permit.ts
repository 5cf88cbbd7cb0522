/** Actors, as authenticated inside the transaction, and their permissions. */
import type { Ability } from './ability.ts'
import { coversEverything, matches } from './pattern.ts'

/** The abilities that a token can be granted. Of all tokens, only the master may delete the stash or rotate the master token. */

export type Actor =
  | {
      kind: 'token'
      id: string
      label: string
      master: boolean
      can: Ability[]
      /** Patterns of the keys that the token is valid for. */
      keys: string[]
      /** In ms since the epoch; null: until it is revoked. */
      expiresAt: number | null
      /** The id of the first token of its lineage: a token and its successors by rotation, for a master also by recovery. */
      line: string
      /** Identifies the person who holds the token: the token below a master that it descends from; for a master, its `line`. */
      holder: string
      createdAt: number
      /** The revision that granted it; null where an older version did not record it. */
      granted: number | null
      /** The token has a successor, and is valid until the overlap ends. */
      replaced: boolean
    }
  /** No token was presented. As the actor it may only create a key, in the WrenDB profile; as a caller, release a link. */
  | { kind: 'anonymous' }
  /** The operator of the deployment. It may delete, freeze and unfreeze stashes and make master tokens, not change values. */
  | { kind: 'admin' }
  /** The stash itself: it ends time-boxes, freezes and lifetimes of items, drops held changes, and records recoveries. */
  | { kind: 'system'; label: string }

/** A token as records name it: by its id, and by the label that it had then. */
export type Person = { id: string; label: string }

export type TokenActor = Extract<Actor, { kind: 'token' }>

/** `break_glass` is for the deletion of a frozen stash: an edit by the admin is refused before the freeze is checked. */
const ADMIN_ABILITIES: Ability[] = ['freeze', 'break_glass']

/** @param key for an action on one key; an action on the whole stash has to check `reachesAll` as well */
export function permits(actor: Actor, ability: Ability, key?: string): boolean {
  switch (actor.kind) {
    case 'token':
      return actor.can.includes(ability) && (key === undefined || reaches(actor, key))
    case 'system':
      return true
    case 'admin':
      return ADMIN_ABILITIES.includes(ability)
    case 'anonymous':
      return false
  }
}

/** Whether the actor's patterns cover the key. */
export const reaches = (actor: Actor, key: string): boolean =>
  actor.kind === 'system' || (actor.kind === 'token' && actor.keys.some((pattern) => matches(pattern, key)))

export const reachesAll = (actor: Actor): boolean =>
  actor.kind === 'system' || actor.kind === 'admin' || (actor.kind === 'token' && coversEverything(actor.keys))

/**
 * A token for some keys may fill the stash up to this share of the limits for items, guards and time-boxes, so that room is
 * left for the other tokens.
 */
export const LIMITED_SHARE = 0.9

export const isMaster = (actor: Actor): boolean => actor.kind === 'token' && actor.master

/** Whether two tokens belong to one person, as far as a stash can know. Then neither may approve a request of the other. */
export const isSameHolder = (a: Actor, b: Actor): boolean =>
  a.kind === 'token' && b.kind === 'token' && a.holder === b.holder

/** Whether both belong to one lineage (`line`): the same token, or tokens that rotations or recoveries connect. */
export const isSameLineage = (a: Actor, b: Actor): boolean =>
  a.kind === 'token' && b.kind === 'token' && a.line === b.line

/** `anonymous`, `stash` and `admin` are reserved (`label.ts`): no new token's label may look like one of them. */
export const getActorLabel = (actor: Actor): string =>
  actor.kind === 'anonymous' || actor.kind === 'admin' ? actor.kind : actor.label
