/** A modal dialog without a change: a title, a content, and buttons. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { onLeave } from '../state/route.ts'

type Props = {
  label: string
  close(): void
  isWide?: boolean
  children: ComponentChildren
  actions: ComponentChildren
}

export function PlainDialog({ label, close, isWide = false, children, actions }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
    return onLeave(() => dialog.current?.close())
  }, [])
  return (
    <dialog ref={dialog} class={isWide ? 'sheet wide' : 'sheet'} aria-label={label} onClose={close}>
      {children}
      <div class="actions">{actions}</div>
    </dialog>
  )
}
