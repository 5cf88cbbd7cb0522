/** Which entries of history `history` shows: about some keys, of a person, since a time. */
import { createKeyMatcher } from '../../../../model/access/key-matcher.ts'
import type { HistoryEntry } from '../../../api/answer-types.ts'

export type Filter = {
  /** A key, a pattern, or a service; undefined: every key. */
  about: string | undefined
  /** A label, in any case. */
  who: string | undefined
}

/** A service stands for its keys. */
export function createEntryFilter({ about, who }: Filter): (entry: HistoryEntry) => boolean {
  const matches = about === undefined ? null : createKeyMatcher([about, `${about}.*`])
  const name = who?.toLowerCase()
  return (entry) =>
    (matches === null || listKeys(entry).some(matches)) &&
    (name === undefined || listPeople(entry).some((person) => person.toLowerCase() === name))
}

/** Who asked for it, approved it, overrode a freeze for it, or set the time-box that ended. */
export const listPeople = ({
  who,
  approved_by: approver,
  broke_glass: glass,
  set_by: setter,
}: HistoryEntry): string[] => [who, approver?.label, glass?.by, setter?.label].filter((name) => name !== undefined)

const listKeys = ({ changes, guards = [], dropped, freeze }: HistoryEntry): string[] => [
  ...changes.map(({ key }) => key),
  ...guards.map(({ key }) => key),
  ...(dropped?.keys ?? []),
  ...(freeze?.keys ?? []),
]
