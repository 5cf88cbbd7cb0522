/** Checks that the stash stays within its limits, or, where it exceeds one already, does not grow. */
import type { Facts, ChangeRequest } from './facts.ts'
import { STASH_MAX_GUARD_BYTES, STASH_MAX_GUARDS, type Guard } from '../guard/guard.ts'
import { countBytes, STASH_MAX_BYTES, STASH_MAX_ITEMS, VALUE_MAX_BYTES } from '../item.ts'
import { LIMITED_SHARE, reachesAll } from '../access/permit.ts'
import type { ItemChange, Plan } from './plan.ts'
import { ok, refuse, type Result } from '../refusal.ts'

/**
 * A revert restores data that fitted when the time-box began. It may exceed the limits by as much as pending time-boxes may
 * put back (`REVERTS_MAX`), so that the end of a time-box is never refused because the stash was filled in the meantime.
 */
const REVERT_LIMIT_FACTORS = { items: 2, bytes: 3 }

/** A full stash still accepts changes that do not make it larger. */
export function checkLimits({ items, guards }: Plan, facts: Facts, { actor, release }: ChangeRequest): Result<null> {
  const factors = release?.kind === 'revert' ? REVERT_LIMIT_FACTORS : { items: 1, bytes: 1 }
  const limited = actor.kind === 'token' && !reachesAll(actor)
  const toEffectiveLimit = (limit: number): number => Math.floor(limit * (limited ? LIMITED_SHARE : 1))
  const share = limited ? { share: true as const } : {}
  let { itemCount, bytes, guardCount } = facts
  for (const { key, before, after } of items) {
    if (after !== null && after.bytes - countBytes(key) > VALUE_MAX_BYTES) {
      return refuse({ code: 'value_too_large', key, limit_bytes: VALUE_MAX_BYTES })
    }
    itemCount += (after ? 1 : 0) - (before ? 1 : 0)
    bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
  }
  let { guardBytes } = facts
  const countGuardBytes = (guard: Guard | null | undefined): number => (guard ? countBytes(JSON.stringify(guard)) : 0)
  for (const { before, after } of guards) {
    guardCount += (after ? 1 : 0) - (before ? 1 : 0)
    guardBytes += countGuardBytes(after) - countGuardBytes(before?.guard)
  }
  const limit = {
    items: toEffectiveLimit(STASH_MAX_ITEMS),
    guards: toEffectiveLimit(STASH_MAX_GUARDS),
    guardBytes: toEffectiveLimit(STASH_MAX_GUARD_BYTES),
    bytes: toEffectiveLimit(STASH_MAX_BYTES),
  }
  if (itemCount > limit.items * factors.items && itemCount > facts.itemCount)
    return refuse({ code: 'too_many_items', limit: limit.items, ...share })
  if (guardCount > limit.guards && guardCount > facts.guardCount)
    return refuse({ code: 'too_many_guards', limit: limit.guards, ...share })
  if (guardBytes > limit.guardBytes && guardBytes > facts.guardBytes)
    return refuse({ code: 'guards_too_large', limit_bytes: limit.guardBytes, would_be_bytes: guardBytes, ...share })
  // A change to a safe value must not fail because of a few bytes.
  const grows = bytes > facts.bytes && !items.every((change) => isMoreSafe(change, facts))
  if (bytes > limit.bytes * factors.bytes && grows) {
    return refuse({ code: 'stash_too_large', limit_bytes: limit.bytes, would_be_bytes: bytes, ...share })
  }
  return ok(null)
}

const isMoreSafe = ({ key, before, after }: ItemChange, { guards }: Facts): boolean =>
  before !== null && after !== null && guards.get(key)?.guard.safe_value === after.value
