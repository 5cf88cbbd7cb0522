/** Who is acting, as the stash found out inside the transaction, and what they may do. */
export type Actor =
  | { kind: 'token'; id: string; label: string; master: boolean }
  /** No token was presented. Only the WrenDB profile has a use for it. */
  | { kind: 'anonymous' }
  /** The stash itself, releasing what was decided earlier. */
  | { kind: 'system'; label: string }

export type Ability = 'write' | 'delete_stash'

export function permits(actor: Actor, ability: Ability): boolean {
  switch (actor.kind) {
    case 'token':
      return actor.master || ability === 'write'
    case 'system':
      return true
    case 'anonymous':
      return false
  }
}

export const labelOf = (actor: Actor): string => (actor.kind === 'anonymous' ? 'anonymous' : actor.label)
