/** A notice at the bottom of the page, which goes by itself. What it offers is in History, too. */
import { announce, find, h } from './dom.ts'

/** Longer than it takes to read. */
const TOAST_MS = 12_000
let hiding: ReturnType<typeof setTimeout> | undefined

export type ToastAction = { label: string; run(): void }

export function toast(text: string, action?: ToastAction): void {
  const box = find('toast')
  const hide = (): void => box.replaceChildren()
  const runAction = (): void => {
    hide()
    action?.run()
  }
  const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss', onclick: hide }, '✕')
  const button = action && h('button', { type: 'button', class: 'quiet', onclick: runAction }, action.label)
  box.replaceChildren(h('p', {}, text), h('div', { class: 'toast-actions' }, button, close))
  announce(text)
  clearTimeout(hiding)
  hiding = setTimeout(hide, TOAST_MS)
}
