/** The bar that changes the selected switches together. */
import { withLater } from '../../parts/later.tsx'
import type { Stash } from '../../state/stash.ts'

type Props = { stash: Stash; selected: ReadonlySet<string>; clear(): void }

export function SelectionBar({ stash, selected, clear }: Props) {
  const keys = [...selected].filter((key) => stash.content.flags.has(key))
  return (
    <div class="selection" role="region" aria-label="Selection">
      <p>{keys.length === 0 ? 'Select switches to change together' : `${keys.length} selected`}</p>
      <button type="button" class="quiet" onClick={clear}>
        Cancel
      </button>
      <button
        type="button"
        class="primary"
        disabled={keys.length === 0}
        onClick={() => withLater(({ openBulkChange }) => openBulkChange(stash, keys, clear))}
      >
        Change together…
      </button>
    </div>
  )
}
