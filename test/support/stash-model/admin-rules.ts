/** The rules of a modelled stash for freezes and tokens. The rules for its values are in `rules.ts`. */
import type { Applied, Intent } from '../../../src/model/intent.ts'
import { matches } from '../../../src/model/access/pattern.ts'
import { ABILITIES } from '../../../src/model/access/permit.ts'
import { toTokenId } from '../../../src/model/access/token.ts'
import type { Ledger } from './ledger.ts'
import { toHeld } from './edit.ts'
import { checkRevision, isFrozen, refuse, touches, type Actor, type ChangeRequest, type TokenRow } from './rules.ts'

const YEAR = 366 * 24 * 60 * 60_000

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

export function freezeStash(ledger: Ledger, { until }: Of<'freeze'>, request: ChangeRequest, now: number): Applied {
  const { actor, reason } = request
  const { label } = checkMayFreeze(actor)
  if (until !== null && until <= now) refuse('time_past')
  if (until !== null && until > now + YEAR) refuse('time_too_far')
  checkRevision(ledger, request)
  const freeze = { until, reason, by: label }
  ledger.freeze = freeze
  ledger.held.delete('thaw')
  if (until !== null) ledger.hold(toThaw(until, now))
  const revision = ledger.revise('freeze', actor, { reason, detail: { freeze } }, now)
  return { revision, changed: [], did: 'freeze', freeze: { until, reason }, pending: pendingEnds(ledger, actor, null) }
}

export function unfreezeStash(ledger: Ledger, request: ChangeRequest, now: number): Applied {
  const { actor, reason } = request
  checkMayFreeze(actor)
  const { freeze } = ledger
  if (freeze === null || !isFrozen(ledger, now)) return refuse('not_frozen')
  checkRevision(ledger, request)
  ledger.freeze = null
  ledger.held.delete('thaw')
  const revision = ledger.revise('unfreeze', actor, { reason, detail: { freeze } }, now)
  return { revision, changed: [], did: 'unfreeze' }
}

/** Ends a freeze whose time is over. */
export function thaw(ledger: Ledger, { release, reason }: ChangeRequest, now: number): Applied {
  const { freeze } = ledger
  if (release !== null) ledger.held.delete(release.id)
  ledger.freeze = null
  if (freeze === null) return { revision: ledger.revision, changed: [] }
  const fields = { heldId: release?.id ?? null, reason, detail: { freeze } }
  return { revision: ledger.revise('unfreeze', 'stash', fields, now), changed: [] }
}

/**
 * The values that pending reverts will restore, the earliest first, for the keys that the actor reaches. With `setBy`, only
 * those of the reverts that this token set.
 */
function pendingEnds(ledger: Ledger, actor: Actor, setBy: string | null): NonNullable<Applied['pending']> {
  const reverts = [...ledger.held.values()]
    .filter(({ kind, set_by: setter }) => kind === 'revert' && (setBy === null || setter?.id === setBy))
    .sort((a, b) => (a.due_at ?? 0) - (b.due_at ?? 0))
  const ends = reverts.flatMap(({ id, change, due_at: at }) =>
    change.kind !== 'patch'
      ? []
      : change.changes
          .filter(({ key }) => touches(actor, key))
          .map(({ key, value }) => ({ heldId: id, key, at: at ?? 0, goesBackTo: value })),
  )
  return { ends, isWhole: true }
}

/** A freeze concerns every key, so it requires a token that reaches every key. */
function checkMayFreeze(actor: Actor): TokenRow {
  if (typeof actor === 'string') return refuse('token_missing')
  if (!actor.can.includes('freeze')) return refuse('not_permitted')
  return actor.keys.some((pattern) => /^\*+$/.test(pattern)) ? actor : refuse('not_permitted', '*')
}

const toThaw = (until: number, now: number) =>
  toHeld({
    id: 'thaw',
    kind: 'thaw',
    change: { kind: 'thaw' },
    keys: [],
    reason: 'its time is over',
    made_at: now,
    due_at: until,
  })

export function addToken(ledger: Ledger, spec: Of<'add_token'>, request: ChangeRequest, now: number): Applied {
  const { actor, reason } = request
  const granter = checkMayGrant(actor)
  const { hash, label, can, keys, expiresInMs } = spec
  const id = toTokenId(hash)
  const expiresAt = expiresInMs === null ? granter.expiresAt : now + expiresInMs
  const holder = granter.master ? id : granter.holder
  const origin = { holder, granted: ledger.revision + 1, endsAs: null, endedAt: null }
  const token = { id, hash, label, master: false, can, keys, expiresAt, line: id, madeBy: granter.id, ...origin }
  checkReach(token, granter)
  if ([...ledger.tokens.keys()].some((one) => ledger.getLiveToken(one, now)?.label === label)) refuse('label_taken')
  checkRevision(ledger, request)
  ledger.tokens.set(id, token)
  const facts = { id, label, can, keys, expiresAt }
  return {
    revision: ledger.revise('add_token', actor, { reason, detail: { token: facts } }, now),
    changed: [],
    did: 'add_token',
    token: facts,
  }
}

export function revokeToken(
  ledger: Ledger,
  { tokenId }: Of<'revoke_token'>,
  request: ChangeRequest,
  now: number,
): Applied {
  const { actor, reason } = request
  const own = typeof actor !== 'string' && actor.id === tokenId
  const caller = own ? actor : checkMayGrant(actor)
  const token = ledger.getLiveToken(tokenId, now)
  if (token === null) return refuse('token_not_found')
  if (isCurrentMaster(token)) refuse('master_token')
  if (!own) checkReach(token, caller)
  checkRevision(ledger, request)
  const pending = pendingEnds(ledger, actor, tokenId)
  ledger.endToken(tokenId, now, now)
  const { id, label, can, keys, expiresAt } = token
  const detail = { token: { id, label, can, keys, expiresAt } }
  const revision = ledger.revise('revoke_token', actor, { reason, detail }, now)
  return { revision, changed: [], did: 'revoke_token', pending }
}

export function replaceMaster(
  ledger: Ledger,
  { hash, overlapMs }: Of<'rotate_master'>,
  request: ChangeRequest,
  now: number,
): Applied {
  const { actor: old, reason } = request
  if (typeof old === 'string') return refuse('token_missing')
  if (!isCurrentMaster(old)) refuse('not_permitted')
  checkRevision(ledger, request)
  const id = toTokenId(hash)
  const oldUntil = now + overlapMs
  const { label, keys, line } = old
  const can = [...ABILITIES]
  const origin = { holder: old.holder, granted: ledger.revision + 1, endsAs: null, endedAt: null }
  ledger.tokens.set(id, { id, hash, label, master: true, can, keys, expiresAt: null, line, madeBy: old.id, ...origin })
  for (const one of ledger.tokens.values()) {
    // Older tokens of the same line must not outlive the replaced one.
    const isOlder = one.line === line && one.id !== id && (one.expiresAt === null || one.expiresAt > oldUntil)
    if (isOlder && ledger.getLiveToken(one.id, now) !== null) ledger.endToken(one.id, oldUntil, now)
  }
  for (const held of ledger.held.values()) {
    const passesOn = held.made_by === old.id && (held.kind === 'schedule' || held.kind === 'approval')
    if (passesOn) ledger.held.set(held.id, { ...held, made_by: id })
    if (held.set_by?.id === old.id) ledger.held.set(held.id, { ...held, set_by: { ...held.set_by, id } })
  }
  const token = { id, label, can, keys, expiresAt: null }
  const revision = ledger.revise('rotate_master', old, { reason, detail: { token, oldUntil } }, now)
  return { revision, changed: [], did: 'rotate_master', token, oldTokenUntil: oldUntil }
}

const isCurrentMaster = ({ master, expiresAt }: TokenRow): boolean => master && expiresAt === null

function checkMayGrant(actor: Actor): TokenRow {
  if (typeof actor === 'string') return refuse('token_missing')
  return actor.can.includes('tokens') ? actor : refuse('not_permitted')
}

/** Checks that the granter has at least the abilities, keys and lifetime of the token that it grants or revokes. */
function checkReach(token: TokenRow, granter: TokenRow): void {
  const abilities = token.can.every((ability) => granter.can.includes(ability))
  const keys = token.keys.every((narrow) => granter.keys.some((wide) => matches(wide, narrow)))
  const life = granter.expiresAt === null || (token.expiresAt !== null && token.expiresAt <= granter.expiresAt)
  if (!abilities || !keys || !life || (token.master && !granter.master)) refuse('grants_too_much')
}
