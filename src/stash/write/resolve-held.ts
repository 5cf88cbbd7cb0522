/** Finds the held change that a link's secret or a second person releases, and checks whether it may be released. */
import { checkApproval, checkLink, type ReleasableLink } from '../../model/decide/decide-held.ts'
import type { Decidable, ChangeRequest } from '../../model/decide/facts.ts'
import type { Credential } from '../../model/intent.ts'
import type { Actor } from '../../model/access/permit.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { findHeld, findHeldBySecret } from '../tables/held.ts'
import { getActorById, getRequester } from '../tables/tokens.ts'

export function resolveLink(sql: SqlStorage, credential: Credential, now: number): Result<ReleasableLink> {
  const held = credential.kind === 'link' ? findHeldBySecret(sql, credential.hash) : null
  const madeBy = held?.madeBy ?? null
  return checkLink(held, madeBy === null ? null : getActorById(sql, madeBy, now), now)
}

type Approval = {
  heldId: string
  /** The second person; for an approval by link, the maker of that link. */
  caller: Actor
  reason: string | null
  pressedReason: string | null
  breakGlass: string | null
  /** The link that is used up, where there is one. */
  consumedHeldIds: string[]
}

export function resolveApproval(
  sql: SqlStorage,
  { heldId, caller, reason, pressedReason, breakGlass, consumedHeldIds }: Approval,
  now: number,
): Result<{ request: ChangeRequest; consumedHeldIds: string[] }> {
  if (caller.kind !== 'token') return refuse({ code: 'token_missing' })
  const held = findHeld(sql, heldId)
  const actor = held === null ? null : getRequester(sql, held.madeBy, now)
  const approvable = checkApproval(held, actor, caller, now)
  if (!approvable.ok) return approvable
  if (actor === null) return refuse({ code: 'requester_gone' })
  const { value } = approvable
  return ok({
    request: {
      actor,
      caller,
      // Only edits wait for approval.
      intent: value.change as Decidable,
      reason: value.reason ?? reason,
      approverReason: reason,
      pressedReason,
      release: value,
      approver: caller,
      breakGlass,
    },
    consumedHeldIds,
  })
}
