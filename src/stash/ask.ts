/** Questions that only some may put. Public reads never come here: they have `vouch` and `snapshot`. */
import type { Change, Credential } from '../model/intent.ts'
import type { Item } from '../model/item.ts'
import type { Profile } from '../model/profile.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { itemsByAge, getItems } from './items.ts'
import { keysOf } from '../model/decide.ts'
import { labelOf } from '../model/permit.ts'
import { openLink } from './open-link.ts'
import { getStash } from './stash-row.ts'
import { believe } from './tokens.ts'

export type Question =
  | { kind: 'items' }
  | { kind: 'link' }
  /** Whether the credential may write here at all. */
  | { kind: 'standing' }

export type Answer =
  | { kind: 'standing' }
  | { kind: 'items'; revision: number; items: Item[] }
  /** What a link would do, for the person about to press the button. */
  | {
      kind: 'link'
      profile: Profile
      change: Change
      present: Item[]
      madeBy: string
      expiresAt: number
      reason: string | null
    }

export function answer(sql: SqlStorage, credential: Credential, question: Question, now: number): Result<Answer> {
  switch (question.kind) {
    case 'items':
      if (credential.kind !== 'token' || believe(sql, credential.hash) === null)
        return refuse({ code: 'invalid_token' })
      return ok({ kind: 'items', revision: getStash(sql).revision, items: itemsByAge(sql) })
    case 'link':
      return answerLink(sql, credential, now)
    case 'standing':
      return answerStanding(sql, credential)
  }
}

function answerStanding(sql: SqlStorage, credential: Credential): Result<Answer> {
  if (credential.kind === 'token' && believe(sql, credential.hash) === null) return refuse({ code: 'invalid_token' })
  const takesAnyone = getStash(sql).profile === 'wrendb'
  return credential.kind === 'none' && !takesAnyone ? refuse({ code: 'token_missing' }) : ok({ kind: 'standing' })
}

function answerLink(sql: SqlStorage, credential: Credential, now: number): Result<Answer> {
  const released = openLink(sql, credential, now)
  if (!released.ok) return released
  const { change, expires_at, reason } = released.value.held
  return ok({
    kind: 'link',
    profile: getStash(sql).profile,
    change,
    present: [...getItems(sql, keysOf(change, '')).values()],
    madeBy: labelOf(released.value.actor),
    expiresAt: expires_at ?? 0,
    reason,
  })
}
