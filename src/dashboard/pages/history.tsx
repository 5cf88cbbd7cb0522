/** The history of a stash, newest first. The service filters by switch; person and words filter the entries that were read. */
import { notify } from '../state/signals.ts'
import type { HistoryEntry } from '../api/answer-types.ts'
import { getHistory, type FlagView } from '../state/flags/flag-view.ts'
import { isStoppedByFreeze } from '../state/flags/judge-held.ts'
import { param } from '../state/route.ts'
import type { Stash } from '../state/stash.ts'
import { Entry } from './history/entry.tsx'
import { collectPeople, filterEntries } from './history/filter-entries.ts'
import { Filters, isKey } from './history/filters.tsx'
import { ENTRIES_MAX, useKeyHistory } from './history/key-history.ts'
import { useState } from 'preact/hooks'

export function HistoryPage({ stash }: { stash: Stash }) {
  void stash.changed.value
  const [key, who, search] = [param('key'), param('who'), param('q')]
  const wanted = isKey(key) ? key : ''
  const ofKey = useKeyHistory(stash, wanted)
  const all = getHistory(stash.content)
  const loaded = key === '' ? all : wanted === '' ? [] : ofKey.list()
  const hasOlder = key === '' ? stash.content.before !== null && all.length < ENTRIES_MAX : ofKey.hasOlder()
  const shown = filterEntries(loaded, who, search)
  const isRead =
    key === ''
      ? loaded.length > 0 || stash.content.detailsLostAt !== null
      : ofKey.next !== undefined || ofKey.problem !== ''
  const address = stash.address()
  const readOlder = (): Promise<void> => (key === '' ? stash.readOlderHistory() : ofKey.readOlder())
  const views = stash.views()
  const isFiltered = who !== '' || search !== ''
  return (
    <section class="view" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {stash.token !== null && <Filters stash={stash} people={collectPeople(loaded)} />}
      {isFiltered && loaded.length > 0 && (
        <p class="note" role="status">
          {shown.length} of the {loaded.length} changes that are loaded.
          {hasOlder && ' Older changes are not searched yet.'}
        </p>
      )}
      {shown.length > 0 && (
        <ol id="entries" reversed>
          {shown.map((entry) => (
            <Entry
              key={entry.revision}
              stash={stash}
              entry={entry}
              address={address}
              mayUndo={mayUndo(stash, entry, views)}
            />
          ))}
        </ol>
      )}
      {shown.length === 0 && (
        <p id="entries-empty" class="empty">
          {describeNone(stash, {
            key,
            isKnown: wanted !== '' || key === '',
            isRead,
            isFiltered,
            problem: ofKey.problem,
          })}
        </p>
      )}
      {hasOlder && stash.token !== null && <Older read={readOlder} />}
      {!hasOlder && loaded.length >= ENTRIES_MAX && (
        <p class="note">
          The page loads at most {ENTRIES_MAX.toLocaleString('en')} changes. Choose a switch to see older ones of it.
        </p>
      )}
    </section>
  )
}

/** Whether the service would not refuse it to this token, as far as is known. */
function mayUndo(stash: Stash, { changes }: HistoryEntry, views: ReadonlyMap<string, FlagView>): boolean {
  if (changes.length === 0 || stash.isOver() || !changes.every(({ key }) => stash.may('write', key))) return false
  const keys = changes.map(({ key }) => key)
  return !isStoppedByFreeze(stash, keys, views)
}

type None = { key: string; isKnown: boolean; isRead: boolean; isFiltered: boolean; problem: string }

function describeNone(stash: Stash, { key, isKnown, isRead, isFiltered, problem }: None): string {
  if (stash.token === null) return 'History is shown to people with a token.'
  if (!isKnown) return 'This is no name of a switch: letters, digits, dots, hyphens and underscores.'
  if (key !== '' && problem !== '') return `The history could not be read. ${problem}`
  if (!isRead) return 'Reading the history…'
  if (isFiltered) return 'No change that is loaded matches.'
  return key === '' ? 'Nothing has happened yet.' : 'There is no change of this switch that your token may see.'
}

function Older({ read }: { read(): Promise<void> }) {
  const [isBusy, setBusy] = useState(false)
  const press = async (): Promise<void> => {
    setBusy(true)
    try {
      await read()
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <button type="button" class="secondary" id="older" disabled={isBusy} onClick={() => void press()}>
      Show older
    </button>
  )
}
