/** The status of a stash in words: its totals, and what is known of one flag that is not normal. */
import { describeAuthor } from '../history/describe-entry.ts'
import { paint, showValue, type Paint, type Piece } from '../../../output/print.ts'
import { formatRelative, formatRelativeFirst, formatTime } from '../../../output/time-text.ts'
import type { FlagStatus, Freeze, StashStatus } from './read-status.ts'

export const listNotNormal = ({ flags }: StashStatus): FlagStatus[] =>
  flags
    .filter((flag) => !flag.isNormal)
    // Unsafe flags come first, then those whose time-box ends by itself.
    .toSorted((a, b) => Number(b.safe === false) - Number(a.safe === false))

export const countApprovals = ({ held }: StashStatus): number =>
  (held ?? []).filter(({ kind }) => kind === 'approval').length

/** `2 not normal · 1 needs approval · frozen until 06:00 (in 5 h)`. */
export function describeTotals(status: StashStatus): Piece[] {
  const notNormal = listNotNormal(status)
  const approvals = countApprovals(status)
  const parts = [
    notNormal.length === 0
      ? paint('green', status.flags.length === 0 ? 'no flags' : 'all normal')
      : paint(notNormal.some(({ safe }) => safe === false) ? 'red' : 'yellow', `${notNormal.length} not normal`),
    ...(approvals === 0 ? [] : [paint('yellow', `${approvals} ${approvals === 1 ? 'needs' : 'need'} approval`)]),
    ...status.freezes.map((freeze) => paint('yellow', describeFreeze(freeze))),
  ]
  return parts.flatMap((part, i) => (i === 0 ? [part] : [' · ', part]))
}

export const describeFreeze = ({ keys, until }: Pick<Freeze, 'keys' | 'until'>): string =>
  `${keys === null ? '' : `${keys.join(', ')} `}frozen${until === null ? '' : ` until ${formatTime(until)}`}`

/** Key, value, since, until, and by whom and why where that is known. */
export const toNotNormalRow = (flag: FlagStatus): Piece[] => [
  { text: `  ${flag.key}`, as: 'bold' },
  paint(colourOf(flag), flag.value === null ? 'deleted' : showValue(flag.value)),
  flag.changed_at === null ? '' : `since ${formatRelativeFirst(flag.changed_at)}`,
  flag.until === null ? 'no end' : `until ${formatTime(flag.until)}`,
  describeWriter(flag),
]

/** Red: not at its safe value. Yellow: it ends by itself. */
export const colourOf = ({ safe, until }: Pick<FlagStatus, 'safe' | 'until'>): Paint | undefined =>
  safe === false ? 'red' : until === null ? undefined : 'yellow'

/** When it ends has a column of its own. */
const describeWriter = ({ entry }: FlagStatus): string =>
  entry === undefined ? '' : describeAuthor({ ...entry, reverts_at: undefined })

/** With `--long`, what is known of a flag besides its value. */
export const describeDetails = (flag: FlagStatus): string =>
  [
    flag.type,
    flag.changed_at !== null && `changed ${formatRelative(flag.changed_at)}`,
    describeWriter(flag),
    flag.about,
  ]
    .filter(Boolean)
    .join(' · ')
