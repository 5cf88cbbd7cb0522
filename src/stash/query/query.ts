/** Queries that need a credential, except `standing` in the WrenDB profile. Public reads use `vouch` and `snapshot` instead. */
import { isWithin } from '../../model/decide/decide-token.ts'
import type { GuardRow } from '../../model/decide/facts.ts'
import { checkHealth, type Checks, type HealthFacts } from '../../model/health.ts'
import type { Credential } from '../../model/intent.ts'
import { permits, reaches, reachesAll, type TokenActor } from '../../model/access/permit.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { answerLink, listHeld, type HeldPage, type LinkAnswer } from './query-held.ts'
import { listGuardsByKey } from '../tables/guards.ts'
import { readHistory, verifyHistory, type HistoryPage, type Verified } from './history.ts'
import { getItemsAt } from '../tables/items-at.ts'
import { listItemsByAge, listItemsByKey, toItemRow, type ItemRow } from '../tables/items.ts'
import { getStash } from '../tables/stash-row.ts'
import { authenticate, getTokenFacts, listTokens, type TokenFacts } from '../tables/tokens.ts'

export type Query =
  | { kind: 'items' }
  | { kind: 'link' }
  /** Whether the stash accepts the credential. A token of the stash need not be able to write. `dryRun`: the use of the token is not recorded. */
  | { kind: 'standing'; dryRun?: boolean }
  | { kind: 'tokens' }
  /** The token that asks. */
  | { kind: 'token' }
  | { kind: 'guards' }
  | { kind: 'held'; after: number; limit: number }
  | { kind: 'history'; key: string | null; before: number | null; limit: number }
  /** A slice of the chain: from the entry after this one. */
  | { kind: 'verify'; after: number }
  | { kind: 'export' }
  | { kind: 'health' }

export type QueryResult =
  /** The members are absent in answers of versions without slugs. `master`: whether the credential is a master token. */
  | { kind: 'standing'; master?: boolean; slug?: string | null; revision?: number }
  | { kind: 'items'; revision: number; items: ItemRow[] }
  | LinkAnswer
  | { kind: 'tokens'; tokens: TokenFacts[] }
  | ({ kind: 'token' } & TokenFacts)
  | { kind: 'guards'; revision: number; guards: GuardRow[] }
  | ({ kind: 'held' } & HeldPage)
  | ({ kind: 'history' } & HistoryPage)
  | ({ kind: 'verify' } & Verified)
  | { kind: 'health'; revision: number; at: number; checks: Checks }
  | {
      kind: 'export'
      revision: number
      name: string | null
      description: string | null
      items: ItemRow[]
      guards: GuardRow[]
    }

export function answerQuery(
  sql: SqlStorage,
  stashId: string,
  credential: Credential,
  question: Query,
  now: number,
  health: () => HealthFacts,
): Result<QueryResult> {
  if (question.kind === 'link') return answerLink(sql, credential, now)
  if (credential.kind === 'none') return answerAnonymous(sql, question)
  // The admin may make some writes, and may see errors in the bodies of these. All other queries need a token.
  if (credential.kind === 'admin' && question.kind === 'standing') {
    const { slug, revision } = getStash(sql)
    return ok({ kind: 'standing', master: false, slug, revision })
  }
  const actor =
    credential.kind === 'token' ? authenticate(sql, credential.hash, now) : refuse({ code: 'invalid_token' })
  return actor.ok ? answerActor(sql, stashId, actor.value, question, now, health) : actor
}

/** Most queries are open to every token; the answer is limited to the keys that the token reaches. */
function answerActor(
  sql: SqlStorage,
  stashId: string,
  actor: TokenActor,
  question: Exclude<Query, { kind: 'link' }>,
  now: number,
  health: () => HealthFacts,
): Result<QueryResult> {
  const mine = <T extends { key: string }>(all: T[]): T[] => all.filter(({ key }) => reaches(actor, key))
  const { revision, name, description, slug } = getStash(sql)
  switch (question.kind) {
    case 'standing':
      return ok({ kind: 'standing', master: actor.master, slug, revision })
    case 'items':
      return ok({ kind: 'items', revision, items: mine(getItemsAt(sql, listItemsByAge(sql), now)).map(toItemRow) })
    case 'guards':
      return ok({ kind: 'guards', revision, guards: mine(listGuardsByKey(sql)) })
    case 'tokens':
      if (!permits(actor, 'tokens')) return refuse({ code: 'not_permitted', needs: 'tokens' })
      return ok({ kind: 'tokens', tokens: listTokens(sql, now).filter(({ token }) => isWithin(token, actor).ok) })
    case 'token':
      return ok({ kind: 'token', ...getTokenFacts(sql, actor) })
    case 'held':
      return ok({ kind: 'held', ...listHeld(sql, actor, question, now) })
    case 'history':
      return ok({ kind: 'history', ...readHistory(sql, actor, question) })
    case 'verify':
      // It reads all of history, so the token must reach every key.
      if (!reachesAll(actor)) return refuse({ code: 'not_permitted', needs: 'any', key: '*' })
      return ok({ kind: 'verify', ...verifyHistory(sql, stashId, question.after) })
    case 'health': {
      // Every token gets the numbers, and only the keys that it reaches.
      const checks = checkHealth(health(), now, (key) => reaches(actor, key))
      return ok({ kind: 'health', revision, at: now, checks })
    }
    case 'export':
      // A partial export looks like a complete one, and could be restored with `replace`.
      if (!reachesAll(actor)) return refuse({ code: 'not_permitted', needs: 'any', key: '*' })
      return ok({
        kind: 'export',
        revision,
        name,
        description,
        items: getItemsAt(sql, listItemsByKey(sql), now)
          .toSorted((a, b) => (a.key < b.key ? -1 : 1))
          .map(toItemRow),
        guards: listGuardsByKey(sql),
      })
  }
}

function answerAnonymous(sql: SqlStorage, question: Query): Result<QueryResult> {
  const takesAnyone = question.kind === 'standing' && getStash(sql).profile === 'wrendb'
  return takesAnyone ? ok({ kind: 'standing' }) : refuse({ code: 'token_missing' })
}
