/**
 * Time-boxed changes: the values that are put back, the time, and the effect of a change in the meantime. A key has at most one
 * pending revert. A change of the key removes it from that revert: the new value stays. A new time-box of the key (half an
 * hour more) puts back the value from before the first time-box, and not the temporary one.
 */
import type { Effect } from './decide/decision.ts'
import type { Detail } from './entry.ts'
import type { Facts, ChangeRequest } from './decide/facts.ts'
import { formatDuration } from './duration.ts'
import type { Held, HeldRevert } from './held.ts'
import type { Patch, PendingEnds } from './intent.ts'
import { countBytes, STASH_MAX_ITEMS } from './item.ts'
import { reaches, type Actor } from './access/permit.ts'
import type { ItemChange } from './decide/plan.ts'

type Value = { key: string; value: string | null; type?: string }

/**
 * Limits for the values of all pending reverts, because every copy of the stash has them, in KV and in isolates. `bytes` limits
 * their JSON in the table.
 */
export const REVERTS_MAX = { keys: STASH_MAX_ITEMS, bytes: 2 * 1024 * 1024 }

/** The held change that will end a time-box. */
export function createRevert(
  items: ItemChange[],
  forMs: number,
  request: ChangeRequest,
  facts: Facts,
  now: number,
): HeldRevert {
  const changes = items.map((change) => getRevertValue(change, facts))
  const revision = facts.revision + 1
  const why = request.reason === null ? '' : `: ${request.reason}`
  return {
    id: `revert-${revision}`,
    kind: 'revert',
    change: { kind: 'patch', changes },
    keys: changes.map(({ key }) => key),
    reason: `the ${formatDuration(forMs)} of revision ${revision} are over${why}`,
    madeBy: null,
    madeAt: now,
    dueAt: now + forMs,
    ends: revision,
    setBy: request.actor.kind === 'token' ? { id: request.actor.id, label: request.actor.label } : null,
  }
}

/** The value that the end of a time-box will put back. */
export function getRevertValue({ key, before }: ItemChange, { reverts }: Pick<Facts, 'reverts'>): Value {
  const pending = reverts.get(key)
  const kept = pending && valueIn(pending, key)
  return kept ?? { key, value: before?.value ?? null, ...(before && { type: before.type }) }
}

/** Removes the changed keys from their pending reverts; a revert without keys is dropped. */
export function cancelReverts(
  items: ItemChange[],
  release: Held | null,
  facts: Pick<Facts, 'reverts'>,
): { ended: string[]; shortened: string[]; freed: number; effects: Effect[] } {
  const changed = new Set(items.map(({ key }) => key))
  const touched = new Map<string, HeldRevert>()
  for (const key of changed) {
    const held = facts.reverts.get(key)
    if (held !== undefined && held.id !== release?.id) touched.set(held.id, held)
  }
  // By how many bytes the held reverts become smaller.
  let freed = 0
  const effects = Array.from(touched.values(), (held): Effect => {
    const rest = held.change.changes.filter(({ key }) => !changed.has(key))
    freed += countBytes(JSON.stringify(held.change))
    if (rest.length === 0) return { kind: 'drop', heldId: held.id }
    const change: Patch = { kind: 'patch', changes: rest }
    freed -= countBytes(JSON.stringify(change))
    return { kind: 'hold', held: { ...held, change, keys: rest.map(({ key }) => key) } }
  })
  return {
    ended: effects.flatMap((effect) => (effect.kind === 'drop' ? [effect.heldId] : [])),
    shortened: effects.flatMap((effect) => (effect.kind === 'hold' ? [effect.held.id] : [])),
    freed,
    effects,
  }
}

/**
 * The detail from which `getRevertChanges` derives what an entry changed in pending time-boxes, without other entries.
 * @param items the changes of the entry
 * @param touched all keys of the plan: also deletes of absent keys, which are no changes of the entry
 */
export function toRevertDetail(
  items: ItemChange[],
  touched: ItemChange[],
  reverts: HeldRevert | null,
  facts: Pick<Facts, 'reverts'>,
): Pick<Detail, 'goesBack' | 'unboxed'> {
  const before = new Map(items.map((change) => [change.key, change.before?.value ?? null]))
  const goesBack = (reverts?.change.changes ?? []).flatMap(({ key, value }) =>
    before.get(key) === value ? [] : { key, to: value },
  )
  const boxed = new Set(reverts?.keys ?? [])
  // In an entry without a time-box of its own, the changed keys are known to have left theirs.
  const unboxed = touched
    .filter(({ key }) => facts.reverts.has(key) && !boxed.has(key) && (reverts !== null || !before.has(key)))
    .map(({ key }) => key)
  return { ...(goesBack.length > 0 && { goesBack }), ...(unboxed.length > 0 && { unboxed }) }
}

/** A change that an entry made to the pending ends of time-boxes. `at` null: the key has left its time-box. */
export type RevertChange = { key: string; at: number; to: string | null } | { key: string; at: null }

export function getRevertChanges(
  kind: string,
  detail: Pick<Detail, 'revertsAt' | 'goesBack' | 'unboxed' | 'cancelled' | 'shortened' | 'dropped'>,
  items: { key: string; before: string | null }[],
): RevertChange[] {
  const { revertsAt: at } = detail
  if (at !== undefined) {
    const unboxed = detail.unboxed ?? []
    const ends = new Map(items.map(({ key, before }) => [key, before]))
    for (const { key, to } of detail.goesBack ?? []) ends.set(key, to)
    for (const key of unboxed) ends.delete(key)
    return [...Array.from(ends, ([key, to]) => ({ key, at, to })), ...unboxed.map((key) => ({ key, at: null }))]
  }
  const left = kind === 'revert' || detail.cancelled !== undefined || detail.shortened !== undefined ? items : []
  const dropped = detail.dropped?.kind === 'revert' ? detail.dropped.keys : []
  const keys = new Set([...left.map(({ key }) => key), ...(detail.unboxed ?? []), ...dropped])
  return Array.from(keys, (key) => ({ key, at: null }))
}

/** Limits for the ends that an answer lists: it crosses RPC, and may be stored for a repeat. */
const LISTED_MAX = 100
const LISTED_MAX_CHARS = 256 * 1024

/**
 * The values that these time-boxes will put back, up to the limits: for the keys that the actor reaches; for the admin, all.
 * @param isMeant whether the list is to have the key
 */
export function toPendingEnds(
  pending: HeldRevert[],
  isWhole: boolean,
  actor: Actor,
  isMeant: (key: string) => boolean = () => true,
): PendingEnds {
  const ends: PendingEnds['ends'] = []
  let chars = 0
  for (const held of pending) {
    for (const { key, value } of held.change.changes) {
      if ((!reaches(actor, key) && actor.kind !== 'admin') || !isMeant(key)) continue
      chars += key.length + (value?.length ?? 0)
      if (ends.length === LISTED_MAX || chars > LISTED_MAX_CHARS) return { ends, isWhole: false }
      ends.push({ heldId: held.id, key, at: held.dueAt, goesBackTo: value })
    }
  }
  return { ends, isWhole }
}

const valueIn = ({ change }: HeldRevert, key: string): Value | undefined =>
  change.changes.find((value) => value.key === key)
