/** Decides who may act: tokens are granted, revoked, replaced. None may grant what it does not hold. */
import { entryOf, type Decision } from './decision.ts'
import type { Facts, Motion } from './facts.ts'
import type { Intent } from './intent.ts'
import { withinPatterns } from './pattern.ts'
import { ABILITIES, isMaster, permits, type Actor, type TokenActor } from './permit.ts'
import { ok, refuse, type Result } from './refusal.ts'
import { idOfHash } from './token.ts'

export const STASH_MAX_TOKENS = 1_000

export function decideToken(
  { actor }: Motion,
  { hash, label, can, keys, expiresInMs }: Extract<Intent, { kind: 'add_token' }>,
  facts: Facts,
  now: number,
): Result<Decision> {
  const granter = allow(actor)
  if (!granter.ok) return granter
  if (facts.tokenCount >= STASH_MAX_TOKENS) return refuse({ code: 'too_many_tokens', limit: STASH_MAX_TOKENS })
  const id = idOfHash(hash)
  // Without a wish of its own it lives as long as its granter.
  const expiresAt = expiresInMs === null ? granter.value.expiresAt : now + expiresInMs
  const token: TokenActor = { kind: 'token', id, label, master: false, can, keys, expiresAt, line: id }
  const within = isWithin(token, granter.value)
  if (!within.ok) return within
  return ok({
    applied: { revision: facts.revision + 1, changed: [], token: { id, label, can, keys, expiresAt } },
    entry: entryOf('add_token', { token: { id, label, can, keys, expiresAt } }),
    effects: [{ kind: 'add_token', token, hash, madeBy: granter.value.id }],
  })
}

/** A token may be revoked by whoever could have granted it, and by itself. The master's successor is made by rotation. */
export function decideRevocation(
  { actor }: Motion,
  { tokenId }: Extract<Intent, { kind: 'revoke_token' }>,
  { token, revision }: Facts,
): Result<Decision> {
  const own = actor.kind === 'token' && actor.id === tokenId
  const allowed = own ? ok(actor) : allow(actor)
  if (!allowed.ok) return allowed
  if (token === null) return refuse({ code: 'token_not_found' })
  if (isCurrentMaster(token)) return refuse({ code: 'master_token' })
  const within = own ? ok(null) : isWithin(token, allowed.value)
  if (!within.ok) return within
  const { id, label, can, keys, expiresAt } = token
  return ok({
    applied: { revision: revision + 1, changed: [] },
    entry: entryOf('revoke_token', { token: { id, label, can, keys, expiresAt } }),
    effects: [{ kind: 'remove_token', id }],
  })
}

/** The new master token takes over at once; the old one, leaked or not, can no longer choose its successor. */
export function decideRotation(
  { actor }: Motion,
  { hash, overlapMs }: Extract<Intent, { kind: 'rotate_master' }>,
  { revision }: Facts,
  now: number,
): Result<Decision> {
  if (actor.kind !== 'token') return refuse({ code: 'token_missing' })
  if (!isCurrentMaster(actor)) return refuse({ code: 'not_permitted', needs: 'master' })
  const id = idOfHash(hash)
  const { label, can, keys } = actor
  const token: TokenActor = { ...actor, id, can: [...ABILITIES], expiresAt: null }
  const oldUntil = now + overlapMs
  return ok({
    applied: {
      revision: revision + 1,
      changed: [],
      token: { id, label, can, keys, expiresAt: null },
      oldTokenUntil: oldUntil,
    },
    entry: entryOf('rotate_master', { token: { id, label, can, keys, expiresAt: null }, oldUntil }),
    effects: [
      { kind: 'add_token', token, hash, madeBy: actor.id },
      { kind: 'replace_token', old: actor.id, oldUntil, by: id },
    ],
  })
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

function allow(actor: Actor): Result<TokenActor> {
  if (actor.kind !== 'token') return refuse({ code: 'token_missing' })
  return permits(actor, 'tokens') ? ok(actor) : refuse({ code: 'not_permitted', needs: 'tokens' })
}
