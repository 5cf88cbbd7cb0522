/** The switches of one service, or those that are not normal, below their heading. */
import { FlagRow } from '../../parts/flag-row.tsx'
import type { Group } from '../../state/flags/flag-list.ts'
import type { FlagView } from '../../state/flags/flag-view.ts'
import type { Stash } from '../../state/stash.ts'

type Props = {
  group: Group
  /** Those of the group that are drawn. */
  rows: FlagView[]
  /** Whether there is no other group: then one without a service needs no heading. */
  isOnly: boolean
  stash: Stash
  address: string
  selected: ReadonlySet<string> | null
  onSelect(key: string, isSelected: boolean): void
}

export function GroupRows({ group: { id, title, views }, rows, isOnly, stash, address, selected, onSelect }: Props) {
  const isService = id.startsWith('service-') && title !== ''
  const selectable = selected === null ? [] : views.filter(({ key }) => stash.mayChange(key))
  const areAllSelected = selectable.every(({ key }) => selected?.has(key))
  return (
    <section
      class={`group${id === 'alerts' ? ' alerts' : ''}${views.length > NARROW_ROWS ? ' large' : ''}`}
      aria-label={title || 'Other switches'}
    >
      {!isOnly && (
        <h3 class="group-title">
          <bdi>{title || 'Other'}</bdi> <span class="count">{views.length}</span>
        </h3>
      )}
      {selectable.length > 0 && (
        <button
          type="button"
          class="quiet"
          onClick={() => selectable.forEach(({ key }) => onSelect(key, !areAllSelected))}
        >
          {areAllSelected ? 'Select none' : 'Select all'}
          <span class="hidden"> of {title || 'these'}</span>
        </button>
      )}
      <ul class="rows">
        {rows.map((view) => (
          <FlagRow
            key={view.key}
            stash={stash}
            view={view}
            address={address}
            mayChange={stash.mayChange(view.key)}
            isShort={isService}
            isSelected={selected !== null && stash.mayChange(view.key) ? selected.has(view.key) : null}
            onSelect={onSelect}
          />
        ))}
      </ul>
    </section>
  )
}

/** A group with more rows has the whole width of the page, and its rows stand beside each other. */
const NARROW_ROWS = 8
