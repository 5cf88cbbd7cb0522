/** Holds a change back instead of applying it. */
import type { Decision } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { HELD_MAX_BYTES, STASH_MAX_HELD, STASH_MAX_HELD_BYTES, TOKEN_MAX_HELD } from '../held.ts'
import type { Held, HeldApproval, HeldLink, HeldSchedule } from '../held.ts'
import type { Edit, Wait } from '../intent.ts'
import { countBytes } from '../item.ts'
import { ok, refuse, type Result } from '../refusal.ts'

type Stamp = 'id' | 'reason' | 'madeBy' | 'madeAt' | 'asked'
type HoldOptions = Omit<HeldLink, Exclude<Stamp, 'id'>> | Omit<HeldApproval, Stamp> | Omit<HeldSchedule, Stamp>

const WAITS_FOR = { link: 'link', approval: 'approval', schedule: 'time' } satisfies Record<HoldOptions['kind'], Wait>

/** @param terms the change, and the conditions of its release. The id of a link is that of its secret; others get a new one */
export function hold(request: ChangeRequest, facts: Facts, now: number, terms: HoldOptions): Result<Decision> {
  // On release the maker's permissions are checked. An anonymous caller of the WrenDB profile has none to check.
  if (request.actor.kind !== 'token') return refuse({ code: 'token_missing' })
  const change = withGeneratedKey(terms.change, facts)
  const room = checkRoom(change, facts)
  if (!room.ok) return room
  if (!request.actor.master && facts.ownHeldCount >= TOKEN_MAX_HELD) {
    return refuse({ code: 'too_many_held', limit: TOKEN_MAX_HELD, limit_bytes: STASH_MAX_HELD_BYTES })
  }
  const held: Held = {
    id: facts.newId,
    reason: request.reason,
    madeBy: request.actor.id,
    madeAt: now,
    asked: facts.revision,
    ...terms,
    change,
  }
  return ok({
    applied: {
      revision: facts.revision,
      changed: [],
      held: {
        id: held.id,
        waitsFor: WAITS_FOR[terms.kind],
        expires_at: terms.kind === 'schedule' ? null : terms.expiresAt,
        dueAt: terms.kind === 'schedule' ? terms.dueAt : null,
      },
    },
    entry: null,
    effects: [{ kind: 'hold', held }],
  })
}

/** Whether there is room for one more held change. */
export function checkRoom(change: Held['change'], { heldCount, heldBytes }: Facts): Result<null> {
  const size = countBytes(JSON.stringify(change))
  if (size > HELD_MAX_BYTES) return refuse({ code: 'too_large_to_hold', limit_bytes: HELD_MAX_BYTES })
  if (heldCount < STASH_MAX_HELD && heldBytes + size <= STASH_MAX_HELD_BYTES) return ok(null)
  return refuse({ code: 'too_many_held', limit: STASH_MAX_HELD, limit_bytes: STASH_MAX_HELD_BYTES })
}

/** A missing key is generated now, because the requester gets no answer when the change is released. */
function withGeneratedKey<C extends Held['change']>(change: C, facts: Facts): C | Edit {
  return change.kind === 'put' && change.key === null ? { ...change, key: facts.newKey } : change
}
