/** Finds switches. `/` leads here, Enter opens the first one that is found. */
import { setParams } from '../state/route.ts'

/** @param places the names of the searched facts, for the placeholder */
type Props = { value: string; places: string; open(): void }

export function SearchField({ value, places, open }: Props) {
  return (
    <div id="search" class="field">
      <label class="hidden" for="filter">
        Find a switch
      </label>
      <input
        id="filter"
        type="search"
        placeholder={`Find: ${places}`}
        title="Press / to come here, Enter to open the first"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={value}
        onInput={(event) => setParams({ q: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Enter' && open()}
      />
    </div>
  )
}
