/**
 * Reads pages of history until enough entries are found, the time is reached, or the bound of pages. The service knows one
 * key; patterns and people are filtered here.
 */
import type { HistoryEntry, HistoryPage } from '../../../api/answer-types.ts'
import type { Session } from '../../../api/session.ts'
import { createEntryFilter, listPeople, type Filter } from './filter-entries.ts'

export const PAGES_MAX = 10
/** The most that the service gives at once. */
const PAGE = 200

export type Wanted = Filter & {
  limit: number
  before: number | undefined
  /** In ms since the epoch: the first older entry is the end. */
  since: number | undefined
}

export type FoundHistory = {
  /** As it came. */
  page: HistoryPage
  /** `before` for older entries that were not looked at; null: there are none that are wanted. */
  next: number | null
  /** Who has entries among those that were looked at. */
  people: Set<string>
  searched: number
}

export async function readHistory(stash: Session, wanted: Wanted): Promise<FoundHistory> {
  const { about, who, limit, since } = wanted
  const isFiltered = about !== undefined || who !== undefined
  const isWanted = createEntryFilter(wanted)
  const entries: HistoryEntry[] = []
  const people = new Set<string>()
  let { before } = wanted
  let searched = 0
  for (let pages = 1; ; pages++) {
    const size = isFiltered ? PAGE : Math.min(PAGE, limit - entries.length)
    const query = { limit: size, before }
    const { body } = await stash.read<HistoryPage>('/history', { entries: 'list' }, query)
    const found = (next: number | null): FoundHistory => ({ page: { ...body, entries, next }, next, people, searched })
    for (const entry of body.entries) {
      if (since !== undefined && Date.parse(entry.at) < since) return found(null)
      searched++
      for (const name of listPeople(entry)) people.add(name)
      if (!isWanted(entry)) continue
      entries.push(entry)
      const isLast = entry === body.entries.at(-1) && body.next === null
      if (entries.length === limit) return found(isLast ? null : entry.revision)
    }
    if (body.next === null || pages === PAGES_MAX) return found(body.next)
    before = body.next
  }
}
