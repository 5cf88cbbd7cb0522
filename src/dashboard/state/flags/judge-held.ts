/**
 * Where a pending change stands on the page, and which of its buttons the service would not refuse. Pure, but for the clock.
 */
import type { Approvability } from '../content.ts'
import type { Guard, HeldChange } from '../../api/answer-types.ts'
import { serviceNow } from '../../api/service-time.ts'
import { findWholeFreeze, type FlagView } from './flag-view.ts'
import type { Stash } from '../stash.ts'
import { listWrites } from '../../text/words.ts'

export type Place = 'me' | 'others' | 'itself'

export type Judged = {
  held: HeldChange
  place: Place
  /** Why this token cannot approve it, or cannot let it stay. '': there is nothing to say. */
  why: string
  mayApprove: boolean
  /** Declines an approval, cancels a schedule or a link, or drops the end of a time-box. */
  mayDrop: boolean
  /** The change that ends the time-box now. null: there is none, or this token may not make it. */
  end: { key: string; value: string } | null
}

/** The service is asked about so many approvals (state/details.ts). */
const ASKED_MAX = 30

type Views = ReadonlyMap<string, FlagView>

/** @param views the flags as they stand now */
export function judge(stash: Stash, held: HeldChange, views: Views): Judged {
  const none = { held, why: '', mayApprove: false, mayDrop: false, end: null }
  if (held.kind === 'approval') return { ...none, ...judgeApproval(stash, held, views) }
  if (held.kind === 'revert') return { ...none, place: 'itself', ...judgeEnd(stash, held, views) }
  return { ...none, place: 'itself', mayDrop: isMine(stash, held) || mayAll(stash, 'write', held) }
}

/** Whether this token asked for it. Two valid tokens never have the same label. */
const isMine = ({ content: { me } }: Stash, { made_by: by }: HeldChange): boolean => me !== null && me.label === by

const mayAll = (stash: Stash, ability: 'write' | 'approve', { keys }: HeldChange): boolean =>
  stash.may(ability) && keys.every((key) => stash.may(ability, key))

/** Whether this token can give the approval that the change waits for. */
function needsMe(stash: Stash, held: HeldChange): boolean {
  const { approvability, held: all } = stash.content
  const known = approvability.get(held.held_id)
  if (known !== undefined) return known?.may === true
  // Of very many approvals the service is asked about the first ones only. The token itself says most of it.
  if (isMine(stash, held) || !mayAll(stash, 'approve', held)) return false
  return all.filter(({ kind }) => kind === 'approval').length > ASKED_MAX
}

/** How many pending changes need me. */
export const countForMe = (stash: Stash): number =>
  stash.content.held.filter((held) => held.kind === 'approval' && needsMe(stash, held)).length

function judgeApproval(
  stash: Stash,
  held: HeldChange,
  views: Views,
): Pick<Judged, 'place' | 'why' | 'mayApprove' | 'mayDrop'> {
  const { content } = stash
  const known = content.approvability.get(held.held_id)
  const isOwn = isMine(stash, held)
  const mayByToken = mayAll(stash, 'approve', held)
  const mayDrop = isOwn || mayByToken
  if (needsMe(stash, held)) {
    const isStopped = isStoppedByFreeze(stash, held.keys, views)
    return { place: 'me', why: isStopped ? STOPPED : '', mayApprove: !isStopped, mayDrop }
  }
  return { place: 'others', why: describeWhy(known, isOwn, mayByToken), mayApprove: false, mayDrop }
}

function describeWhy(known: Approvability | undefined, isOwn: boolean, mayByToken: boolean): string {
  const why = known?.why ?? ''
  if (isOwn) return 'You asked for this. Another person has to approve it.'
  if (why === 'own_request') return 'A token that counts as you asked for this. Another person has to approve it.'
  if (why === 'granted_after_request')
    return 'A master token asked for this, before your token was created. A person with an older token has to approve it.'
  if (why === 'requester_gone')
    return 'The token that asked for this was revoked or has expired. It can only be declined, and asked for again.'
  if (why !== '' || !mayByToken) return 'Your token may not approve it.'
  return 'Checking whether your token may approve it…'
}

function judgeEnd(stash: Stash, held: HeldChange, views: Views): Pick<Judged, 'why' | 'mayDrop' | 'end'> {
  const [write, ...more] = listWrites(held.change)
  const isSingle = write !== undefined && write.after !== null && more.length === 0
  const mayWrite = mayAll(stash, 'write', held)
  const isStopped = isStoppedByFreeze(stash, held.keys, views)
  const end = isSingle && mayWrite && !isStopped ? { key: write.key, value: write.after ?? '' } : null
  if (!mayWrite) return { why: '', mayDrop: false, end }
  const why = isStopped ? STOPPED_END : findObstacle(stash, held)
  return { why, mayDrop: why === '', end }
}

/** Why the service would not let the value stay for good. The same rules hold as for a change with no end. */
function findObstacle(stash: Stash, { keys }: HeldChange): string {
  const { guards, flags } = stash.content
  for (const key of keys) {
    const guard: Guard | undefined = guards.get(key)
    if (guard === undefined) continue
    const isUnsafe = guard.safe_value !== undefined && flags.get(key) !== guard.safe_value
    if (guard.max_for !== undefined && isUnsafe) return 'Its rules limit how long it may stay at this value.'
    if (guard.approvals === 1)
      return `To keep it with no end, ask for that as a change of ${key}: it needs an approval.`
  }
  return ''
}

const STOPPED = 'A freeze stops this change. You can approve it when the freeze has ended.'
const STOPPED_END = 'A freeze stops changes of it now. It still ends by itself.'

/** Whether a freeze stops a change of these keys, and this token may not override it. */
export const isStoppedByFreeze = (stash: Stash, keys: string[], views: Views): boolean =>
  !stash.may('break_glass') && isFrozen(stash, keys, views)

/** Whether a freeze covers one of these keys now. */
export const isFrozen = (stash: Stash, keys: string[], views: Views = stash.views()): boolean =>
  findWholeFreeze(stash.content, serviceNow()) !== undefined || keys.some((key) => views.get(key)?.isFrozen === true)
