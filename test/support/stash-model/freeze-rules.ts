/** The rules of a modelled stash for freezes: of every key (`keys` is null), or of the keys that patterns match. */
import type { EntryChange } from '../../../src/model/entry.ts'
import type { Freeze } from '../../../src/model/freeze.ts'
import type { Applied, Holdable } from '../../../src/model/intent.ts'
import { pendingEnds } from './admin-rules.ts'
import { toHeld } from './edit.ts'
import { stands } from './find-freeze.ts'
import type { Ledger } from './ledger.ts'
import { checkRevision, refuse, touches, type Actor, type ChangeRequest, type TokenRow } from './rules.ts'

const YEAR = 366 * 24 * 60 * 60_000

type Keys = string[] | null

export function freeze(ledger: Ledger, keys: Keys, until: number | null, request: ChangeRequest, now: number): Applied {
  const { actor, reason } = request
  const { label } = checkMayFreeze(actor, keys)
  if (until !== null && until <= now) refuse('time_past')
  if (until !== null && until > now + YEAR) refuse('time_too_far')
  if (keys !== null && !ledger.keyFreezes.has(keys.join()) && ledger.keyFreezes.size === 20) refuse('too_many_freezes')
  checkRevision(ledger, request)
  const made = { until, reason, by: label, ...(keys && { keys }) }
  lift(ledger, keys)
  if (keys === null) ledger.freeze = made
  else ledger.keyFreezes.set(keys.join(), made)
  if (until !== null) ledger.hold(toThaw(keys, until, ledger.revision + 1, now))
  const fields = { reason, detail: { freeze: made }, changes: toRows(keys) }
  const revision = ledger.revise('freeze', actor, fields, now)
  const facts = { until, reason, ...(keys && { keys }) }
  const pending = pendingEnds(ledger, actor, null, keys ?? ['*'])
  return { revision, changed: [], did: 'freeze', freeze: facts, pending }
}

export function unfreeze(ledger: Ledger, keys: Keys, request: ChangeRequest, now: number): Applied {
  const { actor, reason } = request
  checkMayFreeze(actor, keys)
  const ended = getFreeze(ledger, keys)
  if (ended === null || !stands(ended, now)) return refuse('not_frozen')
  checkRevision(ledger, request)
  lift(ledger, keys)
  const revision = ledger.revise('unfreeze', actor, { reason, detail: { freeze: ended }, changes: toRows(keys) }, now)
  const names = [...ledger.keyFreezes.keys()].sort()
  const left = [ledger.freeze, ...names.map((name) => ledger.keyFreezes.get(name) ?? null)]
  const still = left.flatMap((one) =>
    one !== null && stands(one, now) ? [{ keys: one.keys ?? null, until: one.until }] : [],
  )
  return { revision, changed: [], did: 'unfreeze', still }
}

/** Ends a freeze whose time is over. */
export function thaw(ledger: Ledger, keys: Keys, { release, reason }: ChangeRequest, now: number): Applied {
  const ended = getFreeze(ledger, keys)
  if (release !== null) ledger.held.delete(release.id)
  lift(ledger, keys)
  if (ended === null) return { revision: ledger.revision, changed: [] }
  const fields = { heldId: release?.id ?? null, reason, detail: { freeze: ended }, changes: toRows(keys) }
  return { revision: ledger.revise('unfreeze', 'stash', fields, now), changed: [] }
}

const getFreeze = (ledger: Ledger, keys: Keys): Freeze | null =>
  keys === null ? ledger.freeze : (ledger.keyFreezes.get(keys.join()) ?? null)

/** Removes the freeze and the held change that would end it. */
function lift(ledger: Ledger, keys: Keys): void {
  if (keys === null) ledger.freeze = null
  else ledger.keyFreezes.delete(keys.join())
  ledger.dropWhere(({ kind, change }) => kind === 'thaw' && JSON.stringify(change) === JSON.stringify(toEnd(keys)))
}

const toEnd = (keys: Keys): Holdable => (keys === null ? { kind: 'thaw' } : { kind: 'thaw_keys', keys })

/** An entry about some keys has a row for each pattern, so that tokens for some keys may see it. */
const toRows = (keys: Keys): EntryChange[] =>
  (keys ?? []).map((key) => ({ what: 'held', key, before: null, after: null }))

/** One pattern of the token must cover each pattern of the freeze: a `*` there is matched by a `*` only. */
function checkMayFreeze(actor: Actor, keys: Keys): TokenRow {
  if (typeof actor === 'string') return refuse('token_missing')
  if (!actor.can.includes('freeze')) refuse('not_permitted')
  const beyond = (keys ?? ['*']).find((pattern) => !touches(actor, pattern))
  return beyond === undefined ? actor : refuse('not_permitted', beyond)
}

const toThaw = (keys: Keys, until: number, revision: number, now: number) =>
  toHeld({
    id: keys === null ? 'thaw' : `thaw-${revision}`,
    kind: 'thaw',
    change: toEnd(keys),
    keys: [],
    reason: 'its time is over',
    made_at: now,
    due_at: until,
  })
