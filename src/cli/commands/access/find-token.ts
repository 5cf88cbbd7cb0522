/** Finds a token in the list of the stash, by its id or its label. Older labels may be those of several tokens. */
import { RefusedError } from '../../../client/requests/errors.ts'
import type { OwnToken, TokenList } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { Declined } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import { toLabel } from './describe-token.ts'

export type Listed = TokenList['tokens'][number]

const ID = /^[0-9a-f]{16}$/

export async function readTokens(stash: Session, deadlineMs?: number): Promise<Listed[]> {
  return (await stash.read<TokenList>('/tokens', { tokens: 'list' }, {}, deadlineMs)).body.tokens
}

/**
 * @param found null: the token may not list others, and names this one by its id
 * @throws {Declined} if there is none, or more than one
 */
export async function findToken(stash: Session, named: string): Promise<{ id: string; found: Listed | null }> {
  let all: Listed[]
  try {
    all = await readTokens(stash)
  } catch (fault) {
    const isLimited = fault instanceof RefusedError && fault.code === 'not_permitted'
    // A token that may not list others may still end or replace itself.
    const own = isLimited ? (await stash.read<OwnToken>('/token', { token_id: 'string', label: 'string' })).body : null
    if (own !== null && toLabel(own) === named) return { id: own.token_id, found: { ...own, last_used_at: null } }
    if (own !== null && ID.test(named)) return { id: named, found: null }
    throw fault
  }
  const byId = all.find(({ token_id: id }) => id === named)
  const matches = byId === undefined ? all.filter((one) => toLabel(one) === named) : [byId]
  const [found, ...others] = matches
  if (found === undefined) throw noSuchToken(stash, named, all)
  if (others.length === 0) return { id: found.token_id, found }
  const ids = matches.map(({ token_id: id }) => id)
  throw new Declined(
    'several_tokens',
    `${stash.label}: ${matches.length} tokens have the label "${named}": name one by its id, ${ids.join(', ')}. Nothing was changed.`,
    { label: named, token_ids: ids },
  )
}

function noSuchToken(stash: Session, named: string, all: readonly Listed[]): Declined {
  const near = listNearest(named, new Set(all.flatMap((one) => [toLabel(one), one.token_id])))
  return new Declined(
    'token_not_found',
    `${stash.label}: there is no token "${named}"${askIfMeant(near)} "switchyard token list" has them. Nothing was changed.`,
    { token: named, did_you_mean: near },
  )
}
