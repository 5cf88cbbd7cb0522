/** The open dialogs. Each is a modal `<dialog>`; the one that was opened last is on top. */
import type { ComponentChildren } from 'preact'
import { signal } from '@preact/signals'

type Open = {
  id: number
  render: (close: () => void) => ComponentChildren
  opener: Element | null
  place: Element | null
}

const dialogs = signal<Open[]>([])
let lastId = 0

/** @param render is given the function that closes the dialog */
export function openDialog(render: Open['render']): void {
  const { activeElement: opener } = document
  const place = opener?.closest('[tabindex="-1"]') ?? null
  dialogs.value = [...dialogs.value, { id: ++lastId, render, opener, place }]
}

function close({ id, opener, place }: Open): void {
  if (!dialogs.value.some((open) => open.id === id)) return
  dialogs.value = dialogs.value.filter((open) => open.id !== id)
  // The list may be drawn anew meanwhile, with another element for the same switch.
  setTimeout(() => focusAgain(opener, place))
}

/** @param place what the opener stood in, for an opener that is not there any more */
function focusAgain(opener: Element | null, place: Element | null): void {
  if (document.querySelector('dialog[open]') !== null) return
  const name = opener?.getAttribute('data-focus')
  const element = opener?.isConnected ? opener : name && document.querySelector(`[data-focus="${CSS.escape(name)}"]`)
  const target = element || place
  if (target instanceof HTMLElement) target.focus()
}

export const hasDialog = (): boolean => dialogs.value.length > 0

export function Dialogs() {
  return (
    <>
      {dialogs.value.map((open) => (
        <div key={open.id}>{open.render(() => close(open))}</div>
      ))}
    </>
  )
}
