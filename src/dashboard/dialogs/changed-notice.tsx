/** For a dialog: says that values have changed while a person is about to press its button. */
import { useEffect, useState } from 'preact/hooks'
import type { Stash } from '../state/stash.ts'

/** How often one of these keys has changed since the dialog was opened. */
export function useChanges(stash: Stash, keys: readonly string[]): number {
  const [count, setCount] = useState(0)
  useEffect(
    () => stash.onFlags((changed) => changed.some((key) => keys.includes(key)) && setCount((before) => before + 1)),
    [stash],
  )
  return count
}

export function ChangedNotice({ count }: { count: number }) {
  if (count === 0) return null
  return (
    <p class="notice" role="status">
      It has just changed: this is how it stands now.
    </p>
  )
}
