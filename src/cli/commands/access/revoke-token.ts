/** `token revoke`: ends a token. What it had set up for a time still ends, and is named. */
import type { OwnToken, TokenRevoked } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { performChange } from '../../change/perform-change.ts'
import type { Context } from '../../command.ts'
import type { Exit } from '../../exit.ts'
import type { Input } from '../../input/input.ts'
import { showValue } from '../../output/print.ts'
import { formatTime } from '../../output/time-text.ts'
import { toLabel } from './describe-token.ts'
import { findToken } from './find-token.ts'

/** The most time-boxes that are named. */
const NAMED_MAX = 10

export async function revokeToken(named: string, input: Input, { print, session }: Context): Promise<Exit> {
  const stash = session()
  const { id, found } = await findToken(stash, named)
  const who = found === null ? id : `${toLabel(found)} (${id})`
  const isOwn = (await readOwnId(stash)) === id
  const own = isOwn ? ' It is the token that this command uses.' : ''
  return performChange(print, stash, input, {
    method: 'DELETE',
    path: stash.path(`/tokens/${encodeURIComponent(id)}`),
    call: toReasonCall(input),
    action: `Revoke the token of ${who}`,
    consequence: `the token of ${who} ends, with its links and scheduled changes.${own}`,
    // The answer of this route has `leaves`; that of an older service has not.
    done: (reply) => `the token of ${who} is revoked.${describeLeaves(reply as Partial<TokenRevoked>)}`,
  })
}

async function readOwnId(stash: Session): Promise<string> {
  return (await stash.read<OwnToken>('/token', { token_id: 'string' })).body.token_id
}

function describeLeaves({ leaves = [], leaves_truncated: isMore }: Partial<TokenRevoked>): string {
  if (leaves.length === 0) return ''
  const ends = leaves.slice(0, NAMED_MAX).map(({ key, at, goes_back_to: value }) => {
    return `${key} ${value === null ? 'is deleted' : `goes back to ${showValue(value)}`} at ${formatTime(at)}`
  })
  const more = isMore === true || leaves.length > NAMED_MAX ? '; and more: "switchyard held"' : ''
  return ` What it had set for a time still ends: ${ends.join('; ')}${more}.`
}
