/**
 * The safeguards as they are documented, for the model of a stash: who may do what, in the stated order.
 *
 *   credential → freeze → precondition → guard → time-box → limits → approval
 *
 * These rules are written apart from `src/model/decide`, and share only formats with it: patterns, guards, durations.
 */
import type { Detail, EntryChange } from '../../../src/model/entry.ts'
import { parseDuration } from '../../../src/model/duration.ts'
import { findViolations, type Guard } from '../../../src/model/guard/guard.ts'
import type { FlatHeld as Held } from '../../../src/stash/tables/held-row.ts'
import type { Edit } from '../../../src/model/intent.ts'
import { matches } from '../../../src/model/access/pattern.ts'
import type { Ability } from '../../../src/model/access/ability.ts'
import type { Precondition } from '../../../src/model/decide/precondition.ts'
import type { Freeze } from '../../../src/model/freeze.ts'
import type { RefusalCode } from '../../../src/model/refusal.ts'
import { findFreeze } from './find-freeze.ts'

const HOUR = 60 * 60_000
const YEAR = 366 * 24 * HOUR
const VALUE_MAX_BYTES = 64 * 1024

export type ItemRow = { value: string; type: string; version: number; created_at: number; updated_at: number }
export type TokenRow = {
  id: string
  hash: string
  label: string
  master: boolean
  can: Ability[]
  keys: string[]
  expiresAt: number | null
  line: string
  madeBy: string | null
  /** The first token below the master in its chain of grants; for a master token, its line. */
  holder: string
  /** The revision that granted the token. */
  granted: number
  endsAs: 'revoked' | null
  endedAt: number | null
}

/** The state that decisions depend on. */
export type Tables = {
  profile: 'safeguarded' | 'wrendb'
  revision: number
  items: Map<string, ItemRow>
  /** Guards as JSON, in the form that history has. */
  guards: Map<string, { text: string; version: number }>
  held: Map<string, Held>
  freeze: Freeze | null
  /** The freezes of some keys, by their joined patterns. */
  keyFreezes: Map<string, Freeze>
  log: { changes: EntryChange[] }[]
}

export type Actor = TokenRow | 'stash' | 'anonymous'

export type ChangeRequest = {
  actor: Actor
  /** The present caller. If a link is used: 'anonymous', or for a link that approves, the token that made the link. */
  caller: Actor
  reason: string | null
  release: Held | null
  approver: TokenRow | null
  approverReason: string | null
  pressedReason: string | null
  breakGlass: string | null
  /** A condition on the stash's revision, for intents whose target has no version of its own. */
  condition?: Precondition | undefined
}

export class Refused extends Error {
  readonly code: RefusalCode
  readonly key: string | undefined
  /** For `frozen`: the patterns of the freeze, null for every key; and whether the caller may see who froze them and why. */
  readonly frozen: { keys: string[] | null; isVisible: boolean } | undefined
  constructor(code: RefusalCode, key?: string, frozen?: Refused['frozen']) {
    super(code)
    this.code = code
    this.key = key
    this.frozen = frozen
  }
}

export function refuse(code: RefusalCode, key?: string): never {
  throw new Refused(code, key)
}

export const touches = (actor: Actor, key: string): boolean =>
  actor === 'stash' || (actor !== 'anonymous' && actor.keys.some((pattern) => matches(pattern, key)))

const may = (actor: Actor, ability: Ability, key: string): boolean =>
  actor === 'stash' || (actor !== 'anonymous' && actor.can.includes(ability) && touches(actor, key))

/** Refuses a caller without this ability, then one whose token does not reach each of these keys. */
export function need(actor: Actor, ability: Ability, keys: string[]): void {
  if (actor === 'stash') return
  if (actor === 'anonymous') return refuse('token_missing')
  if (!actor.can.includes(ability)) refuse('not_permitted')
  const beyond = keys.find((key) => !touches(actor, key))
  if (beyond !== undefined) refuse('not_permitted', beyond)
}

export const isOver = ({ expires_at }: Held, now: number): boolean => expires_at !== null && now >= expires_at

/** A change from no value to no value. */
export const isIdle = ({ before, after }: EntryChange): boolean => before === null && after === null

export const getGuard = ({ guards }: Pick<Tables, 'guards'>, key: string): Guard | null => {
  const row = guards.get(key)
  return row === undefined ? null : (JSON.parse(row.text) as Guard)
}

export type Verdict = {
  glass: Detail['brokeGlass'] | null
  wait: { kind: 'approval' | 'schedule'; until: number } | null
}

export function judgeEdit(t: Tables, request: ChangeRequest, edit: Edit, plan: EntryChange[], now: number): Verdict {
  const own = request.actor === 'stash'
  checkCredential(t, request, edit, plan)
  // A change for after the freeze may be scheduled during it.
  const happensAt = 'at' in edit ? Math.max(now, edit.at ?? now) : now
  const keys = plan.map(({ key }) => key)
  const isWhole = edit.kind === 'import' && edit.replace
  const glass = own ? null : checkFreeze(t, request, keys, happensAt, isWhole)
  checkCondition(t, edit, plan)
  if (!own) {
    checkFit(t, plan)
    checkDemands(t, request, edit, plan)
    checkTime(request, edit, now)
  }
  for (const { what, key, after } of plan) {
    const bytes = new TextEncoder().encode(after?.value ?? '').byteLength
    if (what === 'item' && bytes > VALUE_MAX_BYTES) refuse('value_too_large', key)
  }
  const wait = own ? null : getWait(t, request, edit, plan, now)
  if (wait !== null && request.actor === 'anonymous') refuse('token_missing')
  const rules = plan.filter((change) => change.what === 'guard' && !isIdle(change))
  if (wait === null && rules.length > 0 && 'forMs' in edit && edit.forMs !== undefined) refuse('invalid_query')
  return { glass, wait }
}

function checkCredential(t: Tables, { actor, approver }: ChangeRequest, edit: Edit, plan: EntryChange[]): void {
  if (actor === 'anonymous') {
    if (t.profile !== 'wrendb' || edit.kind !== 'put') refuse('token_missing')
    // A key whose item is deleted for a time counts as taken.
    const taken = plan.find(({ key, before }) => before !== null || pendingValue(t, key) !== undefined)
    if (taken !== undefined) refuse('item_exists', taken.key)
    return
  }
  need(actor, edit.kind === 'set_guard' || edit.kind === 'remove_guard' ? 'guard' : 'write', [])
  if (edit.kind === 'undo' && t.log[edit.revision - 1] === undefined) refuse('revision_not_found')
  // The token must reach all keys that an import names, including those that the import does not change.
  const named = edit.kind === 'import' ? [...edit.items.map(asItem), ...edit.guards.map(asGuard)] : []
  for (const { what, key } of [...named, ...plan]) {
    const ability = what === 'item' ? 'write' : 'guard'
    // The caller of an undo names no key, so the refusal must not show one that the caller does not reach.
    const shownKey = edit.kind === 'undo' && !touches(actor, key) ? '*' : key
    if (!may(actor, ability, key)) refuse('not_permitted', shownKey)
  }
  // A held change may affect more keys by now, and the approver must reach all of them.
  for (const { key } of plan) if (approver !== null && !may(approver, 'approve', key)) refuse('not_permitted', key)
}

const asItem = ({ key }: { key: string }) => ({ what: 'item', key })
const asGuard = ({ key }: { key: string }) => ({ what: 'guard', key })

export function checkFreeze(
  t: Tables,
  request: ChangeRequest,
  keys: string[],
  now: number,
  isWhole = false,
): Verdict['glass'] {
  const freeze = findFreeze(t, isWhole ? null : keys, now)
  if (freeze === null) return null
  const { caller, breakGlass, release } = request
  // The requester broke the glass when requesting the change, and its release needs no second time.
  if (release !== null && release.broke_glass !== null) return release.broke_glass
  const mayBreak = typeof caller !== 'string' && caller.can.includes('break_glass')
  if (mayBreak && breakGlass !== null && keys.every((key) => touches(caller, key)))
    return { by: caller.label, why: breakGlass }
  const { keys: patterns = null } = freeze
  const isVisible = patterns === null || patterns.every((pattern) => touches(caller, pattern))
  throw new Refused('frozen', undefined, { keys: patterns, isVisible })
}

function checkCondition(t: Tables, edit: Edit, plan: EntryChange[]): void {
  const wholeStash = edit.kind === 'patch' || edit.kind === 'undo' || edit.kind === 'import'
  const standing = wholeStash ? t.revision : (plan[0]?.before?.version ?? null)
  if (!isMet(edit.condition ?? {}, standing)) refuse('version_conflict')
  const comesBack = edit.kind === 'delete' && pendingValue(t, edit.key) !== undefined
  if (edit.kind === 'delete' && standing === null && !comesBack) refuse('item_not_found', edit.key)
  if (edit.kind === 'remove_guard' && standing === null) refuse('guard_not_found', edit.key)
  if (edit.kind !== 'undo') return
  if (plan.length === 0) refuse('nothing_to_undo')
  const later = t.log.slice(edit.revision).flatMap(({ changes }) => changes)
  if (plan.some(({ what, key }) => later.some((one) => one.what === what && one.key === key))) refuse('later_changes')
}

/** Checks a command's condition on the revision of the stash, after all other checks. */
export function checkRevision({ revision }: Pick<Tables, 'revision'>, { condition }: ChangeRequest): void {
  if (!isMet(condition ?? {}, revision)) refuse('version_conflict')
}

function isMet({ ifMatch, ifNoneMatch }: Precondition, standing: number | null): boolean {
  const isNamed = (tags: '*' | number[]): boolean => standing !== null && (tags === '*' || tags.includes(standing))
  return (ifMatch === undefined || isNamed(ifMatch)) && (ifNoneMatch === undefined || !isNamed(ifNoneMatch))
}

/** Checks each new value against the guard of its key; each new guard against the value now and the one after a time-box. */
function checkFit(t: Tables, plan: EntryChange[]): void {
  const guards = plan.filter(({ what }) => what === 'guard')
  const items = plan.filter(({ what }) => what === 'item')
  const coming = new Map(
    guards.map(({ key, after }) => [key, after === null ? null : (JSON.parse(after.value) as Guard)]),
  )
  for (const { key, after } of items) {
    const guard = coming.has(key) ? coming.get(key) : getGuard(t, key)
    if (guard && after !== null && findViolations(guard, after.value).length > 0) refuse('guard_mismatch', key)
  }
  for (const [key, guard] of coming) {
    if (guard === null || items.some((item) => item.key === key)) continue
    const pending = pendingValue(t, key)
    for (const value of [t.items.get(key)?.value, pending?.value]) {
      if (typeof value === 'string' && findViolations(guard, value).length > 0) refuse('guard_unmet', key)
    }
    if (pending === undefined) continue
    // The stash releases the revert itself, so no person could meet the guard's requirements.
    const endsUnsafe = guard.max_for !== undefined && pending.value !== guard.safe_value
    if (endsUnsafe || guard.approvals === 1) refuse('guard_unmet', key)
  }
}

/** The value of this key after the end of its time-box; undefined if it is in none. */
export function pendingValue(
  t: Pick<Tables, 'held'>,
  key: string,
): { key: string; value: string | null; type?: string } | undefined {
  for (const { kind, change } of t.held.values()) {
    if (kind !== 'revert' || change.kind !== 'patch') continue
    const value = change.changes.find((one) => one.key === key)
    if (value !== undefined) return value
  }
  return undefined
}

/** The value that a time-box restores: the one before it, or if that one is time-boxed as well, the one before that time-box. */
export function getEndValue(t: Pick<Tables, 'held'>, { key, before }: EntryChange) {
  const present = { key, value: before?.value ?? null, ...(before && { type: before.type }) }
  return pendingValue(t, key) ?? present
}

export const isBlank = (reason: string | null): boolean => reason === null || reason.trim() === ''

function checkDemands(t: Tables, { reason, pressedReason }: ChangeRequest, edit: Edit, plan: EntryChange[]): void {
  const forMs = 'forMs' in edit ? (edit.forMs ?? Infinity) : Infinity
  for (const change of plan) {
    const { what, key, after } = change
    const means = !isIdle(change) || pendingValue(t, key) !== undefined
    const guard = what === 'item' && means ? getGuard(t, key) : null
    if (guard === null) continue
    if (guard.reason_required === true && isBlank(reason) && isBlank(pressedReason)) refuse('reason_required', key)
    const atMost = guard.max_for === undefined ? Infinity : (parseDuration(guard.max_for) ?? 0)
    if (guard.max_for === undefined) continue
    if (forMs !== Infinity && getEndValue(t, change).value !== guard.safe_value) refuse('unsafe_end', key)
    if (after?.value !== guard.safe_value && forMs > atMost) refuse('time_box_required', key)
  }
}

function checkTime({ release }: ChangeRequest, edit: Edit, now: number): void {
  const { at, forMs } = { at: undefined, forMs: undefined, ...edit }
  if (at !== undefined && release?.kind !== 'schedule') {
    if (at <= now) refuse('time_past')
    if (at > now + YEAR) refuse('time_too_far')
  }
  if (forMs !== undefined && (forMs <= 0 || forMs > YEAR)) refuse('invalid_query')
}

function getWait(
  t: Tables,
  { approver, release }: ChangeRequest,
  edit: Edit,
  plan: EntryChange[],
  now: number,
): Verdict['wait'] {
  const at = 'at' in edit && edit.at !== undefined && edit.at > now ? edit.at : null
  const seen = release !== null && release.approved_by !== null ? release.keys : []
  const asks = plan.some((one) => {
    const means = !isIdle(one) || pendingValue(t, one.key) !== undefined
    const guard = one.what === 'item' && means ? getGuard(t, one.key) : null
    return guard?.approvals === 1 && approver === null && !seen.includes(one.key)
  })
  if (asks) return { kind: 'approval', until: Math.min(now + 24 * HOUR, at ?? Infinity) }
  return at === null ? null : { kind: 'schedule', until: at }
}
