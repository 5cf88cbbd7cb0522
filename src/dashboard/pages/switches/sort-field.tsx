/** Chooses the order of the switches. */
import { SORTS } from '../../state/flags/flag-list.ts'
import { setParams } from '../../state/route.ts'

const SORT_NAMES = { state: 'Not normal first', name: 'By name', changed: 'Changed last first' }

export function SortField({ sort }: { sort: keyof typeof SORT_NAMES }) {
  return (
    <div class="field sort">
      <label class="hidden" for="sort">
        Order
      </label>
      <select
        id="sort"
        value={sort}
        onChange={({ currentTarget: { value } }) => setParams({ sort: value === 'state' ? '' : value })}
      >
        {SORTS.map((one) => (
          <option key={one} value={one}>
            {SORT_NAMES[one]}
          </option>
        ))}
      </select>
    </div>
  )
}
