/** What guards ask of an edit: values that fit, a reason, a time-box, a second person. */
import { formatDuration } from './duration.ts'
import type { Facts } from './facts.ts'
import { isUnsafe, maxForOf, misfits, type Guard } from './guard.ts'
import type { Edit } from './intent.ts'
import { endOf } from './time-box.ts'
import type { ItemChange, Plan } from './plan.ts'
import { ok, refuse, type Result } from './refusal.ts'

export function heedGuards(intent: Edit, plan: Plan, reason: string | null, facts: Facts): Result<null> {
  const fit = checkFit(plan, facts)
  if (!fit.ok) return fit
  const forMs = 'forMs' in intent ? (intent.forMs ?? null) : null
  for (const change of plan.items) {
    const guard = facts.guards.get(change.key)?.guard
    if (guard === undefined || isIdle(change, facts)) continue
    if (guard.reason_required === true && (reason ?? '').trim() === '') {
      return refuse({ code: 'reason_required', key: change.key })
    }
    const maxFor = maxForOf(guard)
    if (maxFor !== null && forMs !== null && isUnsafe(guard, endOf(change, facts).value)) {
      return refuse({ code: 'unsafe_end', key: change.key, safe_value: guard.safe_value ?? '' })
    }
    if (maxFor !== null && isUnsafe(guard, change.after?.value ?? null) && (forMs === null || forMs > maxFor)) {
      const { key } = change
      return refuse({
        code: 'time_box_required',
        key,
        max_for: formatDuration(maxFor),
        safe_value: guard.safe_value ?? '',
      })
    }
  }
  return ok(null)
}

/** Whether a key is changed that takes a second person, and that none has seen. */
export const needsApproval = (plan: Plan, approved: string[], facts: Pick<Facts, 'guards' | 'reverts'>): boolean =>
  plan.items.some(
    (change) =>
      !isIdle(change, facts) && facts.guards.get(change.key)?.guard.approvals === 1 && !approved.includes(change.key),
  )

/** Taking away what is not there; but for what is away for a time only: that it then stays away is a change. */
const isIdle = ({ key, before, after }: ItemChange, { reverts }: Pick<Facts, 'reverts'>): boolean =>
  before === null && after === null && !reverts.has(key)

/** Each value that is written, under the guard there will be; and under each guard that is set, the value there will be. */
function checkFit({ items, guards }: Plan, facts: Facts): Result<null> {
  const coming = new Map(guards.map(({ key, after }) => [key, after]))
  const values = new Map(items.map(({ key, after }) => [key, after?.value ?? null]))
  const guardOf = (key: string): Guard | null => {
    const after = coming.get(key)
    return after !== undefined ? after : (facts.guards.get(key)?.guard ?? null)
  }
  for (const [key, value] of values) {
    const guard = guardOf(key)
    const issues = guard === null || value === null ? [] : misfits(guard, value)
    if (guard !== null && issues.length > 0) return refuse({ code: 'guard_mismatch', key, issues, guard })
  }
  for (const [key, guard] of coming) {
    if (guard === null || values.has(key)) continue
    const present = facts.items.get(key)
    const issues = present === undefined ? [] : misfits(guard, present.value)
    if (issues.length > 0) return refuse({ code: 'guard_unmet', key, issues, held_id: null })
    const unmet = checkRevert(key, guard, facts)
    if (!unmet.ok) return unmet
  }
  return ok(null)
}

/** A time-box that could not end would leave the flag where it is, against everybody's expectation. */
function checkRevert(key: string, guard: Guard, facts: Facts): Result<null> {
  const held = facts.reverts.get(key)
  const change = held?.change.kind === 'patch' ? held.change.changes.find((one) => one.key === key) : undefined
  if (held === undefined || change === undefined) return ok(null)
  const issues = change.value === null ? [] : misfits(guard, change.value)
  // It will happen without asking anybody: what the guard asks for would never have been given.
  if (maxForOf(guard) !== null && isUnsafe(guard, change.value))
    issues.push({ path: '', message: `takes "${guard.safe_value}" at the end` })
  if (guard.approvals === 1)
    issues.push({ path: '', message: 'takes a second person for every change, this one included' })
  return issues.length === 0 ? ok(null) : refuse({ code: 'guard_unmet', key, issues, held_id: held.id })
}
