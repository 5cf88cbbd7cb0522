/** `token list`: the tokens of a stash: who holds them, what they may do, and when they expire. */
import type { OwnToken } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import type { Context } from '../../command.ts'
import { EXIT, type Exit } from '../../exit.ts'
import { bold, dim, paint, type Paint, type Piece } from '../../output/print.ts'
import { formatRelative, formatRelativeFirst } from '../../output/time-text.ts'
import { toLabel } from './describe-token.ts'
import { readTokens, type Listed } from './find-token.ts'

/** A token that expires sooner is marked. */
const SOON_MS = 7 * 24 * 60 * 60_000

export async function listTokens({ print, session }: Context): Promise<Exit> {
  const stash = session()
  const [all, own] = await Promise.all([readTokens(stash), readOwnId(stash)])
  const labels = new Map(all.map((one) => [one.token_id, toLabel(one)]))
  const tokens = all.map((one) => ({ ...one, yours: one.token_id === own }))
  const names = all.map(({ token_id: id }) => id)
  print.data({ stash: stash.label, tokens }, names, () =>
    print.table(all.map((one) => toRow(one, one.token_id === own, labels))),
  )
  return EXIT.done
}

/** Null: an older service does not tell. */
async function readOwnId(stash: Session): Promise<string | null> {
  try {
    return (await stash.read<OwnToken>('/token', { token_id: 'string' })).body.token_id
  } catch {
    return null
  }
}

function toRow(one: Listed, isOwn: boolean, labels: Map<string, string>): Piece[] {
  const { token_id: id, master, can, keys, expires_at: end, last_used_at: used, made_by: maker } = one
  return [
    isOwn ? '*' : ' ',
    bold(toLabel(one)),
    id,
    master ? 'everything' : `${can.join(',')} of ${keys.join(',')}`,
    end === null ? dim('no end') : paint(colourOfEnd(end) ?? 'dim', describeEnd(end)),
    dim(used === null ? 'never used' : `used ${formatRelative(used)}`),
    dim(maker === null ? '' : `made by ${labels.get(maker) ?? maker}`),
    isOwn ? 'yours' : '',
  ]
}

const describeEnd = (end: string): string =>
  `${Date.parse(end) <= Date.now() ? 'expired' : 'expires'} ${formatRelativeFirst(end)}`

export const colourOfEnd = (end: string): Paint | undefined =>
  Date.parse(end) - Date.now() < SOON_MS ? 'yellow' : undefined
