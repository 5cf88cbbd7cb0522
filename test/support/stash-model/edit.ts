/** Applies or holds an edit of a modelled stash, with all its consequences. */
import { formatDuration } from '../../../src/model/duration.ts'
import type { Detail, EntryChange } from '../../../src/model/entry.ts'
import type { FlatHeld as Held } from '../../../src/stash/tables/held-row.ts'
import type { Applied, Edit, Holdable } from '../../../src/model/intent.ts'
import type { Ledger } from './ledger.ts'
import { computePlan, getScope } from './plan.ts'
import {
  getEndValue,
  checkRevision,
  isBlank,
  isIdle,
  judgeEdit,
  pendingValue,
  refuse,
  touches,
  type ChangeRequest,
  type Verdict,
} from './rules.ts'

/** The random ids that the object chose. */
export type Drawn = { key: string; heldId: string }
export type Moment = { now: number; drawn: Drawn }

const LIFETIME = 30 * 24 * 60 * 60_000

export function edit(ledger: Ledger, wanted: Edit, request: ChangeRequest, { now, drawn }: Moment): Applied {
  const plan = computePlan(ledger, wanted, drawn.key)
  const { glass, wait } = judgeEdit(ledger, request, wanted, plan, now)
  checkRevision(ledger, request)
  const { release } = request
  if (release !== null) ledger.held.delete(release.id)
  const tied = release?.decision ?? null
  // A caller may not cancel links of keys that the caller's token does not reach.
  const isVoid = ({ decision, keys }: Held): boolean =>
    decision === tied && keys.every((key) => touches(request.actor, key))
  if (tied !== null) ledger.dropWhere(isVoid)
  if (wait === null) return write(ledger, wanted, request, plan, glass, now)
  const named = wanted.kind === 'put' ? { ...wanted, key: wanted.key ?? drawn.key } : wanted
  // The change does not wait again for a time that has passed.
  const { at, ...timeless } = { at: undefined, ...named }
  const change = at !== undefined && at <= now ? timeless : named
  const seenBy = request.approver ?? release?.approved_by ?? null
  const terms =
    wait.kind === 'approval'
      ? { expires_at: wait.until }
      : { approved_by: seenBy && { id: seenBy.id, label: seenBy.label } }
  const rest = { id: drawn.heldId, due_at: wait.until, broke_glass: glass ?? null, ...terms }
  return hold(ledger, wait.kind, change, getScope(wanted, plan), request, now, rest)
}

/** Applies an edit that was allowed. */
function write(
  ledger: Ledger,
  wanted: Edit,
  request: ChangeRequest,
  plan: EntryChange[],
  glass: Verdict['glass'],
  now: number,
): Applied {
  const { release, actor, reason } = request
  const changes = plan.filter((change) => !isIdle(change))
  const changed = [...new Set(changes.map(({ key }) => key))]
  const items = changes.filter(({ what }) => what === 'item')
  const forMs = 'forMs' in wanted ? wanted.forMs : undefined
  const boxed = plan.filter(
    (change) =>
      change.what === 'item' &&
      (!isIdle(change) || pendingValue(ledger, change.key) !== undefined) &&
      (change.after !== null || getEndValue(ledger, change).value !== null),
  )
  const end = forMs === undefined || boxed.length === 0 ? null : toRevert(ledger, boxed, forMs, request, now)
  // `meant` includes keys that are already deleted: without their revert they stay deleted.
  const meant = plan.filter(({ what }) => what === 'item').map(({ key }) => key)
  const ending = release?.kind === 'revert' ? release.keys : []
  const pending = meant.filter((key) => pendingValue(ledger, key) !== undefined || ending.includes(key))
  const { cancelled, shortened } = ledger.takeOutOfReverts(meant)
  if (changed.length + cancelled.length + shortened.length === 0) return { revision: ledger.revision, changed }
  if (end !== null) ledger.hold(end)
  if (ledger.profile === 'wrendb')
    for (const { key, after } of items) startLife(ledger, key, after === null ? null : now)
  const seenBy = request.approver ?? release?.approved_by ?? null
  const approverReason = request.approver !== null &&
    request.approverReason !== null && { reason: request.approverReason }
  const detail: Detail = {
    ...(seenBy && { approvedBy: { id: seenBy.id, label: seenBy.label, ...approverReason } }),
    ...(glass && { brokeGlass: glass }),
    ...(cancelled.length > 0 && { cancelled }),
    ...(shortened.length > 0 && { shortened }),
    ...(release?.kind === 'link' && { via: 'link' as const }),
    ...(!isBlank(request.pressedReason) && { pressedReason: request.pressedReason ?? '' }),
    ...(end && { revertsAt: end.due_at ?? 0 }),
    ...toEndsDetail(items, pending, end),
    ...(release?.kind === 'revert' && { ends: release.ends ?? 0 }),
    ...(release?.kind === 'revert' && release.set_by && { setBy: release.set_by }),
    ...(wanted.kind === 'undo' && { undoes: wanted.revision }),
  }
  const kind = release?.kind === 'revert' ? 'revert' : wanted.kind
  const revision = ledger.revise(kind, actor, { heldId: release?.id ?? null, reason, detail, changes }, now)
  return { revision, changed, did: kind, ...(end && { reverts: { heldId: end.id, at: end.due_at ?? 0 } }) }
}

/**
 * Facts that the changes of the entry do not show: the keys whose revert restores another value than the one before this entry,
 * and the keys that lose their revert.
 */
function toEndsDetail(items: EntryChange[], pending: string[], end: Held | null): Pick<Detail, 'goesBack' | 'unboxed'> {
  const getChange = (key: string) => items.find((change) => change.key === key)
  if (end === null) {
    const unboxed = pending.filter((key) => getChange(key) === undefined)
    return unboxed.length > 0 ? { unboxed } : {}
  }
  const unboxed = pending.filter((key) => !end.keys.includes(key))
  const values = end.change.kind === 'patch' ? end.change.changes : []
  const others = values.filter(({ key, value }) => {
    const change = getChange(key)
    return change === undefined || (change.before?.value ?? null) !== value
  })
  return {
    ...(others.length > 0 && { goesBack: others.map(({ key, value }) => ({ key, to: value })) }),
    ...(unboxed.length > 0 && { unboxed }),
  }
}

/**
 * The revert of a time-boxed edit. It restores the value from before the edit; if that value was time-boxed as well, the value
 * from before its time-box.
 */
function toRevert(
  ledger: Ledger,
  items: EntryChange[],
  forMs: number,
  { actor, reason }: ChangeRequest,
  now: number,
): Held {
  const revision = ledger.revision + 1
  const changes = items.map((change) => getEndValue(ledger, change))
  const why = reason === null ? '' : `: ${reason}`
  return toHeld({
    id: `revert-${revision}`,
    kind: 'revert',
    change: { kind: 'patch', changes },
    keys: changes.map(({ key }) => key),
    reason: `the ${formatDuration(forMs)} of revision ${revision} are over${why}`,
    made_at: now,
    due_at: now + forMs,
    ends: revision,
    set_by: typeof actor === 'string' ? null : { id: actor.id, label: actor.label },
  })
}

/** In the WrenDB profile an item lapses thirty days after its last write. `now` is null if the item is deleted. */
function startLife(ledger: Ledger, key: string, now: number | null): void {
  const id = `lapse:${key}`
  if (now === null) return void ledger.held.delete(id)
  const change = { kind: 'delete' as const, key }
  const rest = { reason: 'not written for 30 days', made_at: now, due_at: now + LIFETIME }
  ledger.hold(toHeld({ id, kind: 'lapse', change, keys: [key], ...rest }))
}

export function hold(
  ledger: Ledger,
  kind: 'link' | 'approval' | 'schedule',
  change: Holdable,
  keys: string[],
  request: ChangeRequest,
  now: number,
  terms: Partial<Held>,
): Applied {
  if (typeof request.actor === 'string') return refuse('token_missing')
  checkRevision(ledger, request)
  const held = toHeld({
    kind,
    change,
    keys,
    reason: request.reason,
    made_by: request.actor.id,
    made_at: now,
    asked: ledger.revision,
    ...terms,
  })
  ledger.hold(held)
  const waitsFor = kind === 'schedule' ? 'time' : kind
  const dueAt = kind === 'schedule' ? held.due_at : null
  return { revision: ledger.revision, changed: [], held: { id: held.id, waitsFor, expires_at: held.expires_at, dueAt } }
}

export const toHeld = (row: Partial<Held> & Pick<Held, 'kind' | 'change' | 'keys' | 'reason' | 'made_at'>): Held => ({
  id: '',
  made_by: null,
  secret_hash: null,
  expires_at: null,
  due_at: null,
  decision: null,
  ends: null,
  approved_by: null,
  broke_glass: null,
  asked: null,
  set_by: null,
  ...row,
})
