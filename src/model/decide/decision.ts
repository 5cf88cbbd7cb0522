/** What a decision consists of: the answer, what history will say, and what is to be done. */
import type { Detail, EntryKind } from '../entry.ts'
import type { Freeze } from '../freeze.ts'
import type { Held } from '../held.ts'
import type { Applied } from '../intent.ts'
import type { TokenActor } from '../access/permit.ts'
import type { GuardChange, ItemChange } from './plan.ts'

export type Decision = {
  applied: Applied
  /** Null where the stash stays as it is. */
  entry: DecidedEntry | null
  effects: Effect[]
}

export type DecidedEntry = {
  kind: EntryKind
  items: ItemChange[]
  guards: GuardChange[]
  /** Why, where the stash itself acts; else the request's reason. */
  reason?: string | null
  detail: Detail | null
}

/** What happens besides the changes in the entry. */
export type Effect =
  | { kind: 'hold'; held: Held }
  /** A held change is over. */
  | { kind: 'drop'; heldId: string }
  /** All links tied together by this name are over, as far as this token reaches. */
  | { kind: 'drop_decision'; decision: string; by: TokenActor }
  /** The stash is to be deleted. */
  | { kind: 'bury' }
  | { kind: 'set_freeze'; freeze: Freeze | null }
  | { kind: 'add_token'; token: TokenActor; hash: string; madeBy: string | null }
  | { kind: 'remove_token'; id: string }
  /** It ends then, and what it scheduled ends with it. */
  | { kind: 'end_token'; id: string; until: number }
  /** The old token ends; what it scheduled and asked for passes to the new one. */
  | { kind: 'replace_token'; old: string; oldUntil: number; by: string }

/** An entry that changes no value. */
export const createEntry = (kind: EntryKind, detail: Detail | null): DecidedEntry => ({
  kind,
  items: [],
  guards: [],
  detail,
})
