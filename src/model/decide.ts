/**
 * Decides what an intent does to a stash. Pure: no I/O, no clock, no storage; `now` and the facts are
 * passed in, so every safeguard is a one-line test.
 *
 * The order is fixed, and each step may refuse: credential → precondition → limits. A refusal decides
 * nothing else. Whoever may not write does not learn the current version.
 */
import type { Applied, Change, Intent } from './intent.ts'
import { bytesOf, DEFAULT_TYPE, STASH_MAX_BYTES, STASH_MAX_ITEMS, VALUE_MAX_BYTES, type Item } from './item.ts'
import { STASH_MAX_HELD, type Held } from './held.ts'
import { permits, type Ability, type Actor } from './permit.ts'
import { holds } from './precondition.ts'
import { WRENDB_ITEM_LIFETIME_MS, type Profile } from './profile.ts'
import { ok, refuse, type Result } from './refusal.ts'
import { idOfHash } from './token.ts'

/** What the decision needs to know. The stash reads these in the transaction that commits. */
export type Facts = {
  profile: Profile
  revision: number
  itemCount: number
  bytes: number
  heldCount: number
  /** The items that the intent names, where they exist. */
  items: ReadonlyMap<string, Item>
  /** For a put without a key. */
  newKey: string
}

export type ItemChange = { key: string; before: Item | null; after: Item | null }

export type Decision = {
  applied: Applied
  /** What history will say; null where the stash stays as it is. */
  entry: { kind: string; changes: ItemChange[] } | null
  effects: Effect[]
}

/** What happens besides the changes in the entry. */
export type Effect =
  | { kind: 'hold'; held: Held }
  /** A held change is over. */
  | { kind: 'drop'; heldId: string }
  /** The stash is to be deleted. */
  | { kind: 'bury' }

/** Whatever is decided in its own right; a release is decided as the change it releases. */
export type Decidable = Exclude<Intent, { kind: 'release' }>

export function decide(
  actor: Actor,
  intent: Decidable,
  reason: string | null,
  facts: Facts,
  now: number,
): Result<Decision> {
  switch (intent.kind) {
    case 'put':
    case 'delete':
    case 'patch':
      return decideChange(actor, intent, facts, now)
    case 'delete_stash':
      return decideBurial(actor, intent, facts)
    case 'hold_for_link':
      return decideHold(actor, intent, reason, facts, now)
  }
}

/** The keys whose items `decide` will look at. */
export function keysOf(intent: Decidable, newKey: string): string[] {
  switch (intent.kind) {
    case 'put':
      return [intent.key ?? newKey]
    case 'delete':
      return [intent.key]
    case 'patch':
      return intent.changes.map(({ key }) => key)
    case 'hold_for_link':
    case 'delete_stash':
      return []
  }
}

function decideChange(actor: Actor, change: Change, facts: Facts, now: number): Result<Decision> {
  const allowed = actor.kind === 'anonymous' ? allowAnonymous(change, facts) : allow(actor, 'write')
  if (!allowed.ok) return allowed

  const changes = changesOf(change, facts, now)
  const conflict = conflictOf(change, changes, facts)
  if (!conflict.ok) return conflict

  if (change.kind === 'delete' && changes[0]?.before === null)
    return refuse({ code: 'item_not_found', key: change.key })

  const fits = checkLimits(changes, facts)
  if (!fits.ok) return fits

  // Taking away what is not there changes nothing, and makes no revision.
  const effective = changes.filter(({ before, after }) => before !== null || after !== null)
  const revision = effective.length > 0 ? facts.revision + 1 : facts.revision
  return ok({
    applied: { revision, changed: effective.map(({ key }) => key) },
    entry: effective.length > 0 ? { kind: change.kind, changes: effective } : null,
    effects: facts.profile === 'wrendb' ? effective.map((change) => lapseOf(change, now)) : [],
  })
}

function decideBurial(actor: Actor, intent: Extract<Intent, { kind: 'delete_stash' }>, facts: Facts): Result<Decision> {
  const allowed = allow(actor, 'delete_stash')
  if (!allowed.ok) return allowed
  if (!holds(intent.condition ?? {}, facts.revision)) {
    return refuse({ code: 'version_conflict', current: facts.revision, of: 'stash' })
  }
  const revision = facts.revision + 1
  return ok({ applied: { revision, changed: [] }, entry: null, effects: [{ kind: 'bury' }] })
}

/** The change itself is not examined here: it is decided on release, when the facts may be others. */
function decideHold(
  actor: Actor,
  intent: Extract<Intent, { kind: 'hold_for_link' }>,
  reason: string | null,
  facts: Facts,
  now: number,
): Result<Decision> {
  const allowed = allow(actor, 'write')
  if (!allowed.ok) return allowed
  if (facts.heldCount >= STASH_MAX_HELD) return refuse({ code: 'too_many_held', limit: STASH_MAX_HELD })

  const held: Held = {
    id: idOfHash(intent.secretHash),
    change: intent.change,
    reason,
    made_by: actor.kind === 'token' ? actor.id : null,
    made_at: now,
    secret_hash: intent.secretHash,
    expires_at: intent.expiresAt,
    due_at: null,
  }
  return ok({
    applied: { revision: facts.revision, changed: [], held: { id: held.id, expires_at: intent.expiresAt } },
    entry: null,
    effects: [{ kind: 'hold', held }],
  })
}

function allow(actor: Actor, ability: Ability): Result<null> {
  if (permits(actor, ability)) return ok(null)
  return refuse(actor.kind === 'anonymous' ? { code: 'token_missing' } : { code: 'not_permitted', needs: ability })
}

/** WrenDB lets anyone create. Overwriting without a token is refused in every profile. */
function allowAnonymous(change: Change, facts: Facts): Result<null> {
  if (facts.profile !== 'wrendb' || change.kind !== 'put') return refuse({ code: 'token_missing' })
  const existing = facts.items.get(change.key ?? facts.newKey)
  if (existing !== undefined) return refuse({ code: 'item_exists', key: existing.key, current: existing.version })
  return ok(null)
}

function changesOf(change: Change, facts: Facts, now: number): ItemChange[] {
  const put = (key: string, value: string, type?: string): ItemChange => {
    const before = facts.items.get(key) ?? null
    const after: Item = {
      key,
      value,
      type: type ?? before?.type ?? DEFAULT_TYPE,
      version: facts.revision + 1,
      bytes: bytesOf(key) + bytesOf(value),
      created_at: before?.created_at ?? now,
      updated_at: now,
    }
    return { key, before, after }
  }
  const remove = (key: string): ItemChange => ({ key, before: facts.items.get(key) ?? null, after: null })

  switch (change.kind) {
    case 'put':
      return [put(change.key ?? facts.newKey, change.value, change.type)]
    case 'delete':
      return [remove(change.key)]
    case 'patch':
      return change.changes.map(({ key, value }) => (value === null ? remove(key) : put(key, value)))
  }
}

/** A patch speaks about the whole stash, so its condition is on the stash's revision. */
function conflictOf(change: Change, changes: ItemChange[], facts: Facts): Result<null> {
  const current = change.kind === 'patch' ? facts.revision : (changes[0]?.before?.version ?? null)
  if (holds(change.condition ?? {}, current)) return ok(null)
  return refuse({ code: 'version_conflict', current, of: change.kind === 'patch' ? 'stash' : 'item' })
}

function checkLimits(changes: ItemChange[], facts: Facts): Result<null> {
  let { itemCount, bytes } = facts
  for (const { key, before, after } of changes) {
    if (after !== null && after.bytes - bytesOf(key) > VALUE_MAX_BYTES) {
      return refuse({ code: 'value_too_large', key, limit_bytes: VALUE_MAX_BYTES })
    }
    itemCount += (after ? 1 : 0) - (before ? 1 : 0)
    bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
  }
  if (itemCount > STASH_MAX_ITEMS) return refuse({ code: 'too_many_items', limit: STASH_MAX_ITEMS })
  if (bytes > STASH_MAX_BYTES) {
    return refuse({ code: 'stash_too_large', limit_bytes: STASH_MAX_BYTES, would_be_bytes: bytes })
  }
  return ok(null)
}

/** In the WrenDB profile each write (re)starts its item's lifetime: a delete, held until the item is too old. */
function lapseOf({ key, after }: ItemChange, now: number): Effect {
  const id = `lapse:${key}`
  if (after === null) return { kind: 'drop', heldId: id }
  const held: Held = {
    id,
    change: { kind: 'delete', key },
    reason: 'not written for 30 days',
    made_by: null,
    made_at: now,
    secret_hash: null,
    expires_at: null,
    due_at: now + WRENDB_ITEM_LIFETIME_MS,
  }
  return { kind: 'hold', held }
}
