/** Decides who may act: tokens are granted, revoked, replaced. None may grant what it does not hold. */
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { Intent } from '../intent.ts'
import { foldLabel, isSameLabel } from '../access/label.ts'
import { withinPatterns } from '../access/pattern.ts'
import { ABILITIES, isMaster, permits, type Actor, type TokenActor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toPendingEnds } from '../time-box.ts'
import { toTokenId } from '../access/token.ts'

export const STASH_MAX_TOKENS = 1_000
/** Of one holder, where it is not the master: one leaked token must not use up what all share. */
export const HOLDER_MAX_TOKENS = 100

export function decideToken(
  { actor }: ChangeRequest,
  { hash, can, keys, expiresInMs, ...wish }: Extract<Intent, { kind: 'add_token' }>,
  facts: Facts,
  now: number,
): Result<Decision> {
  const granter = checkGranter(actor)
  if (!granter.ok) return granter
  const room = checkRoom(granter.value, facts)
  if (!room.ok) return room
  const id = toTokenId(hash)
  // Without a wish of its own it lives as long as its granter.
  const expiresAt = expiresInMs === null ? granter.value.expiresAt : now + expiresInMs
  const label = foldLabel(wish.label)
  const token: TokenActor = {
    kind: 'token',
    id,
    label,
    master: false,
    can,
    keys,
    expiresAt,
    line: id,
    holder: granter.value.master ? id : granter.value.holder,
    createdAt: now,
    granted: facts.revision + 1,
    replaced: false,
  }
  const within = isWithin(token, granter.value)
  if (!within.ok) return within
  if (facts.tokens.some((other) => isSameLabel(other.label, label))) return refuse({ code: 'label_taken', label })
  return ok({
    applied: { revision: facts.revision + 1, changed: [], token: { id, label, can, keys, expiresAt } },
    entry: createEntry('add_token', { token: { id, label, can, keys, expiresAt } }),
    effects: [{ kind: 'add_token', token, hash, madeBy: granter.value.id }],
  })
}

/** A token may be revoked by whoever could have granted it, and by itself. The master's successor is made by rotation. */
export function decideRevocation(
  { actor }: ChangeRequest,
  { tokenId }: Extract<Intent, { kind: 'revoke_token' }>,
  { token, revision, pending }: Facts,
): Result<Decision> {
  const own = actor.kind === 'token' && actor.id === tokenId
  const allowed = own ? ok(actor) : checkGranter(actor)
  if (!allowed.ok) return allowed
  if (token === null) return refuse({ code: 'token_not_found' })
  if (isCurrentMaster(token)) return refuse({ code: 'master_token' })
  const within = own ? ok(null) : isWithin(token, allowed.value)
  if (!within.ok) return within
  const { id, label, can, keys, expiresAt } = token
  return ok({
    applied: { revision: revision + 1, changed: [], pending: toPendingEnds(pending.held, pending.isWhole, actor) },
    entry: createEntry('revoke_token', { token: { id, label, can, keys, expiresAt } }),
    effects: [{ kind: 'remove_token', id }],
  })
}

/** The new master token takes over at once; the old one, leaked or not, can no longer choose its successor. */
export function decideRotation(
  { actor }: ChangeRequest,
  { hash, overlapMs }: Extract<Intent, { kind: 'rotate_master' }>,
  { revision, tokens }: Facts,
  now: number,
): Result<Decision> {
  if (actor.kind !== 'token') return refuse({ code: 'token_missing' })
  if (!isCurrentMaster(actor)) return refuse({ code: 'not_permitted', needs: 'master' })
  const id = toTokenId(hash)
  const { label, can, keys } = actor
  const token: TokenActor = {
    ...actor,
    id,
    can: [...ABILITIES],
    expiresAt: null,
    createdAt: now,
    granted: revision + 1,
  }
  const oldUntil = now + overlapMs
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      token: { id, label, can, keys, expiresAt: null },
      oldTokenUntil: oldUntil,
    },
    entry: createEntry('rotate_master', { token: { id, label, can, keys, expiresAt: null }, oldUntil }),
    effects: [
      { kind: 'add_token', token, hash, madeBy: actor.id },
      { kind: 'replace_token', old: actor.id, oldUntil, by: id },
      ...endOlder(actor, oldUntil, tokens),
    ],
  })
}

/**
 * A token is replaced by itself, or by one that could grant it. The successor keeps the holder, so that a person stays one
 * person; but not where a token of somebody else makes it, who would have two persons in one hand then.
 */
export function decideTokenRotation(
  { actor }: ChangeRequest,
  { tokenId, hash, overlapMs }: Extract<Intent, { kind: 'rotate_token' }>,
  facts: Facts,
  now: number,
): Result<Decision> {
  const own = actor.kind === 'token' && actor.id === tokenId
  const allowed = own ? ok(actor) : checkGranter(actor)
  if (!allowed.ok) return allowed
  const by = allowed.value
  const old = facts.token
  if (old === null) return refuse({ code: 'token_not_found' })
  if (old.master) return refuse({ code: 'master_token' })
  const within = own ? ok(null) : isWithin(old, by)
  if (!within.ok) return within
  if (old.replaced) return refuse({ code: 'token_replaced' })
  // Without an overlap there are as many afterwards as before.
  const room = overlapMs > 0 ? checkRoom(by, facts) : ok(null)
  if (!room.ok) return room

  const id = toTokenId(hash)
  const { label, can, keys, expiresAt } = old
  const oldUntil = Math.min(now + overlapMs, expiresAt ?? Infinity)
  const token: TokenActor = {
    ...old,
    id,
    holder: own || by.master ? old.holder : by.holder,
    // Of a token from before grants had a revision, its time says what it was granted before.
    createdAt: own && old.granted === null ? old.createdAt : now,
    // The maker of the successor may be another person than the holder of the old token.
    granted: own ? old.granted : facts.revision + 1,
  }
  const shown = { id, label, can, keys, expiresAt }
  return ok({
    applied: { revision: facts.revision + 1, changed: [], token: shown, oldTokenUntil: oldUntil },
    entry: createEntry('rotate_token', { token: shown, oldUntil, replaces: old.id }),
    effects: [
      { kind: 'add_token', token, hash, madeBy: by.id },
      { kind: 'replace_token', old: old.id, oldUntil, by: id },
      ...endOlder(old, oldUntil, facts.tokens),
    ],
  })
}

/** Those that the replaced token replaced: none of its line outlives it, so that a rotation ends what has leaked before. */
const endOlder = ({ id, line }: TokenActor, until: number, tokens: TokenActor[]): Effect[] =>
  tokens
    .filter((one) => one.line === line && one.id !== id && (one.expiresAt === null || one.expiresAt > until))
    .map((one) => ({ kind: 'end_token', id: one.id, until }))

/** Whether one more token may be there. */
function checkRoom(granter: TokenActor, { tokenCount, tokens }: Facts): Result<null> {
  if (tokenCount >= STASH_MAX_TOKENS) return refuse({ code: 'too_many_tokens', limit: STASH_MAX_TOKENS })
  if (granter.master) return ok(null)
  const own = tokens.filter(({ holder }) => holder === granter.holder).length
  return own < HOLDER_MAX_TOKENS ? ok(null) : refuse({ code: 'too_many_tokens', limit: HOLDER_MAX_TOKENS, share: true })
}

/** What a token with the ability `tokens` may see, grant and revoke: whatever holds no more than itself. */
export function isWithin(token: TokenActor, granter: TokenActor): Result<null> {
  const beyond = token.can.find((ability) => !granter.can.includes(ability))
  if (beyond !== undefined) return refuse({ code: 'grants_too_much', what: `"${beyond}"` })
  const within = withinPatterns(granter.keys, token.keys)
  if (!within.ok) return within
  if (token.master && !granter.master) return refuse({ code: 'grants_too_much', what: 'the master token' })
  const outlives = granter.expiresAt !== null && (token.expiresAt === null || token.expiresAt > granter.expiresAt)
  if (outlives) return refuse({ code: 'grants_too_much', what: 'a life longer than its own' })
  return ok(null)
}

/** Once replaced, a master token has an end. */
const isCurrentMaster = (token: TokenActor): boolean => isMaster(token) && token.expiresAt === null

function checkGranter(actor: Actor): Result<TokenActor> {
  if (actor.kind !== 'token') return refuse({ code: 'token_missing' })
  return permits(actor, 'tokens') ? ok(actor) : refuse({ code: 'not_permitted', needs: 'tokens' })
}
