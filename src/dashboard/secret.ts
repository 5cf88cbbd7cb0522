/** A token or a link in the dialog that made it: shown once, with a button to copy it. */
import { copyButton, h } from './dom.ts'

export function secretNode(label: string, secret: string, hint: string): HTMLElement {
  const shown = h('code', { class: 'secret', tabindex: '0' }, secret)
  return h(
    'div',
    { class: 'once' },
    h('p', {}, hint),
    h('p', { class: 'label' }, label),
    shown,
    copyButton(() => secret, 'Copy', shown),
  )
}
