/** Decides about tokens: grants, revocations and rotations. No token may grant more than it has itself. */
import { createEntry, type Decision, type Effect } from './decision.ts'
import type { Facts, ChangeRequest } from './facts.ts'
import type { Intent } from '../intent.ts'
import { foldLabel, isSameLabel } from '../access/label.ts'
import { withinPatterns } from '../access/pattern.ts'
import { ABILITIES } from '../access/ability.ts'
import { isMaster, permits, type Actor, type TokenActor } from '../access/permit.ts'
import { ok, refuse, type Result } from '../refusal.ts'
import { toPendingEnds } from '../time-box.ts'
import { toTokenId } from '../access/token.ts'

export const STASH_MAX_TOKENS = 1_000
/** The limit of one holder other than the master, so that a leaked token cannot use up the limit of the stash. */
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
  // By default the token expires with its granter.
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

/**
 * A token may be revoked by itself, and by every token that could grant it. The current master token cannot be revoked,
 * only replaced, by a rotation or a recovery.
 */
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

/** The new master token is the current one at once: during the overlap, the old one cannot make another successor. */
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
 * A token may be replaced by itself, and by one that could grant it. The successor keeps the holder, because it is for the same
 * person. Where a token below the master replaces another token, the successor gets the holder of the one that replaces it:
 * otherwise one person would have the tokens of two holders.
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
  // Without an overlap the number of tokens stays the same.
  const room = overlapMs > 0 ? checkRoom(by, facts) : ok(null)
  if (!room.ok) return room

  const id = toTokenId(hash)
  const { label, can, keys, expiresAt } = old
  const oldUntil = Math.min(now + overlapMs, expiresAt ?? Infinity)
  const token: TokenActor = {
    ...old,
    id,
    holder: own || by.master ? old.holder : by.holder,
    // For a token without a recorded revision, `createdAt` says before which requests it was granted.
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

/** Predecessors of the replaced token must not outlive it, so that a rotation ends every leaked token of the line. */
const endOlder = ({ id, line }: TokenActor, until: number, tokens: TokenActor[]): Effect[] =>
  tokens
    .filter((one) => one.line === line && one.id !== id && (one.expiresAt === null || one.expiresAt > until))
    .map((one) => ({ kind: 'end_token', id: one.id, until }))

/** Whether there is room for one more token. */
function checkRoom(granter: TokenActor, { tokenCount, tokens }: Facts): Result<null> {
  if (tokenCount >= STASH_MAX_TOKENS) return refuse({ code: 'too_many_tokens', limit: STASH_MAX_TOKENS })
  if (granter.master) return ok(null)
  const own = tokens.filter(({ holder }) => holder === granter.holder).length
  return own < HOLDER_MAX_TOKENS ? ok(null) : refuse({ code: 'too_many_tokens', limit: HOLDER_MAX_TOKENS, share: true })
}

/** Whether a token with the ability `tokens` may see, grant and revoke this one: it must not have more than the granter. */
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

/** A master token that was replaced has an expiry. */
const isCurrentMaster = (token: TokenActor): boolean => isMaster(token) && token.expiresAt === null

function checkGranter(actor: Actor): Result<TokenActor> {
  if (actor.kind !== 'token') return refuse({ code: 'token_missing' })
  return permits(actor, 'tokens') ? ok(actor) : refuse({ code: 'not_permitted', needs: 'tokens' })
}
