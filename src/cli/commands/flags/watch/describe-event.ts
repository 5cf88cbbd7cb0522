/** One event of a watch in words, with its entry of history where that is known. */
import type { FlagUpdate } from '../../../../client/sync/flag-update.ts'
import type { HistoryEntry } from '../../../api/answer-types.ts'
import type { WatchStatus } from '../../../api/event-stream.ts'
import type { KeyMatcher } from '../../../../model/access/key-matcher.ts'
import { showValue } from '../../../output/print.ts'
import { formatTime } from '../../../output/time-text.ts'
import { describeAuthor, describeEntry } from '../history/describe-entry.ts'
import { describeFreeze } from '../status/describe-status.ts'

type Change = Extract<FlagUpdate, { type: 'change' }>
type Snapshot = Extract<FlagUpdate, { type: 'snapshot' }>

/** The most values that are listed. */
const LISTED_MAX = 20

export function describeSnapshot({ flags }: Snapshot): string {
  const shown = flags.slice(0, LISTED_MAX).map(([key, value]) => `${key} is ${showValue(value)}`)
  const more = flags.length > LISTED_MAX ? [`and ${flags.length - LISTED_MAX} more`] : []
  return `as it stands: ${[...shown, ...more].join(', ') || 'no flags'}`
}

/** What changed, and by whom and why. @param matches the keys that are watched */
export function describeEvent(
  change: Change,
  entry: HistoryEntry | undefined,
  matches: KeyMatcher,
): { what: string; why: string } {
  if (entry === undefined) return { what: describePublic(change), why: '' }
  const before = new Map(entry.changes.map((one) => [one.key, one]))
  const known = change.changes.flatMap(([key]) => before.get(key) ?? [])
  // The watch may be of other keys than the token reaches.
  const isWhole = known.length === change.changes.length
  const what = isWhole
    ? describeEntry({ ...entry, changes: known, guards: entry.guards?.filter(({ key }) => matches(key)) })
    : describePublic(change)
  return { what, why: describeAuthor(isWhole ? entry : { ...entry, reverts_at: undefined }) }
}

/** What anyone may know. */
function describePublic({ changes, reverts }: Change): string {
  const values = changes.slice(0, LISTED_MAX).map(([key, value]) => {
    const end = reverts.get(key)
    const until = end ? `, until ${formatTime(new Date(end.at).toISOString())}` : ''
    return `${value === null ? `${key} is deleted` : `${key} is now ${showValue(value)}`}${until}`
  })
  const more = changes.length > LISTED_MAX ? [`and ${changes.length - LISTED_MAX} more`] : []
  const changed = new Set(changes.map(([key]) => key))
  const ends = [...reverts]
    .filter(([key]) => !changed.has(key))
    .map(([key, end]) =>
      end === null ? `${key} has no end any more` : `${key} ends ${formatTime(new Date(end.at).toISOString())}`,
    )
  return (
    [...values, ...more, ...ends.slice(0, LISTED_MAX)].join(', ') ||
    'no flag changed: a rule, a token, a freeze or a pending change did'
  )
}

export function describeWatchStatus({ held = 0, freezes = [] }: WatchStatus): string {
  const pending = held === 0 ? 'nothing pending' : `${held} pending`
  return [pending, ...freezes.map(describeFreeze)].join(' · ')
}

/** The JSON that the service tells it in, with its author where that is known. */
export function toEventDocument(event: FlagUpdate, entry: HistoryEntry | undefined): object {
  const { type, revision } = event
  if (event.type === 'gone') return { type, revision }
  const values =
    event.type === 'snapshot'
      ? { flags: Object.fromEntries(event.flags) }
      : { changes: Object.fromEntries(event.changes) }
  const reverts = Array.from(event.reverts, ([key, revert]) => [
    key,
    revert && { at: new Date(revert.at).toISOString(), to: revert.to },
  ])
  return {
    type,
    revision,
    ...values,
    ...(reverts.length > 0 && { reverts: Object.fromEntries(reverts) as object }),
    ...(entry && { kind: entry.kind, at: entry.at, who: entry.who, reason: entry.reason }),
    ...(entry?.approved_by && { approved_by: entry.approved_by }),
  }
}
