/** Shows flags by key or pattern: value, since when and until when. All of it is public, so it takes no token. */
import { createKeyMatcher } from '../../../model/access/key-matcher.ts'
import type { FlagMeta, FlagsWithMeta } from '../../api/answer-types.ts'
import { isPattern, noSuchFlag, readFlags } from '../../change/find-flags.ts'
import type { Context } from '../../command.ts'
import { EXIT, type Exit } from '../../exit.ts'
import { bold, dim, paint, showValue, type Paint, type Piece } from '../../output/print.ts'
import { formatRelative, formatRelativeFirst } from '../../output/time-text.ts'

/**
 * @param keys keys and patterns; none: every flag
 * @param demandAll whether each key and pattern must be of a flag; else some of them suffice
 */
export async function showFlags(
  { print, session }: Context,
  keys: readonly string[],
  { demandAll = false } = {},
): Promise<Exit> {
  const stash = session()
  const query = { meta: 1, keys: keys.length === 0 ? undefined : keys.join(',') }
  const { body } = await stash.readPublic<FlagsWithMeta>('/flags', { flags: 'object', revision: 'number' }, query)
  const flags = Object.entries(body.flags).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const missing = keys.find((key) => !flags.some(([found]) => createKeyMatcher([key])(found)))
  const isOneMissing = missing !== undefined && (demandAll || !keys.some(isPattern))
  if (isOneMissing) throw noSuchFlag(stash, missing, (await readFlags(stash)).keys())
  if (flags.length === 0 && keys.length > 0) throw noSuchFlag(stash, keys.at(-1) ?? '', [])
  print.data(
    { stash: stash.label, revision: body.revision, flags: flags.map(([key, meta]) => ({ key, ...meta })) },
    flags.map(([key]) => key),
    () => print.table(flags.map(([key, meta]) => toRow(key, meta))),
  )
  if (flags.length === 0) print.say(`${stash.label}: no flags.`)
  return EXIT.done
}

export const toRow = (key: string, meta: FlagMeta): Piece[] => [
  bold(key),
  paint(colourOf(meta), showValue(meta.value)),
  meta.until === null ? '' : `ends ${formatRelativeFirst(meta.until)}`,
  dim(meta.changed_at === null ? '' : `changed ${formatRelative(meta.changed_at)}`),
]

/** By the safe value where the guard has one, else by the time-box. */
export const colourOf = ({ safe, until }: FlagMeta): Paint | undefined =>
  safe === false ? 'red' : until === null ? undefined : 'yellow'
