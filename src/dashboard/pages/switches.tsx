/** The switches of a stash: those that are not normal first, then by service. */
import { useSignal } from '@preact/signals'
import { useCallback } from 'preact/hooks'
import { withLater } from '../parts/later.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { StashActions } from '../parts/stash-frame.tsx'
import { toGroups, toShow, toSort, type Group } from '../state/flags/flag-list.ts'
import type { FlagView } from '../state/flags/flag-view.ts'
import { go, param } from '../state/route.ts'
import type { Stash } from '../state/stash.ts'
import { GroupRows } from './switches/group.tsx'
import { More } from './switches/more.tsx'
import { SelectionBar } from './switches/selection-bar.tsx'
import { SortField } from './switches/sort-field.tsx'
import { Strip } from './switches/strip.tsx'
import { useHighlights } from './switches/use-highlights.ts'

/** With this many switches there is a search field. */
const SEARCH_FROM = 7
/** Rows that are drawn at first, and at each approach to the end of the list. */
const DRAWN_ROWS = 100

export function SwitchesPage({ stash }: { stash: Stash }) {
  void stash.changed.value
  const { content } = stash
  const selected = useSignal<ReadonlySet<string> | null>(null)
  const drawn = useSignal(DRAWN_ROWS)
  const views = stash.views()
  const [search, sort, show] = [param('q'), toSort(param('sort')), toShow(param('show'))]
  const groups = toGroups(views.values(), { search, sort, show, guards: content.guards })
  const count = groups.reduce((sum, group) => sum + group.views.length, 0)
  const select = useCallback((key: string, isSelected: boolean) => {
    const next = new Set(selected.value)
    if (isSelected) next.add(key)
    else next.delete(key)
    selected.value = next
  }, [])
  useHighlights(stash)
  const mayWrite = stash.may('write') && !stash.isOver()
  // The token may have ended, or the stash, while some were selected.
  const chosen = mayWrite ? selected.value : null
  const address = stash.address()
  const open = (): void => {
    const [first] = groups.flatMap((group) => group.views)
    if (first !== undefined) go({ page: 'switch', stash: address, key: first.key })
  }
  return (
    <section id="switches" aria-labelledby="switches-title">
      <div class="toolbar">
        <h2 id="switches-title" class="hidden">
          Switches
        </h2>
        <Strip stash={stash} views={views} show={show} />
        {(views.size >= SEARCH_FROM || search !== '') && (
          <SearchField value={search} places="name, value, person, reason" open={open} />
        )}
        {views.size > 1 && <SortField sort={sort} />}
        <StashActions stash={stash} />
        {mayWrite && views.size > 1 && (
          <button
            type="button"
            class="secondary"
            aria-pressed={chosen !== null}
            onClick={() => (selected.value = selected.value === null ? new Set() : null)}
          >
            Select
          </button>
        )}
        {mayWrite && (
          <button type="button" class="secondary" id="add" onClick={() => withLater(({ openAdd }) => openAdd(stash))}>
            Add a switch…
          </button>
        )}
      </div>
      <div class="groups">
        {cut(groups, drawn.value).map(({ group, views: rows }) => (
          <GroupRows
            key={group.id}
            group={group}
            rows={rows}
            isOnly={groups.length === 1 && group.title === ''}
            stash={stash}
            address={address}
            selected={chosen}
            onSelect={select}
          />
        ))}
      </div>
      {count > drawn.value && (
        <More key={drawn.value} count={count - drawn.value} show={() => (drawn.value += DRAWN_ROWS)} />
      )}
      {content.revision !== -1 && count === 0 && (
        <p id="empty" class="empty">
          {views.size === 0 ? 'This stash has no switches yet.' : 'No switch matches.'}
        </p>
      )}
      {chosen !== null && <SelectionBar stash={stash} selected={chosen} clear={() => (selected.value = null)} />}
    </section>
  )
}

/** The first rows of all groups together. */
function cut(groups: Group[], most: number): { group: Group; views: FlagView[] }[] {
  let left = most
  return groups.flatMap((group) => {
    const views = group.views.slice(0, Math.max(0, left))
    left -= views.length
    return views.length === 0 ? [] : [{ group, views }]
  })
}
