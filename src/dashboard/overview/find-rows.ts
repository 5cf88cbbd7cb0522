/** The switches of one stash that the search and the state let through. A word may also be found in the stash's name. */
import { createSearch, isAlert, type Show } from '../state/flags/flag-list.ts'
import type { FlagView } from '../state/flags/flag-view.ts'
import type { Stash } from '../state/stash.ts'
import { getSummary } from './summary.ts'

export type Wanted = { search: string; show: Show }

/** Without a search, only switches that are not normal have a row. */
export const isNarrowed = ({ search, show }: Wanted): boolean => search.trim() !== '' || show !== ''

export function findRows(stash: Stash, { search, show }: Wanted): FlagView[] {
  const { views, alerts } = getSummary(stash)
  if (!isNarrowed({ search, show })) return alerts
  const matches = createSearch(dropNameWords(stash, search))
  const shown = show === 'alerts' ? alerts : views.filter((view) => isShown(view, show))
  const found = shown.filter((view) => matches(view, stash.content.guards.get(view.key)))
  return [...found.filter(isAlert), ...found.filter((view) => !isAlert(view))]
}

function isShown({ pending, isFrozen }: FlagView, show: Show): boolean {
  return show === '' || (show === 'pending' ? pending > 0 : isFrozen)
}

/** The words that the stash's own name does not have. */
function dropNameWords(stash: Stash, search: string): string {
  const name = `${stash.name()}\n${stash.content.facts?.slug ?? ''}`.toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => !name.includes(word))
    .join(' ')
}
