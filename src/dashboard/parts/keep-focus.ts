/**
 * Keeps the focus where it is when a row moves to another place of the list: it is drawn anew there, and the element that had
 * the focus is gone. Elements of a row that can have it carry a name in `data-focus`.
 */
import { useLayoutEffect, useRef } from 'preact/hooks'

/** The name of the element that had the focus last. */
let focused: string | null = null

document.addEventListener('focusin', ({ target }) => {
  focused = target instanceof Element ? target.getAttribute('data-focus') : null
})
// A press beside it takes the focus away on purpose.
document.addEventListener('pointerdown', () => {
  focused = null
})

/** For the element of a row: as it is drawn, it takes the focus back that one of its elements had in its former place. */
export function useKeptFocus<T extends HTMLElement>() {
  const row = useRef<T>(null)
  useLayoutEffect(() => {
    if (focused === null || document.activeElement !== document.body) return
    const element = row.current?.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)
    element?.focus({ preventScroll: true })
    // A person who uses the keyboard is led there.
    if (element?.matches(':focus-visible')) element.scrollIntoView({ block: 'nearest' })
  }, [])
  return row
}
