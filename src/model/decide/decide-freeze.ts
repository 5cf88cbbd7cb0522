/**
 * Decides freezes, of the whole stash or of some keys. The end of a freeze is a held `thaw`, which the stash releases by itself,
 * as a change of its own.
 */
import { DURATION_MAX_MS } from '../duration.ts'
import { createFreezeMatcher } from './check-freeze.ts'
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import {
  isFrozen,
  KEY_FREEZES_MAX_BYTES,
  listStanding,
  STASH_MAX_KEY_FREEZES,
  type Freeze,
  type KeyedFreeze,
} from '../freeze.ts'
import { THAW_ID, type HeldThaw } from '../held.ts'
import type { Intent } from '../intent.ts'
import { countBytes } from '../item.ts'
import { getActorLabel, permits, reaches, reachesAll, type Actor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toPendingEnds } from '../time-box.ts'

export function decideFreeze(
  { actor, reason }: ChangeRequest,
  { until }: Extract<Intent, { kind: 'freeze' }>,
  { revision, pending }: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor, ['*'])
  if (!allowed.ok) return allowed
  const timely = checkEnd(until, now)
  if (!timely.ok) return timely
  const freeze: Freeze = { until, reason, by: getActorLabel(actor) }
  const thaw = { id: THAW_ID, change: { kind: 'thaw' } } as const
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      freeze: { until, reason },
      pending: toPendingEnds(pending.held, pending.isWhole, actor),
    },
    entry: createEntry('freeze', { freeze }),
    effects: [
      { kind: 'set_freeze', freeze },
      until === null ? NO_THAW : { kind: 'hold', held: createThaw(thaw, until, now) },
    ],
  })
}

/** A freeze with the same set of patterns replaces the one before; another set stands beside it. */
export function decideKeyFreeze(
  { actor, reason }: ChangeRequest,
  { keys, until }: Extract<Intent, { kind: 'freeze_keys' }>,
  { revision, pending, keyFreezes }: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor, keys)
  if (!allowed.ok) return allowed
  const timely = checkEnd(until, now)
  if (!timely.ok) return timely
  const others = keyFreezes.filter((one) => !isSameSet(one.keys, keys))
  const fitting = checkCount([...others.map((one) => one.keys), keys])
  if (!fitting.ok) return fitting
  const freeze: KeyedFreeze = { until, reason, by: getActorLabel(actor), keys }
  const thaw = { id: `${THAW_ID}-${revision + 1}`, change: { kind: 'thaw_keys', keys } } as const
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      freeze: { until, reason, keys },
      pending: toPendingEnds(pending.held, pending.isWhole, actor, createFreezeMatcher(freeze)),
    },
    entry: createEntry('freeze', { freeze }),
    effects: [
      { kind: 'set_key_freeze', freeze, thawId: until === null ? null : thaw.id },
      ...(until === null ? [] : [{ kind: 'hold' as const, held: createThaw(thaw, until, now) }]),
    ],
  })
}

export function decideUnfreeze(
  { actor }: ChangeRequest,
  { freeze, keyFreezes, revision }: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor, ['*'])
  if (!allowed.ok) return allowed
  if (!isFrozen(freeze, now)) return refuse({ code: 'not_frozen' })
  return ok({
    applied: { revision: revision + 1, changed: [], still: listStanding(null, keyFreezes, now) },
    entry: createEntry('unfreeze', { freeze }),
    effects: [{ kind: 'set_freeze', freeze: null }, NO_THAW],
  })
}

export function decideKeyUnfreeze(
  { actor }: ChangeRequest,
  { keys }: Extract<Intent, { kind: 'unfreeze_keys' }>,
  { freeze: wholeFreeze, keyFreezes, revision }: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor, keys)
  if (!allowed.ok) return allowed
  const freeze = keyFreezes.find((one) => isSameSet(one.keys, keys)) ?? null
  if (!isFrozen(freeze, now)) return refuse({ code: 'not_frozen' })
  const others = keyFreezes.filter((one) => one !== freeze)
  return ok({
    applied: { revision: revision + 1, changed: [], still: listStanding(wholeFreeze, others, now) },
    entry: createEntry('unfreeze', { freeze }),
    effects: [{ kind: 'end_key_freeze', keys }],
  })
}

export function decideThaw({ freeze, revision }: Facts): Result<Decision> {
  // No freeze is left to end: the thaw changes nothing.
  if (freeze === null) return ok({ applied: { revision, changed: [] }, entry: null, effects: [] })
  return ok({
    applied: { revision: revision + 1, changed: [] },
    entry: createEntry('unfreeze', { freeze }),
    effects: [{ kind: 'set_freeze', freeze: null }],
  })
}

export function decideKeyThaw(keys: string[], { keyFreezes, revision }: Facts): Result<Decision> {
  const freeze = keyFreezes.find((one) => isSameSet(one.keys, keys))
  if (freeze === undefined) return ok({ applied: { revision, changed: [] }, entry: null, effects: [] })
  return ok({
    applied: { revision: revision + 1, changed: [] },
    entry: createEntry('unfreeze', { freeze }),
    effects: [{ kind: 'end_key_freeze', keys }],
  })
}

const NO_THAW: Effect = { kind: 'drop', heldId: THAW_ID }

/**
 * A freeze concerns the writers of all keys that its patterns match, so one pattern of the token must cover each of them. The
 * admin may start and end every freeze.
 */
function allow(actor: Actor, patterns: string[]): Result<null> {
  if (actor.kind === 'anonymous') return refuse({ code: 'token_missing' })
  if (!permits(actor, 'freeze')) return refuse({ code: 'not_permitted', needs: 'freeze' })
  if (reachesAll(actor)) return ok(null)
  // A pattern of the token matches another pattern, as a text, only where it covers it: see `covers`.
  const beyond = patterns.find((pattern) => !reaches(actor, pattern))
  return beyond === undefined ? ok(null) : refuse({ code: 'not_permitted', needs: 'freeze', key: beyond })
}

function checkEnd(until: number | null, now: number): Result<null> {
  if (until !== null && until <= now) return refuse({ code: 'time_past', at: until, now })
  if (until !== null && until - now > DURATION_MAX_MS) {
    return refuse({ code: 'time_too_far', at: until, at_most: now + DURATION_MAX_MS })
  }
  return ok(null)
}

function checkCount(sets: string[][]): Result<null> {
  const bytes = sets.reduce((sum, keys) => sum + countBytes(JSON.stringify(keys)), 0)
  if (sets.length <= STASH_MAX_KEY_FREEZES && bytes <= KEY_FREEZES_MAX_BYTES) return ok(null)
  return refuse({ code: 'too_many_freezes', limit: STASH_MAX_KEY_FREEZES, limit_bytes: KEY_FREEZES_MAX_BYTES })
}

/** Both are sorted and without duplicates. */
const isSameSet = (a: string[], b: string[]): boolean => a.length === b.length && a.every((key, i) => key === b[i])

const createThaw = (thaw: Pick<HeldThaw, 'id' | 'change'>, until: number, now: number): HeldThaw => ({
  ...thaw,
  kind: 'thaw',
  keys: [],
  reason: 'its time is over',
  madeBy: null,
  madeAt: now,
  dueAt: until,
})
