/** Which entries of history are shown: by person, and by words. */
import type { HistoryEntry } from '../../api/answer-types.ts'
import { SEARCHED_CHARS } from '../../state/flags/flag-list.ts'
import { splitList } from '../../text/marks.ts'
import { describeEntry } from '../../text/words.ts'

/** Every word has to be found somewhere. @param who '': anybody */
export function filterEntries(entries: HistoryEntry[], who: string, search: string): HistoryEntry[] {
  const words = splitList(search.toLowerCase(), /\s+/)
  return entries.filter((entry) => {
    if (who !== '' && !listPeople(entry).includes(who)) return false
    const text = words.length === 0 ? '' : listTexts(entry).join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Who asked for it, approved it, or overrode a freeze with it. */
const listPeople = ({ who, approved_by: approver }: HistoryEntry): string[] =>
  approver === undefined ? [who] : [who, approver.label]

/** Each person once, in the order of the alphabet. */
export const collectPeople = (entries: HistoryEntry[]): string[] => [...new Set(entries.flatMap(listPeople))].sort()

function listTexts(entry: HistoryEntry): (string | null | undefined)[] {
  const { revision, reason, changes, guards = [], token, broke_glass: glass, freeze } = entry
  const values = changes.flatMap(({ key, before, after }) => [
    key,
    before?.slice(0, SEARCHED_CHARS),
    after?.slice(0, SEARCHED_CHARS),
  ])
  return [
    `r${revision}`,
    describeEntry(entry),
    ...listPeople(entry),
    reason,
    ...values,
    ...guards.map(({ key }) => key),
    ...(freeze?.keys ?? []),
    token?.label,
    glass?.why,
  ]
}
