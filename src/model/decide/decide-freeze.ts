/** Decides freezes. The end of a freeze is a held `thaw`, which the stash releases by itself, as a change of its own. */
import { DURATION_MAX_MS } from '../duration.ts'
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { isFrozen, type Freeze } from '../freeze.ts'
import { THAW_ID, type HeldThaw } from '../held.ts'
import type { Intent } from '../intent.ts'
import { getActorLabel, permits, reachesAll, type Actor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toPendingEnds } from '../time-box.ts'

export function decideFreeze(
  { actor, reason }: ChangeRequest,
  { until }: Extract<Intent, { kind: 'freeze' }>,
  { revision, pending }: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor)
  if (!allowed.ok) return allowed
  if (until !== null && until <= now) return refuse({ code: 'time_past', at: until, now })
  if (until !== null && until - now > DURATION_MAX_MS) {
    return refuse({ code: 'time_too_far', at: until, at_most: now + DURATION_MAX_MS })
  }
  const freeze: Freeze = { until, reason, by: getActorLabel(actor) }
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      freeze: { until, reason },
      pending: toPendingEnds(pending.held, pending.isWhole, actor),
    },
    entry: createEntry('freeze', { freeze }),
    effects: [{ kind: 'set_freeze', freeze }, until === null ? NO_THAW : { kind: 'hold', held: thawAt(until, now) }],
  })
}

export function decideUnfreeze({ actor }: ChangeRequest, { freeze, revision }: Facts, now: number): Result<Decision> {
  const allowed = allow(actor)
  if (!allowed.ok) return allowed
  if (!isFrozen(freeze, now)) return refuse({ code: 'not_frozen' })
  return ok({
    applied: { revision: revision + 1, changed: [] },
    entry: createEntry('unfreeze', { freeze }),
    effects: [{ kind: 'set_freeze', freeze: null }, NO_THAW],
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

const NO_THAW: Effect = { kind: 'drop', heldId: THAW_ID }

/** A freeze concerns the writers of every key, so only a token for every key, or the admin, may start or end it. */
function allow(actor: Actor): Result<null> {
  if (actor.kind === 'anonymous') return refuse({ code: 'token_missing' })
  if (!permits(actor, 'freeze')) return refuse({ code: 'not_permitted', needs: 'freeze' })
  return reachesAll(actor) ? ok(null) : refuse({ code: 'not_permitted', needs: 'freeze', key: '*' })
}

const thawAt = (until: number, now: number): HeldThaw => ({
  id: THAW_ID,
  kind: 'thaw',
  change: { kind: 'thaw' },
  keys: [],
  reason: 'its time is over',
  madeBy: null,
  madeAt: now,
  dueAt: until,
})
