/** Releases a held change that is due, for the alarm and for requests that find an end due. Runs in the caller's transaction. */
import { toDroppedDetail } from '../../model/decide/decide-held.ts'
import { createEntry } from '../../model/decide/decision.ts'
import type { Detail } from '../../model/entry.ts'
import type { Decidable } from '../../model/decide/facts.ts'
import { isInternal, type Held } from '../../model/held.ts'
import type { Actor } from '../../model/access/permit.ts'
import type { Refusal } from '../../model/refusal.ts'
import { decideAndCommit } from './apply.ts'
import { commit } from './commit.ts'
import { dropHeld, findHeld, postpone } from '../tables/held.ts'
import { getStash } from '../tables/stash-row.ts'
import { getRequester } from '../tables/tokens.ts'

/** A revert whose release was refused is tried again after this: the stash may have room by then. */
const REVERT_RETRY_MS = 60_000

const STASH: Actor = { kind: 'system', label: 'stash' }

export function releaseDue(sql: SqlStorage, id: string, now: number): void {
  const held = findHeld(sql, id)
  // An earlier release of the same batch may have dropped it, or held it anew for a later time.
  if (held === null || held.kind === 'link' || held.dueAt > now) return
  const actor = getRequester(sql, held.madeBy, now)
  // An approval request is due when it expires.
  if (held.kind === 'approval') return dropRefused(sql, held, actor, 'expired', null, now)
  if (actor === null) return dropRefused(sql, held, null, 'refused', { code: 'requester_gone' }, now)

  const intent = held.change as Decidable
  const request = { actor, caller: actor, intent, reason: held.reason, release: held, approver: null, breakGlass: null }
  const applied = decideAndCommit(sql, request, now)
  if (applied.ok) return
  // A revert must not be dropped: it is tried again until there is room. It stays listed, and can be cancelled.
  if (held.kind === 'revert') return postpone(sql, held.id, now + REVERT_RETRY_MS)
  dropRefused(sql, held, actor, 'refused', applied.refusal, now)
}

/**
 * Drops a change whose release was refused, or an approval request that has expired, and logs the reason. The change is
 * not tried again, even where a later try could succeed (after a freeze): it must not be made at a time that its requester does
 * not expect.
 */
function dropRefused(
  sql: SqlStorage,
  held: Held,
  requester: Actor | null,
  because: NonNullable<Detail['dropped']>['because'],
  refusal: Refusal | null,
  now: number,
): void {
  dropHeld(sql, held.id)
  // A refused lapse or thaw found nothing left to do, which needs no entry.
  if (isInternal(held.kind)) return
  const stash = getStash(sql)
  const entry = createEntry('drop_held', toDroppedDetail(held, requester, because, refusal ?? undefined))
  const applied = { revision: stash.revision + 1, changed: [] }
  commit(sql, stash, { applied, entry, effects: [] }, { actor: STASH, heldId: held.id, reason: held.reason, now })
}
