/**
 * An independent model of a stash, with plain maps as tables (`stash-model/ledger.ts`) and decisions of its own (`rules.ts`).
 * It shares with `src` only formats (the hashed text, ids, abilities, patterns, guards, durations) and the statuses of refusals.
 *
 * It takes random ids from the stash: from its answers (`Drawn`), and for changes that an alarm held, from its tables (`adopt`).
 */
import { PROBLEMS } from '../../src/http/response/problem/problem-table.ts'
import type { Detail, EntryChange } from '../../src/model/entry.ts'
import type { FlatHeld as Held } from '../../src/stash/tables/held-row.ts'
import type { Applied, Command, Credential, Edit, Holdable, Intent } from '../../src/model/intent.ts'
import { toTokenId } from '../../src/model/access/token.ts'
import { addToken, replaceMaster, revokeToken } from './stash-model/admin-rules.ts'
import { freeze, thaw, unfreeze } from './stash-model/freeze-rules.ts'
import { Ledger, type Creation } from './stash-model/ledger.ts'
import { edit, hold, type Drawn, type Moment } from './stash-model/edit.ts'
import { checkApproval, checkDrop } from './stash-model/held-rules.ts'
import { checkRevision, isOver, need, refuse, Refused, type Actor, type ChangeRequest } from './stash-model/rules.ts'

export type Outcome =
  | { ok: true; value: Applied }
  | { ok: false; refusal: { code: string; key: string | undefined; hasDetails: boolean | undefined; keys: Frozen } }
/** For the refusal `frozen`: the patterns of the freeze, null for the whole stash. Else undefined. */
export type Frozen = string[] | null | undefined
type Decidable = Exclude<Intent | Holdable, { kind: 'release' } | { kind: 'approve' }>

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** Refusals that name the guard or the person only to a caller with a token. */
const DETAILED = ['guard_mismatch', 'frozen']
/** The statuses of refusals that a repeat with the same Idempotency-Key gets again, for two minutes. */
const REPLAYABLE = [404, 409, 412, 422, 423]
const NO_RELEASE = { release: null, approver: null, approverReason: null, pressedReason: null }

export class StashModel {
  readonly ledger: Ledger
  #unnamed = 0

  constructor(creation: Creation) {
    this.ledger = new Ledger(creation)
  }

  apply(command: Command, now: number, drawn: Drawn): Outcome {
    this.endDue(now)
    const before = command.dryRun === true ? this.ledger.copy() : null
    try {
      return { ok: true, value: this.#apply(command, { now, drawn }) }
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      const { code, key, frozen } = fault
      const maySee = command.credential.kind === 'token' && frozen?.isVisible !== false
      const hasDetails = DETAILED.includes(code) ? maySee : undefined
      return { ok: false, refusal: { code, key, hasDetails, keys: frozen?.keys } }
    } finally {
      if (before !== null) this.ledger.restore(before)
    }
  }

  #apply(command: Command, moment: Moment): Applied {
    const { credential, intent, reason = null, breakGlass = null, condition, idempotencyKey } = command
    const caller = this.#identify(credential, moment.now)
    const name = `${'hash' in credential ? toTokenId(credential.hash) : 'anonymous'} ${idempotencyKey ?? ''}`
    const request = JSON.stringify([intent, reason, breakGlass, condition ?? null])
    const isAnswered = idempotencyKey !== undefined && command.dryRun !== true
    const known = isAnswered ? this.ledger.answers.get(name) : undefined
    if (known !== undefined && known.at + DAY > moment.now) {
      return known.request === request ? known.applied : refuse('idempotency_mismatch')
    }
    const refused = isAnswered ? this.ledger.refusals.get(name) : undefined
    if (refused !== undefined && refused.at + 2 * MINUTE > moment.now) {
      if (refused.request === request) throw refused.refused
      refuse('idempotency_mismatch')
    }
    this.ledger.sweepLinks(moment.now)
    const change = { ...NO_RELEASE, actor: caller, caller, reason, breakGlass, condition }
    try {
      const applied = this.#resolve(credential, intent, change, moment)
      if (isAnswered) this.ledger.keep(name, request, applied, moment.now)
      return applied
    } catch (fault) {
      const isKept = fault instanceof Refused && REPLAYABLE.includes(PROBLEMS[fault.code].status)
      if (isAnswered && isKept && credential.kind !== 'none') this.ledger.keepRefusal(name, request, fault, moment.now)
      throw fault
    }
  }

  #identify(credential: Credential, now: number): Actor {
    if (credential.kind !== 'token') return 'anonymous'
    return this.ledger.authenticate(credential.hash, now)
  }

  #resolve(credential: Credential, intent: Intent, request: ChangeRequest, moment: Moment): Applied {
    if (intent.kind === 'approve') return this.#approve(intent.heldId, request, moment)
    if (intent.kind !== 'release') return this.#execute(intent, request, moment)
    const link = credential.kind === 'link' ? this.ledger.getLink(credential.hash) : null
    const requester = link === null ? null : this.ledger.getRequester(link, moment.now)
    if (link === null || requester === null || isOver(link, moment.now)) return refuse('link_spent')
    const { reason } = link
    const pressedReason = request.reason
    const { change } = link
    if (change.kind !== 'approve') {
      return this.#execute(change, { ...request, actor: requester, reason, pressedReason, release: link }, moment)
    }
    const applied = this.#approve(
      change.heldId,
      { ...request, caller: requester, reason, pressedReason, breakGlass: null },
      moment,
    )
    this.ledger.held.delete(link.id)
    return applied
  }

  #approve(heldId: string, request: ChangeRequest, moment: Moment): Applied {
    const { caller } = request
    if (typeof caller === 'string') return refuse('token_missing')
    const { held, requester } = checkApproval(this.ledger, heldId, caller, moment.now)
    const { change, reason } = held
    if (change.kind === 'approve') throw new Error('an approval cannot wait for an approval')
    const second = { release: held, approver: caller, approverReason: request.reason }
    return this.#execute(change, { ...request, actor: requester, reason: reason ?? request.reason, ...second }, moment)
  }

  #execute(intent: Decidable, request: ChangeRequest, moment: Moment): Applied {
    const { ledger } = this
    const { now } = moment
    switch (intent.kind) {
      case 'hold_for_link':
        return this.#holdForLink(intent, request, now)
      case 'hold_approval_for_link':
        return this.#holdApprovalForLink(intent, request, now)
      case 'drop_held':
        return this.#drop(intent.heldId, request, now)
      case 'thaw':
        return thaw(ledger, null, request, now)
      case 'thaw_keys':
        return thaw(ledger, intent.keys, request, now)
      case 'freeze':
        return freeze(ledger, null, intent.until, request, now)
      case 'freeze_keys':
        return freeze(ledger, intent.keys, intent.until, request, now)
      case 'unfreeze':
        return unfreeze(ledger, null, request, now)
      case 'unfreeze_keys':
        return unfreeze(ledger, intent.keys, request, now)
      case 'add_token':
        return addToken(ledger, intent, request, now)
      case 'revoke_token':
        return revokeToken(ledger, intent, request, now)
      case 'rotate_master':
        return replaceMaster(ledger, intent, request, now)
      case 'recover':
      case 'rotate_token':
      case 'delete_stash':
      case 'describe_stash':
        throw new Error('stories contain no such intent')
      default:
        return edit(ledger, intent satisfies Edit, request, moment)
    }
  }

  #holdForLink(intent: Extract<Intent, { kind: 'hold_for_link' }>, request: ChangeRequest, now: number): Applied {
    const { change, secretHash, expiresAt, decision = null } = intent
    const keys = change.kind === 'patch' ? change.changes.map(({ key }) => key) : [change.key ?? '']
    need(request.actor, 'write', keys)
    const secret = { id: toTokenId(secretHash), secret_hash: secretHash, expires_at: expiresAt }
    return hold(this.ledger, 'link', change, keys, request, now, { ...secret, decision })
  }

  #holdApprovalForLink(
    { heldId, secretHash, expiresAt }: Extract<Intent, { kind: 'hold_approval_for_link' }>,
    request: ChangeRequest,
    now: number,
  ): Applied {
    const { held } = checkApproval(this.ledger, heldId, request.actor, now)
    const secret = { id: toTokenId(secretHash), secret_hash: secretHash }
    const expires_at = Math.min(expiresAt, held.expires_at ?? Infinity)
    const change = { kind: 'approve' as const, heldId }
    return hold(this.ledger, 'link', change, held.keys, request, now, { ...secret, expires_at })
  }

  #drop(heldId: string, request: ChangeRequest, now: number): Applied {
    const { held, requester, because, glass } = checkDrop(this.ledger, heldId, request, now)
    checkRevision(this.ledger, request)
    this.ledger.held.delete(held.id)
    const detail = { ...toDropDetail(held, requester, because), ...(glass && { brokeGlass: glass }) }
    const { actor, reason } = request
    const revision = this.ledger.revise('drop_held', actor, { reason, detail, changes: toHeldChanges(held) }, now)
    return { revision, changed: [], did: 'drop_held' }
  }

  /** Releases the due reverts, thaws and lapses. The stash does this before it answers a command or a query. */
  endDue(now: number): void {
    for (let held = this.ledger.nextEnd(now); held !== null; held = this.ledger.nextEnd(now))
      this.#releaseDue(held, now)
  }

  /** The alarm: releases the due reverts, thaws and lapses, then up to a hundred other due changes, then removes expired rows. */
  runAlarm(now: number): void {
    this.endDue(now)
    for (let released = 0; released < 100; released++) {
      const held = this.ledger.nextDue(now)
      if (held === null) break
      this.#releaseDue(held, now)
    }
    this.ledger.sweep(now)
  }

  #releaseDue(held: Held, now: number): void {
    const requester = this.ledger.getRequester(held, now)
    const { change, reason } = held
    if (held.kind === 'approval' || change.kind === 'approve') return this.#dropDue(held, requester, 'expired', now)
    if (requester === null) return this.#dropDue(held, null, 'refused', now, 'requester_gone')
    const request = { ...NO_RELEASE, actor: requester, caller: requester, reason, release: held, breakGlass: null }
    const drawn = { key: '', heldId: `?${this.#unnamed++}` }
    try {
      this.#execute(change, request, { now, drawn })
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault
      if (held.kind === 'revert') throw new Error('the end of a time-box was refused', { cause: fault })
      this.#dropDue(held, requester, 'refused', now, fault.code)
    }
  }

  #dropDue(held: Held, requester: Actor | null, because: Because, now: number, refusal?: string): void {
    this.ledger.held.delete(held.id)
    if (held.kind === 'lapse' || held.kind === 'thaw') return
    const detail = toDropDetail(held, requester, because, refusal)
    const fields = { heldId: held.id, reason: held.reason, detail, changes: toHeldChanges(held) }
    this.ledger.revise('drop_held', 'stash', fields, now)
  }

  /** Sets the ids of the changes that the alarm held. @param ids the ids of all held changes of the stash, in order */
  adopt(ids: string[]): void {
    const held = [...this.ledger.held.values()]
    if (held.length !== ids.length) return
    this.ledger.held.clear()
    for (const [i, one] of held.entries()) this.ledger.hold(one.id.startsWith('?') ? { ...one, id: ids[i] ?? '' } : one)
  }
}

type Because = NonNullable<Detail['dropped']>['because']

/** An entry is in the history of a key only if it has a change of the key, so these changes name the keys of a held change. */
const toHeldChanges = ({ keys }: Held): EntryChange[] =>
  keys.map((key) => ({ what: 'held', key, before: null, after: null }))

/** The detail of the history entry of a held change that was dropped. */
function toDropDetail(held: Held, requester: Actor | null, because: Because, refusal?: string): Detail {
  const { id, kind, keys, reason, change, made_by } = held
  const label = requester !== null && typeof requester !== 'string' ? requester.label : null
  const madeBy = label ?? made_by ?? 'stash'
  const why = refusal === undefined ? {} : { refusal }
  return { dropped: { id, kind, keys, reason, does: change.kind, madeBy, because, ...why } }
}
