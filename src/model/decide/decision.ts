/** The type of a decision: the answer, the log entry, and the effects. */
import type { Description, Detail, EntryKind } from '../entry.ts'
import type { Freeze, KeyedFreeze } from '../freeze.ts'
import type { Held } from '../held.ts'
import type { Applied } from '../intent.ts'
import type { TokenActor } from '../access/permit.ts'
import type { GuardChange, ItemChange } from './plan.ts'

export type Decision = {
  applied: Applied
  /** Null where the decision makes no log entry: it changes nothing, only holds a change, or deletes the stash. */
  entry: DecidedEntry | null
  effects: Effect[]
}

export type DecidedEntry = {
  kind: EntryKind
  items: ItemChange[]
  guards: GuardChange[]
  detail: Detail | null
}

/** Effects besides the changes in the entry. */
export type Effect =
  | { kind: 'hold'; held: Held }
  /** Removes a held change. */
  | { kind: 'drop'; heldId: string }
  /** Removes all links of this decision whose keys the token reaches. */
  | { kind: 'drop_decision'; decision: string; by: TokenActor }
  /** Deletes values, tokens, held changes and history. The stash's row stays: the publisher puts the tombstone to KV from it. */
  | { kind: 'mark_deleted' }
  | { kind: 'set_freeze'; freeze: Freeze | null }
  /** Replaces the freeze with the same set of patterns, and drops its thaw. `thawId`: the held change that ends the new one. */
  | { kind: 'set_key_freeze'; freeze: KeyedFreeze; thawId: string | null }
  /** Removes the freeze with this set of patterns, and its thaw. */
  | { kind: 'end_key_freeze'; keys: string[] }
  | { kind: 'describe'; described: Description }
  | { kind: 'add_token'; token: TokenActor; hash: string; madeBy: string | null }
  | { kind: 'remove_token'; id: string }
  /** The token expires at `until`, and its held changes become void with it. */
  | { kind: 'end_token'; id: string; until: number }
  /** The old token expires at `oldUntil`; its schedules, approval requests and time-boxes are reassigned to the new one now. */
  | { kind: 'replace_token'; old: string; oldUntil: number; by: string }

/** An entry without changed values. */
export const createEntry = (kind: EntryKind, detail: Detail | null): DecidedEntry => ({
  kind,
  items: [],
  guards: [],
  detail,
})
