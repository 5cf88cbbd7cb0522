/** Who is acting, as the stash found out inside the transaction, and what they may do. */
import { coversEverything, matches } from './pattern.ts'

/** What a token can be given. Deleting the stash and replacing the master token are the master's alone. */
export const ABILITIES = ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens'] as const
export type Ability = (typeof ABILITIES)[number]

export type Actor =
  | {
      kind: 'token'
      id: string
      label: string
      master: boolean
      can: Ability[]
      /** Patterns of the keys it counts for. */
      keys: string[]
      /** In ms since the epoch; null: until it is revoked. */
      expiresAt: number | null
      /** The first token of its line: a token and those that replaced it are one. */
      line: string
      /** Whose hand it is in: the first token below a master that it descends from; of a master token, its line. */
      holder: string
      createdAt: number
      /** The revision that granted it; null where that was before it was kept. */
      granted: number | null
      /** It has a successor, and counts until the overlap ends. */
      replaced: boolean
    }
  /** No token was presented. Only the WrenDB profile has a use for it. */
  | { kind: 'anonymous' }
  /** The operator of the deployment: deletes, freezes and recovers stashes, and changes no values, guards or tokens. */
  | { kind: 'admin' }
  /** The stash itself, releasing what was decided earlier. */
  | { kind: 'system'; label: string }

/** A token as records name it: by its id, and by the label that it had then. */
export type Person = { id: string; label: string }

export type TokenActor = Extract<Actor, { kind: 'token' }>

/** `break_glass` for the deletion alone: an edit of the admin's is refused before a freeze is looked at. */
const ADMIN_ABILITIES: Ability[] = ['freeze', 'break_glass']

/** @param key where what is done concerns one key; whatever concerns the whole stash asks `reachesAll` as well */
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

/** Whether the key is any of the actor's business. */
export const reaches = (actor: Actor, key: string): boolean =>
  actor.kind === 'system' || (actor.kind === 'token' && actor.keys.some((pattern) => matches(pattern, key)))

export const reachesAll = (actor: Actor): boolean =>
  actor.kind === 'system' || actor.kind === 'admin' || (actor.kind === 'token' && coversEverything(actor.keys))

/** A token for some keys fills no more than this of each limit, so that it cannot shut out the others. */
export const LIMITED_SHARE = 0.9

export const isMaster = (actor: Actor): boolean => actor.kind === 'token' && actor.master

/** Whether two tokens belong to one person, as far as a stash can know: neither can be the other's second person. */
export const isSameHolder = (a: Actor, b: Actor): boolean =>
  a.kind === 'token' && b.kind === 'token' && a.holder === b.holder

/** Whether one token is the other, or replaced it. */
export const isSameLineage = (a: Actor, b: Actor): boolean =>
  a.kind === 'token' && b.kind === 'token' && a.line === b.line

/** `anonymous`, `stash` and `admin` are kinds, and no token's label may look like one of them. */
export const getActorLabel = (actor: Actor): string =>
  actor.kind === 'anonymous' || actor.kind === 'admin' ? actor.kind : actor.label
