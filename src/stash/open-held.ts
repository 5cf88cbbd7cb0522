/** Finds the held change that a link's secret or a second person releases, and asks whether it still may go ahead. */
import { checkApproval } from '../model/decide/decide-held.ts'
import type { Decidable, ChangeRequest } from '../model/decide/facts.ts'
import type { Credential } from '../model/intent.ts'
import type { Actor } from '../model/access/permit.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { checkLink, type ReleasableLink } from '../model/decide/check-link.ts'
import { findHeld, heldBySecret } from './held.ts'
import { actorOfId, makerOf } from './tokens.ts'

export function openLink(sql: SqlStorage, credential: Credential, now: number): Result<ReleasableLink> {
  const held = credential.kind === 'link' ? heldBySecret(sql, credential.hash) : null
  const madeBy = held?.made_by ?? null
  return checkLink(held, madeBy === null ? null : actorOfId(sql, madeBy, now), now)
}

type Approval = {
  heldId: string
  /** The second person, or who made the link that one has pressed. */
  speaker: Actor
  reason: string | null
  pressedReason: string | null
  breakGlass: string | null
  /** The link, where it was one. */
  spent: string[]
}

export function openApproval(
  sql: SqlStorage,
  { heldId, speaker, reason, pressedReason, breakGlass, spent }: Approval,
  now: number,
): Result<{ request: ChangeRequest; spent: string[] }> {
  if (speaker.kind !== 'token') return refuse({ code: 'token_missing' })
  const held = findHeld(sql, heldId)
  const actor = held === null ? null : makerOf(sql, held.made_by, now)
  const approvable = checkApproval(held, actor, speaker, now)
  if (!approvable.ok) return approvable
  if (actor === null) return refuse({ code: 'requester_gone' })
  const { value } = approvable
  return ok({
    request: {
      actor,
      caller: speaker,
      // What waits for approval is an edit, or the drop of one.
      intent: value.change as Decidable,
      reason: value.reason ?? reason,
      approverReason: reason,
      pressedReason,
      release: value,
      approver: speaker,
      breakGlass,
    },
    spent,
  })
}
