/** A modelled stash's own affairs, beside its values: freezes, and the tokens that may act. See `../stash-model.ts`. */
import type { Applied, Intent } from '../../../src/model/intent.ts'
import { matches } from '../../../src/model/access/pattern.ts'
import { ABILITIES } from '../../../src/model/access/permit.ts'
import { toTokenId } from '../../../src/model/access/token.ts'
import type { Books } from './books.ts'
import { heldOf } from './edit.ts'
import { heedRevision, isFrozen, refuse, touches, type Actor, type Motion, type TokenRow } from './rules.ts'

const YEAR = 366 * 24 * 60 * 60_000

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>

export function freezeStash(books: Books, { until }: Of<'freeze'>, request: Motion, now: number): Applied {
  const { actor, reason } = request
  const { label } = mayFreeze(actor)
  if (until !== null && until <= now) refuse('time_past')
  if (until !== null && until > now + YEAR) refuse('time_too_far')
  heedRevision(books, request)
  const freeze = { until, reason, by: label }
  books.freeze = freeze
  books.held.delete('thaw')
  if (until !== null) books.hold(thawAt(until, now))
  const revision = books.revise('freeze', actor, { reason, detail: { freeze } }, now)
  return { revision, changed: [], did: 'freeze', freeze: { until, reason }, pending: pendingEnds(books, actor, null) }
}

export function unfreezeStash(books: Books, request: Motion, now: number): Applied {
  const { actor, reason } = request
  mayFreeze(actor)
  const { freeze } = books
  if (freeze === null || !isFrozen(books, now)) return refuse('not_frozen')
  heedRevision(books, request)
  books.freeze = null
  books.held.delete('thaw')
  const revision = books.revise('unfreeze', actor, { reason, detail: { freeze } }, now)
  return { revision, changed: [], did: 'unfreeze' }
}

/** The end of a freeze, come by itself. */
export function thaw(books: Books, { release, reason }: Motion, now: number): Applied {
  const { freeze } = books
  if (release !== null) books.held.delete(release.id)
  books.freeze = null
  if (freeze === null) return { revision: books.revision, changed: [] }
  const words = { heldId: release?.id ?? null, reason, detail: { freeze } }
  return { revision: books.revise('unfreeze', 'stash', words, now), changed: [] }
}

/** What time-boxes will put back by themselves, the next first: all of them, or those of one token. */
function pendingEnds(books: Books, actor: Actor, setBy: string | null): NonNullable<Applied['pending']> {
  const reverts = [...books.held.values()]
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

/** It stops everybody, so it takes a token for every key. */
function mayFreeze(actor: Actor): TokenRow {
  if (typeof actor === 'string') return refuse('token_missing')
  if (!actor.can.includes('freeze')) return refuse('not_permitted')
  return actor.keys.some((pattern) => /^\*+$/.test(pattern)) ? actor : refuse('not_permitted', '*')
}

const thawAt = (until: number, now: number) =>
  heldOf({
    id: 'thaw',
    kind: 'thaw',
    change: { kind: 'thaw' },
    keys: [],
    reason: 'its time is over',
    made_at: now,
    due_at: until,
  })

export function addToken(books: Books, wish: Of<'add_token'>, request: Motion, now: number): Applied {
  const { actor, reason } = request
  const granter = mayGrant(actor)
  const { hash, label, can, keys, expiresInMs } = wish
  const id = toTokenId(hash)
  const expiresAt = expiresInMs === null ? granter.expiresAt : now + expiresInMs
  const holder = granter.master ? id : granter.holder
  const born = { holder, granted: books.revision + 1, endsAs: null, endedAt: null }
  const token = { id, hash, label, master: false, can, keys, expiresAt, line: id, madeBy: granter.id, ...born }
  heedReach(token, granter)
  if ([...books.tokens.keys()].some((one) => books.tokenNow(one, now)?.label === label)) refuse('label_taken')
  heedRevision(books, request)
  books.tokens.set(id, token)
  const facts = { id, label, can, keys, expiresAt }
  return {
    revision: books.revise('add_token', actor, { reason, detail: { token: facts } }, now),
    changed: [],
    did: 'add_token',
    token: facts,
  }
}

export function revokeToken(books: Books, { tokenId }: Of<'revoke_token'>, request: Motion, now: number): Applied {
  const { actor, reason } = request
  const own = typeof actor !== 'string' && actor.id === tokenId
  const speaker = own ? actor : mayGrant(actor)
  const token = books.tokenNow(tokenId, now)
  if (token === null) return refuse('token_not_found')
  if (isCurrentMaster(token)) refuse('master_token')
  if (!own) heedReach(token, speaker)
  heedRevision(books, request)
  const pending = pendingEnds(books, actor, tokenId)
  books.endToken(tokenId, now, now)
  const { id, label, can, keys, expiresAt } = token
  const detail = { token: { id, label, can, keys, expiresAt } }
  const revision = books.revise('revoke_token', actor, { reason, detail }, now)
  return { revision, changed: [], did: 'revoke_token', pending }
}

export function replaceMaster(
  books: Books,
  { hash, overlapMs }: Of<'rotate_master'>,
  request: Motion,
  now: number,
): Applied {
  const { actor: old, reason } = request
  if (typeof old === 'string') return refuse('token_missing')
  if (!isCurrentMaster(old)) refuse('not_permitted')
  heedRevision(books, request)
  const id = toTokenId(hash)
  const oldUntil = now + overlapMs
  const { label, keys, line } = old
  const can = [...ABILITIES]
  const born = { holder: old.holder, granted: books.revision + 1, endsAs: null, endedAt: null }
  books.tokens.set(id, { id, hash, label, master: true, can, keys, expiresAt: null, line, madeBy: old.id, ...born })
  for (const one of books.tokens.values()) {
    // Those before it end no later than it does.
    const isOlder = one.line === line && one.id !== id && (one.expiresAt === null || one.expiresAt > oldUntil)
    if (isOlder && books.tokenNow(one.id, now) !== null) books.endToken(one.id, oldUntil, now)
  }
  for (const held of books.held.values()) {
    const passesOn = held.made_by === old.id && (held.kind === 'schedule' || held.kind === 'approval')
    if (passesOn) books.held.set(held.id, { ...held, made_by: id })
    if (held.set_by?.id === old.id) books.held.set(held.id, { ...held, set_by: { ...held.set_by, id } })
  }
  const token = { id, label, can, keys, expiresAt: null }
  const revision = books.revise('rotate_master', old, { reason, detail: { token, oldUntil } }, now)
  return { revision, changed: [], did: 'rotate_master', token, oldTokenUntil: oldUntil }
}

const isCurrentMaster = ({ master, expiresAt }: TokenRow): boolean => master && expiresAt === null

function mayGrant(actor: Actor): TokenRow {
  if (typeof actor === 'string') return refuse('token_missing')
  return actor.can.includes('tokens') ? actor : refuse('not_permitted')
}

/** Nobody grants, or revokes, more than they hold. */
function heedReach(token: TokenRow, granter: TokenRow): void {
  const abilities = token.can.every((ability) => granter.can.includes(ability))
  const keys = token.keys.every((narrow) => granter.keys.some((wide) => matches(wide, narrow)))
  const life = granter.expiresAt === null || (token.expiresAt !== null && token.expiresAt <= granter.expiresAt)
  if (!abilities || !keys || !life || (token.master && !granter.master)) refuse('grants_too_much')
}
