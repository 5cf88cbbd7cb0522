/**
 * Checks whether a freeze stops a change. Each freeze that covers a key of the change counts, and ends by the clock. A change
 * that concerns the whole stash is stopped by every freeze.
 */
import { createKeyMatcher, type KeyMatcher } from '../access/key-matcher.ts'
import { getActorLabel, permits, reaches, reachesAll, type Actor } from '../access/permit.ts'
import { isFrozen, type BrokenGlass, type Freeze } from '../freeze.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import type { ChangeRequest, Facts } from './facts.ts'

type Freezes = Pick<Facts, 'freeze' | 'keyFreezes'>

/**
 * Null: nothing is frozen. Otherwise the override: the one given when the released change was requested, or a new one, where the
 * caller may break the glass and gives a reason. Without an override the change is refused.
 *
 * @param keys the keys that the change concerns
 * @param concernsAll whether the change concerns every key besides, so that any freeze counts
 */
export function checkFreeze(
  { caller, breakGlass, release }: Pick<ChangeRequest, 'caller' | 'breakGlass' | 'release'>,
  keys: string[],
  concernsAll: boolean,
  facts: Freezes,
  now: number,
): Result<BrokenGlass | null> {
  const freeze = findFreeze(concernsAll ? null : keys, facts, now)
  if (freeze === null) return ok(null)
  // A caller with the ability broke the glass when the change was requested: its release needs no second override.
  const brokenBefore = release?.kind === 'approval' || release?.kind === 'schedule' ? release.brokeGlass : null
  if (brokenBefore !== null) return ok(brokenBefore)
  const may = permits(caller, 'break_glass') && keys.every((key) => reaches(caller, key))
  if (may && breakGlass !== null) return ok({ by: getActorLabel(caller), why: breakGlass })
  const { until, reason, by } = toVisibleFreeze(freeze, caller)
  return refuse({ code: 'frozen', until, reason, by, may_break_glass: may, keys: freeze.keys ?? null })
}

/**
 * The freeze that stops a change of these keys; null keys: of every key. Of several: the freeze of the whole stash, else the one
 * that ends last, because until then the change is stopped.
 */
function findFreeze(keys: string[] | null, { freeze, keyFreezes }: Freezes, now: number): Freeze | null {
  if (isFrozen(freeze, now)) return freeze
  const concerned = keys && [...new Set(keys)]
  const stopping = keyFreezes.filter(
    (one) => isFrozen(one, now) && (concerned === null || concerned.some(createFreezeMatcher(one))),
  )
  const [last = null] = stopping.toSorted((a, b) => (b.until ?? Infinity) - (a.until ?? Infinity))
  return last
}

/** Matches the keys of a freeze. The patterns are compiled, because a change may have a thousand keys. */
export const createFreezeMatcher = ({ keys }: Pick<Freeze, 'keys'>): KeyMatcher =>
  keys === undefined ? () => true : createKeyMatcher(keys)

/** Whether the actor's patterns cover all of the freeze: then it may start and end it, and read why it was started. */
export const reachesFreeze = (actor: Actor, { keys }: Pick<Freeze, 'keys'>): boolean =>
  reachesAll(actor) || (keys !== undefined && keys.every((pattern) => reaches(actor, pattern)))

/**
 * The freeze as the actor may see it. Every token may read why the whole stash is frozen; why some keys are, only a token that
 * reaches all of them: the reason may be about the other keys.
 */
export function toVisibleFreeze(
  { until, reason, by, keys }: Freeze,
  actor: Actor,
): { until: number | null; reason: string | null; by: string | null } {
  const isVisible = keys === undefined || reachesFreeze(actor, { keys })
  return isVisible ? { until, reason, by } : { until, reason: null, by: null }
}
