/**
 * Applies a command: authenticates, looks for a stored reply, resolves the intent, gathers facts, decides and commits. All of
 * it runs in one transaction, so no credential can be revoked and no fact can change before the commit. A dry run takes the same
 * steps, without the stored reply and the write rate; its caller rolls the transaction back.
 */
import { decide } from '../../model/decide/decide.ts'
import type { ChangeRequest } from '../../model/decide/facts.ts'
import type { Applied, Command, Credential } from '../../model/intent.ts'
import { countBytes } from '../../model/item.ts'
import { isReplayable } from '../../model/replayable-refusal.ts'
import type { Actor } from '../../model/access/permit.ts'
import { ok, redactForAnonymous, refuse, type Result } from '../../model/refusal.ts'
import { toTokenId } from '../../model/access/token.ts'
import {
  findIdempotentReply,
  saveIdempotentReply,
  saveIdempotentRefusal,
  type IdempotencyRecordKey,
} from '../tables/idempotency.ts'
import { commit } from './commit.ts'
import { sha256 } from '../tables/hash.ts'
import { gatherFacts } from './gather-facts.ts'
import { toDryRun } from './to-dry-run.ts'
import { dropExpiredLinks, dropHeld } from '../tables/held.ts'
import { resolveApproval, resolveLink } from './resolve-held.ts'
import { getStash } from '../tables/stash-row.ts'
import { authenticate } from '../tables/tokens.ts'
import type { WriteRateLimiter } from './write-rate-limiter.ts'

export function apply(sql: SqlStorage, command: Command, now: number, rate: WriteRateLimiter): Result<Applied> {
  const caller = authenticateCaller(sql, command.credential, now)
  if (!caller.ok) return caller
  const waitMs = command.dryRun === true ? null : rate.admit(caller.value, now)
  if (waitMs !== null) return refuse({ code: 'write_rate_limited', retry_after_s: Math.ceil(waitMs / 1_000) })
  const before = countStoredBytes(sql)
  const applied = applyAs(sql, caller.value, command, now)
  if (command.dryRun === true) return applied
  rate.charge(caller.value, Math.max(0, countStoredBytes(sql) - before) + countReplyBytes(command, applied), now)
  return applied
}

/** The size of the reply that is stored for the Idempotency-Key. A repeat is charged for it as well. */
function countReplyBytes({ idempotencyKey }: Command, applied: Result<Applied>): number {
  if (idempotencyKey === undefined) return 0
  return applied.ok || isReplayable(applied.refusal) ? countBytes(JSON.stringify(applied)) : 0
}

function countStoredBytes(sql: SqlStorage): number {
  const { log_bytes, held_bytes } = getStash(sql)
  return log_bytes + held_bytes
}

function applyAs(sql: SqlStorage, caller: Actor, command: Command, now: number): Result<Applied> {
  // Dry runs neither read nor write the idempotency tables.
  const identity = command.dryRun === true ? null : toIdempotencyRecordKey(command)
  const repeat = identity === null ? null : findReplay(sql, identity, now)
  if (repeat !== null) return repeat

  const applied = applyOnce(sql, caller, command, now)
  if (identity === null) return applied
  if (applied.ok) saveIdempotentReply(sql, identity, applied.value, now)
  // `link_spent` is not replayable, so a caller with an invented link secret cannot make rows.
  else if (command.credential.kind !== 'none' && isReplayable(applied.refusal)) {
    const byLink = command.credential.kind === 'link'
    saveIdempotentRefusal(sql, identity, { refusal: applied.refusal, at: now, byLink })
  }
  return applied
}

function applyOnce(sql: SqlStorage, caller: Actor, command: Command, now: number): Result<Applied> {
  // Expired links must not count towards the limits of held changes.
  dropExpiredLinks(sql, now)
  const resolved = resolveIntent(sql, command, caller, now)
  if (!resolved.ok) return resolved
  const { request, consumedHeldIds } = resolved.value

  const { condition, dryRun } = command
  const applied = decideAndCommit(sql, { ...request, ...(condition && { condition }) }, now, dryRun)
  if (!applied.ok) return caller.kind === 'anonymous' ? redactForAnonymous(applied.refusal) : applied
  for (const id of consumedHeldIds) dropHeld(sql, id)
  return applied
}

/** Decides a request by the present facts, and commits the decision. */
export function decideAndCommit(
  sql: SqlStorage,
  request: ChangeRequest,
  now: number,
  dryRun: boolean = false,
): Result<Applied> {
  const stash = getStash(sql)
  const facts = gatherFacts(sql, stash, request, now)
  const decision = decide(request, facts, now)
  if (!decision.ok) return decision
  const rehearsed = dryRun ? ok(toDryRun(sql, stash, decision.value, request, facts, now)) : null
  // To delete a long history takes seconds, so a dry run of that is not committed.
  if (rehearsed !== null && request.intent.kind === 'delete_stash') return rehearsed

  const { actor, reason, release } = request
  if (release !== null) dropHeld(sql, release.id)
  // The row was read before `dropHeld`: commit uses none of the counts of held changes in it.
  commit(sql, stash, decision.value, { actor, heldId: release?.id ?? null, reason, now })
  const { applied, entry } = decision.value
  return rehearsed ?? ok(entry === null ? applied : { ...applied, did: entry.kind })
}

/** The bearer of a link is anonymous: the maker of the link is found with the held change. */
function authenticateCaller(sql: SqlStorage, credential: Credential, now: number): Result<Actor> {
  if (credential.kind === 'admin') return ok(credential)
  if (credential.kind !== 'token') return ok({ kind: 'anonymous' })
  return authenticate(sql, credential.hash, now)
}

/** The request to decide, and the ids of other held changes that its release uses up. */
type Resolved = { request: ChangeRequest; consumedHeldIds: string[] }

function resolveIntent(sql: SqlStorage, command: Command, caller: Actor, now: number): Result<Resolved> {
  const { credential, intent } = command
  const reason = command.reason ?? null
  const breakGlass = command.breakGlass ?? null
  switch (intent.kind) {
    case 'approve':
      return resolveApproval(
        sql,
        { heldId: intent.heldId, caller, reason, pressedReason: null, breakGlass, consumedHeldIds: [] },
        now,
      )
    case 'release': {
      const link = resolveLink(sql, credential, now)
      if (!link.ok) return link
      const { held, actor } = link.value
      // A link may have been passed on with a reason in its URL, so that reason is kept apart from the maker's.
      const reasons = { reason: held.reason, pressedReason: reason }
      if (held.change.kind === 'approve') {
        const { heldId } = held.change
        return resolveApproval(
          sql,
          { heldId, caller: actor, ...reasons, breakGlass: null, consumedHeldIds: [held.id] },
          now,
        )
      }
      const request = {
        actor,
        caller,
        intent: held.change,
        ...reasons,
        release: held,
        approver: null,
        breakGlass,
      }
      return ok({ request, consumedHeldIds: [] })
    }
    default: {
      return ok({
        request: { actor: caller, caller, intent, reason, release: null, approver: null, breakGlass },
        consumedHeldIds: [],
      })
    }
  }
}

function findReplay(
  sql: SqlStorage,
  { scope, key, fingerprint }: IdempotencyRecordKey,
  now: number,
): Result<Applied> | null {
  const known = findIdempotentReply(sql, scope, key, now)
  if (known === null) return null
  return known.fingerprint === fingerprint ? known.result : refuse({ code: 'idempotency_mismatch' })
}

/** The scope is the credential: the same key with another credential is another key. Null: the command has no key. */
function toIdempotencyRecordKey({
  credential,
  intent,
  reason,
  breakGlass,
  condition,
  ...rest
}: Command): IdempotencyRecordKey | null {
  const key = rest.idempotencyKey
  if (key === undefined) return null
  const scope = 'hash' in credential ? toTokenId(credential.hash) : credential.kind === 'none' ? 'anonymous' : 'admin'
  const request: unknown[] = [intent, reason ?? null]
  if (breakGlass !== undefined || condition !== undefined) request.push(breakGlass ?? null, condition ?? null)
  return { scope, key, fingerprint: sha256(JSON.stringify(request)) }
}
