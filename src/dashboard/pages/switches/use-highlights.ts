/** Marks the rows of values that have just changed, and has screen readers say them. */
import { useEffect } from 'preact/hooks'
import { announce } from '../../state/signals.ts'
import type { Stash } from '../../state/stash.ts'
import { brief } from '../../text/marks.ts'

/** Read out at once; further ones are only counted. */
const ANNOUNCED = 3

export function useHighlights(stash: Stash): void {
  useEffect(
    () =>
      stash.onFlags((keys) => {
        const said = keys
          .slice(0, ANNOUNCED)
          .map((key) => `${key} is now ${brief(stash.content.flags.get(key) ?? null)}`)
        const more = keys.length - ANNOUNCED
        announce(said.join(', ') + (more > 0 ? `, and ${more} more changed` : ''))
        // After the rows are drawn, which may be in another place by now.
        requestAnimationFrame(() => keys.slice(0, HIGHLIGHTED).forEach(highlight))
      }),
    [stash],
  )
}

const HIGHLIGHTED = 20

function highlight(key: string): void {
  const row = document.querySelector<HTMLElement>(`.row[data-key="${CSS.escape(key)}"]`)
  if (row === null) return
  row.classList.remove('changed')
  // Has the browser compute the layout: without that the animation of the class would not start again.
  void row.offsetWidth
  row.classList.add('changed')
}
