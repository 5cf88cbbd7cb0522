/**
 * From a command to a committed change. Runs inside one transaction, from the credential to the commit:
 * what it believes cannot have been revoked, and what it read cannot have changed, by the time it writes.
 */
import { base62, idOfHash, SEED_BYTES } from '../model/token.ts'
import { decide, keysOf, type Decidable } from '../model/decide.ts'
import type { Applied, Command, Credential } from '../model/intent.ts'
import type { Actor } from '../model/permit.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { findAnswer, keepAnswer } from './answers.ts'
import { commit } from './commit.ts'
import { sha256 } from './digest.ts'
import { countHeld, dropExpired, dropHeld } from './held.ts'
import { getItems } from './items.ts'
import { openLink } from './open-link.ts'
import { getStash } from './stash-row.ts'
import { believe } from './tokens.ts'

/** An intent with the one who acts on it, and the held change it comes from. */
type Motion = {
  actor: Actor
  intent: Decidable
  heldId: string | null
  reason: string | null
}

export function apply(sql: SqlStorage, command: Command, now: number): Result<Applied> {
  const speaker = identify(sql, command.credential)
  if (!speaker.ok) return speaker

  const repeat = repeatOf(sql, command, now)
  if (repeat !== null) return repeat

  const moved = open(sql, command, speaker.value, now)
  if (!moved.ok) return moved

  const applied = carryOut(sql, moved.value, now)
  if (applied.ok && command.idempotencyKey !== undefined) {
    const answer = { ...identityOf(command, command.idempotencyKey), applied: applied.value, at: now }
    keepAnswer(sql, answer)
  }
  return applied
}

/** Decides a motion against the facts of this moment, and commits it. */
export function carryOut(sql: SqlStorage, motion: Motion, now: number): Result<Applied> {
  const { actor, intent, heldId, reason } = motion
  const stash = getStash(sql)
  const newKey = base62(crypto.getRandomValues(new Uint8Array(SEED_BYTES)), 16)
  const facts = {
    profile: stash.profile,
    revision: stash.revision,
    itemCount: stash.item_count,
    bytes: stash.bytes,
    heldCount: intent.kind === 'hold_for_link' ? countHeld(sql) : 0,
    items: getItems(sql, keysOf(intent, newKey)),
    newKey,
  }
  const decision = decide(actor, intent, reason, facts, now)
  if (!decision.ok) return decision

  if (heldId !== null) dropHeld(sql, heldId)
  commit(sql, stash, decision.value, { actor, heldId, reason, now })
  return ok(decision.value.applied)
}

/** A link's bearer is nobody in particular: who made the link is found with the held change. */
function identify(sql: SqlStorage, credential: Credential): Result<Actor> {
  if (credential.kind !== 'token') return ok({ kind: 'anonymous' })
  const actor = believe(sql, credential.hash)
  return actor === null ? refuse({ code: 'invalid_token' }) : ok(actor)
}

function open(sql: SqlStorage, command: Command, speaker: Actor, now: number): Result<Motion> {
  const { credential, intent } = command
  if (intent.kind !== 'release') {
    if (intent.kind === 'hold_for_link') dropExpired(sql, now)
    return ok({ actor: speaker, intent, heldId: null, reason: command.reason ?? null })
  }
  const released = openLink(sql, credential, now)
  if (!released.ok) return released
  const { change, id, reason } = released.value.held
  return ok({ actor: released.value.actor, intent: change, heldId: id, reason: command.reason ?? reason })
}

function repeatOf(sql: SqlStorage, command: Command, now: number): Result<Applied> | null {
  if (command.idempotencyKey === undefined) return null
  const { scope, key, fingerprint } = identityOf(command, command.idempotencyKey)
  const known = findAnswer(sql, scope, key, now)
  if (known === null) return null
  return known.fingerprint === fingerprint ? ok(known.applied) : refuse({ code: 'idempotency_mismatch' })
}

/** The same key from another credential is another key. */
function identityOf(
  { credential, intent, reason }: Command,
  key: string,
): { scope: string; key: string; fingerprint: string } {
  const scope = credential.kind === 'none' ? 'anonymous' : idOfHash(credential.hash)
  return { scope, key, fingerprint: sha256(JSON.stringify([intent, reason ?? null])) }
}
