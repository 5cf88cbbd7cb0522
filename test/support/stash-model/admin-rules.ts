/** The rules of a modelled stash for tokens. The rules for its values are in `rules.ts`, those for freezes in `freeze-rules.ts`. */
import type { Applied, Intent } from '../../../src/model/intent.ts'
import { matches } from '../../../src/model/access/pattern.ts'
import { ABILITIES } from '../../../src/model/access/ability.ts'
import { toTokenId } from '../../../src/model/access/token.ts'
import type { Ledger } from './ledger.ts'
import { checkRevision, refuse, touches, type Actor, type ChangeRequest, type TokenRow } from './rules.ts'

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

/**
 * The values that pending reverts will restore, the earliest first, for the keys that the actor reaches. With `setBy`, only
 * those of the reverts that this token set; with `patterns`, only those of keys that one of these matches.
 */
export function pendingEnds(
  ledger: Ledger,
  actor: Actor,
  setBy: string | null,
  patterns: string[] = ['*'],
): NonNullable<Applied['pending']> {
  const reverts = [...ledger.held.values()]
    .filter(({ kind, set_by: setter }) => kind === 'revert' && (setBy === null || setter?.id === setBy))
    .sort((a, b) => (a.due_at ?? 0) - (b.due_at ?? 0))
  const ends = reverts.flatMap(({ id, change, due_at: at }) =>
    change.kind !== 'patch'
      ? []
      : change.changes
          .filter(({ key }) => touches(actor, key) && patterns.some((pattern) => matches(pattern, key)))
          .map(({ key, value }) => ({ heldId: id, key, at: at ?? 0, goesBackTo: value })),
  )
  return { ends, isWhole: true }
}

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
