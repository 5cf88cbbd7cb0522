/**
 * What history says of one revision, and the text its hash is taken over.
 *
 * Each entry's hash covers the one before it, so a byte changed anywhere shows at that entry. The text
 * is a list, not an object: its order is the format, and must never change for entries already written.
 */
import type { ItemChange } from './decide.ts'

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
  changes: ItemChange[]
}

/** Raised with each change of the list below; entries already written keep theirs. */
const CHAIN_FORMAT = 1

export function chainText(entry: Entry, previousHash: string): string {
  return JSON.stringify([
    CHAIN_FORMAT,
    previousHash,
    entry.revision,
    entry.at,
    entry.kind,
    entry.actorId,
    entry.actor,
    entry.heldId,
    entry.reason,
    entry.changes.map(({ key, before, after }) => [
      key,
      before && [before.value, before.type, before.version],
      after && [after.value, after.type],
    ]),
  ])
}
