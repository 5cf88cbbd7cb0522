/**
 * From a command to a committed change. Runs inside one transaction, from the credential to the commit:
 * what it believes cannot have been revoked, and what it read cannot have changed, by the time it writes.
 */
import { decide } from '../model/decide/decide.ts'
import type { ChangeRequest } from '../model/decide/facts.ts'
import type { Applied, Command, Credential, Edit } from '../model/intent.ts'
import { countBytes } from '../model/item.ts'
import { isReplayable } from '../model/replayable-refusal.ts'
import type { Actor } from '../model/access/permit.ts'
import { createPlan, toPreview } from '../model/decide/plan.ts'
import { ok, refuse, type Refusal, type Result } from '../model/refusal.ts'
import { toTokenId } from '../model/access/token.ts'
import { findAnswer, keepAnswer, keepRefusal, type Identity } from './answers.ts'
import { commit } from './commit.ts'
import { sha256 } from './digest.ts'
import { gather } from './facts.ts'
import { dropExpiredLinks, dropHeld } from './held.ts'
import { openApproval, openLink } from './open-held.ts'
import { getStash } from './stash-row.ts'
import { believe } from './tokens.ts'
import type { WriteRate } from './write-rate.ts'

export function apply(sql: SqlStorage, command: Command, now: number, rate: WriteRate): Result<Applied> {
  const speaker = identify(sql, command.credential, now)
  if (!speaker.ok) return speaker
  const waitMs = command.dryRun === true ? null : rate.admit(speaker.value, now)
  if (waitMs !== null) return refuse({ code: 'write_rate_limited', retry_after_s: Math.ceil(waitMs / 1_000) })
  const before = storedBytes(sql)
  const applied = applyAs(sql, speaker.value, command, now)
  rate.charge(speaker.value, Math.max(0, storedBytes(sql) - before) + keptBytes(command, applied), now)
  return applied
}

/** What is kept of the answer for its Idempotency-Key. A repeat of it is charged as well. */
function keptBytes({ idempotencyKey }: Command, applied: Result<Applied>): number {
  if (idempotencyKey === undefined) return 0
  return applied.ok || isReplayable(applied.refusal) ? countBytes(JSON.stringify(applied)) : 0
}

function storedBytes(sql: SqlStorage): number {
  const { log_bytes, held_bytes } = getStash(sql)
  return log_bytes + held_bytes
}

function applyAs(sql: SqlStorage, speaker: Actor, command: Command, now: number): Result<Applied> {
  // A rehearsal is no first answer, and no repeat.
  const identity = command.dryRun === true ? null : identityOf(command)
  const repeat = identity === null ? null : repeatOf(sql, identity, now)
  if (repeat !== null) return repeat

  const applied = applyOnce(sql, speaker, command, now)
  if (identity === null) return applied
  if (applied.ok) keepAnswer(sql, identity, applied.value, now)
  // A made-up link is refused as spent, which is not kept: only those who hold a credential make rows.
  else if (command.credential.kind !== 'none' && isReplayable(applied.refusal)) {
    const byLink = command.credential.kind === 'link'
    keepRefusal(sql, identity, { refusal: applied.refusal, at: now, byLink })
  }
  return applied
}

function applyOnce(sql: SqlStorage, speaker: Actor, command: Command, now: number): Result<Applied> {
  // What has expired counts against nobody.
  dropExpiredLinks(sql, now)
  const opened = open(sql, command, speaker, now)
  if (!opened.ok) return opened
  const { request, spent } = opened.value
  if (command.dryRun === true) return rehearse(sql, request, now)

  const applied = perform(sql, command, request, now)
  if (!applied.ok) return speaker.kind === 'anonymous' ? veil(applied.refusal) : applied
  for (const id of spent) dropHeld(sql, id)
  return applied
}

const perform = (sql: SqlStorage, { condition }: Command, request: ChangeRequest, now: number): Result<Applied> =>
  carryOut(sql, { ...request, ...(condition && { condition }) }, now)

/** Guards and names are for those who hold a token. */
function veil(refusal: Refusal): Result<never> {
  if (refusal.code === 'guard_mismatch') return refuse({ ...refusal, guard: null })
  return refuse(refusal.code === 'frozen' ? { ...refusal, by: null } : refusal)
}

/** Decides a request against the facts of this moment, and commits it. */
export function carryOut(sql: SqlStorage, request: ChangeRequest, now: number): Result<Applied> {
  const stash = getStash(sql)
  const decision = decide(request, gather(sql, stash, request, now), now)
  if (!decision.ok) return decision

  const { actor, reason, release } = request
  if (release !== null) dropHeld(sql, release.id)
  // The stash's row was read before: what it holds is counted where it lies, and nothing here writes the rest.
  commit(sql, stash, decision.value, { actor, heldId: release?.id ?? null, reason, now })
  const { applied, entry } = decision.value
  return ok(entry === null ? applied : { ...applied, did: entry.kind })
}

/** Decides, and changes nothing. */
function rehearse(sql: SqlStorage, request: ChangeRequest, now: number): Result<Applied> {
  const { intent } = request
  const facts = gather(sql, getStash(sql), request, now)
  const decision = decide(request, facts, now)
  if (!decision.ok) return decision
  return ok({
    ...decision.value.applied,
    revision: facts.revision,
    preview: toPreview(createPlan(intent as Edit, facts, now)),
  })
}

/** A link's bearer is nobody in particular: who made the link is found with the held change. */
function identify(sql: SqlStorage, credential: Credential, now: number): Result<Actor> {
  if (credential.kind === 'admin') return ok(credential)
  if (credential.kind !== 'token') return ok({ kind: 'anonymous' })
  return believe(sql, credential.hash, now)
}

/** What is to be decided, and the other held changes that are over with it. */
type Opened = { request: ChangeRequest; spent: string[] }

function open(sql: SqlStorage, command: Command, speaker: Actor, now: number): Result<Opened> {
  const { credential, intent } = command
  const reason = command.reason ?? null
  const breakGlass = command.breakGlass ?? null
  switch (intent.kind) {
    case 'approve':
      return openApproval(
        sql,
        { heldId: intent.heldId, speaker, reason, pressedReason: null, breakGlass, spent: [] },
        now,
      )
    case 'release': {
      const link = openLink(sql, credential, now)
      if (!link.ok) return link
      const { held, actor } = link.value
      // A link may have been passed on with a reason in its URL, so that reason is kept apart from the maker's.
      const reasons = { reason: held.reason, pressedReason: reason }
      if (held.change.kind === 'approve') {
        const { heldId } = held.change
        return openApproval(sql, { heldId, speaker: actor, ...reasons, breakGlass: null, spent: [held.id] }, now)
      }
      const request = {
        actor,
        caller: speaker,
        intent: held.change,
        ...reasons,
        release: held,
        approver: null,
        breakGlass,
      }
      return ok({ request, spent: [] })
    }
    default: {
      return ok({
        request: { actor: speaker, caller: speaker, intent, reason, release: null, approver: null, breakGlass },
        spent: [],
      })
    }
  }
}

function repeatOf(sql: SqlStorage, { scope, key, fingerprint }: Identity, now: number): Result<Applied> | null {
  const known = findAnswer(sql, scope, key, now)
  if (known === null) return null
  return known.fingerprint === fingerprint ? known.result : refuse({ code: 'idempotency_mismatch' })
}

/** The same key from another credential is another key. Null: no key. */
function identityOf({ credential, intent, reason, breakGlass, condition, ...rest }: Command): Identity | null {
  const key = rest.idempotencyKey
  if (key === undefined) return null
  const scope = 'hash' in credential ? toTokenId(credential.hash) : credential.kind === 'none' ? 'anonymous' : 'admin'
  const request: unknown[] = [intent, reason ?? null]
  if (breakGlass !== undefined || condition !== undefined) request.push(breakGlass ?? null, condition ?? null)
  return { scope, key, fingerprint: sha256(JSON.stringify(request)) }
}
