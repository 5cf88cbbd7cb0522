/** Checks what guards require of an edit: values that fit, a reason, a time-box, a second person. */
import { formatDuration } from '../duration.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import { isUnsafe, getMaxForMs, findViolations, findGuardIssues, type Guard } from '../guard/guard.ts'
import type { Edit } from '../intent.ts'
import { ValidationBudget } from '../guard/validate.ts'
import { getRevertValue } from '../time-box.ts'
import type { ItemChange, Plan } from './plan.ts'
import type { Issue } from '../issue.ts'
import { ok, refuse, type Refusal, type Result } from '../refusal.ts'

export function checkGuards(intent: Edit, plan: Plan, reason: string | null, facts: Facts): Result<null> {
  const budget = new ValidationBudget()
  const sound = checkChangedGuards(intent, plan, budget)
  if (!sound.ok) return sound
  const fit = checkFit(plan, facts, budget)
  if (!fit.ok) return fit
  const forMs = intent.forMs ?? null
  for (const change of plan.items) {
    const guard = facts.guards.get(change.key)?.guard
    if (guard === undefined || isNoOp(change, facts)) continue
    if (guard.reason_required === true && (reason ?? '').trim() === '') {
      return refuse({ code: 'reason_required', key: change.key })
    }
    const maxFor = getMaxForMs(guard)
    if (maxFor !== null && forMs !== null && isUnsafe(guard, getRevertValue(change, facts).value)) {
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

/** The request's own reason; where it has none, the reason that the bearer of the link gave. */
export const getReason = ({ reason, pressedReason = null }: ChangeRequest): string | null =>
  (reason ?? '').trim() === '' ? pressedReason : reason

/** Whether a changed key requires a second person, and none has approved it. */
export const needsApproval = (plan: Plan, approved: string[], facts: Pick<Facts, 'guards' | 'reverts'>): boolean =>
  plan.items.some(
    (change) =>
      !isNoOp(change, facts) && facts.guards.get(change.key)?.guard.approvals === 1 && !approved.includes(change.key),
  )

/** A delete of an absent key is a no-op, unless a pending revert would restore the key: then its absence becomes permanent. */
const isNoOp = ({ key, before, after }: ItemChange, { reverts }: Pick<Facts, 'reverts'>): boolean =>
  before === null && after === null && !reverts.has(key)

/** Checks that each guard that is set is valid in itself. Issues name their place in the request's body. */
function checkChangedGuards(intent: Edit, { guards }: Plan, budget: ValidationBudget): Result<null> {
  for (const { key, after } of guards) {
    if (after === null) continue
    const guardIssues = findGuardIssues(after, budget)
    if (guardIssues === 'over budget') return refuse({ code: 'change_too_costly', key })
    if (guardIssues.length === 0) continue
    const at = getIssuePath(intent, key)
    const issues = guardIssues.map(({ path, message }) => ({
      path: [at, path].filter((step) => step !== '').join('.'),
      message,
    }))
    return refuse({ code: 'invalid_body', issues })
  }
  return ok(null)
}

function getIssuePath(intent: Edit, key: string): string {
  if (intent.kind !== 'import') return ''
  return `guards.${intent.guards.findIndex((one) => one.key === key)}.guard`
}

/**
 * Checks each written value by the guard that its key has after the edit. For each new guard of a key that the edit does not
 * write, checks the present value, and the value that a pending revert puts back.
 */
function checkFit({ items, guards }: Plan, facts: Facts, budget: ValidationBudget): Result<null> {
  const coming = new Map(guards.map(({ key, after }) => [key, after]))
  const values = new Map(items.map(({ key, after }) => [key, after?.value ?? null]))
  const getComingGuard = (key: string): Guard | null => {
    const after = coming.get(key)
    return after !== undefined ? after : (facts.guards.get(key)?.guard ?? null)
  }
  for (const [key, value] of values) {
    const guard = getComingGuard(key)
    if (guard === null || value === null) continue
    const fits = checkValue(guard, key, value, budget, (issues) => ({ code: 'guard_mismatch', key, issues, guard }))
    if (!fits.ok) return fits
  }
  for (const [key, guard] of coming) {
    if (guard === null || values.has(key)) continue
    const unmet = (issues: Issue[]): Refusal => ({ code: 'guard_unmet', key, issues, held_id: null })
    const present = facts.items.get(key)
    const fits = present === undefined ? ok(null) : checkValue(guard, key, present.value, budget, unmet)
    if (!fits.ok) return fits
    const endsWell = checkRevert(key, guard, facts, budget)
    if (!endsWell.ok) return endsWell
  }
  return ok(null)
}

/** Checks one value. Where the budget does not suffice, the whole change is refused. */
function checkValue(
  guard: Guard,
  key: string,
  value: string,
  budget: ValidationBudget,
  refusalOf: (issues: Issue[]) => Refusal,
): Result<null> {
  const alone = budget.isUntouched
  const issues = findViolations(guard, value, budget)
  if (issues === 'over budget') return refuse(alone ? refusalOf([TOO_COSTLY]) : { code: 'change_too_costly', key })
  return issues.length === 0 ? ok(null) : refuse(refusalOf(issues))
}

const TOO_COSTLY: Issue = { path: '', message: 'takes a smaller value: this one is too large for what its schema asks' }

/** A new guard must permit the value that a pending revert will put back, because the release checks no guard. */
function checkRevert(key: string, guard: Guard, facts: Facts, budget: ValidationBudget): Result<null> {
  const held = facts.reverts.get(key)
  const change = held?.change.changes.find((one) => one.key === key)
  if (held === undefined || change === undefined) return ok(null)
  const unmet = (issues: Issue[]): Refusal => ({ code: 'guard_unmet', key, issues, held_id: held.id })
  const fits = change.value === null ? ok(null) : checkValue(guard, key, change.value, budget, unmet)
  if (!fits.ok) return fits
  const issues: Issue[] = []
  // For the same reason, the revert would bypass these requirements of the guard.
  if (getMaxForMs(guard) !== null && isUnsafe(guard, change.value))
    issues.push({ path: '', message: `takes "${guard.safe_value}" at the end` })
  if (guard.approvals === 1)
    issues.push({ path: '', message: 'takes a second person for every change, this one included' })
  return issues.length === 0 ? ok(null) : refuse(unmet(issues))
}
