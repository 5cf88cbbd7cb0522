/** Representations of many flags at one revision: their values alone, or with the facts that a status board shows (`meta`). */
import type { Flag, LiveSnapshot, Snapshot } from '../../model/snapshot/snapshot.ts'
import { toRevertRecord } from '../../model/snapshot/watch-event.ts'
import type { flagMeta, flags as flagsAnswer, flagsWithMeta } from '../../wire/flag.ts'
import { toIsoTimeOrNull } from './time.ts'
import type * as z from 'zod'

const TYPE = 'application/json; charset=utf-8'

/** @param keys the selected keys, sorted; null for all */
export function toFlagsRepresentation(snapshot: LiveSnapshot, keys: string[] | null): { body: string; type: string } {
  const values = Object.fromEntries(selectFlags(snapshot, keys).map(({ key, value }) => [key, value]))
  const answer = { ...toCommonMembers(snapshot), flags: values, ...toReverts(snapshot, keys) }
  return { body: `${JSON.stringify(answer satisfies z.infer<typeof flagsAnswer>)}\n`, type: TYPE }
}

export function toMetaRepresentation(snapshot: LiveSnapshot, keys: string[] | null): { body: string; type: string } {
  const { descriptions } = snapshot
  const facts = Object.fromEntries(
    selectFlags(snapshot, keys).map((flag) => [flag.key, toFlagMeta(flag, descriptions)]),
  )
  const answer = { ...toCommonMembers(snapshot), flags: facts, ...toReverts(snapshot, keys) }
  return { body: `${JSON.stringify(answer satisfies z.infer<typeof flagsWithMeta>)}\n`, type: TYPE }
}

const toCommonMembers = ({ stashId, revision }: Snapshot) => ({ stash_id: stashId, revision })

const selectFlags = ({ flags }: Snapshot, keys: string[] | null): Flag[] =>
  keys === null ? [...flags.values()] : keys.flatMap((key) => flags.get(key) ?? [])

function toReverts({ reverts }: Snapshot, keys: string[] | null) {
  const wanted = keys && new Set(keys)
  const pending = reverts.filter(({ key }) => wanted?.has(key) ?? true)
  return toRevertRecord(pending.map(({ key, at, to }) => ({ key, at, to: to?.value ?? null })))
}

function toFlagMeta(flag: Flag, descriptions: Snapshot['descriptions']): z.infer<typeof flagMeta> {
  const { key, value, version, guard = null, changedAt = null, until = null, safe = null } = flag
  const about = descriptions.get(key) ?? null
  return {
    value,
    version,
    type: guard,
    changed_at: toIsoTimeOrNull(changedAt),
    until: toIsoTimeOrNull(until),
    safe,
    about,
  }
}
