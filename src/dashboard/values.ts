/** Shows values: as text, with marks, isolated from the text direction around them, and cut if they are long. */
import { copyButton, h } from './dom.ts'
import { markNodes, markText } from './marks.ts'

const SHOWN_CHARS = 160

/**
 * @param value null: the key is not set
 * @param options `most`: characters that are shown; `whole`: whether a button offers the rest
 */
export function valueNode(
  value: string | null,
  { most = SHOWN_CHARS, whole = true }: { most?: number; whole?: boolean } = {},
): HTMLElement {
  if (value === null) return h('em', { class: 'unset' }, 'not set')
  if (value.length <= most) return h('bdi', { class: 'value' }, ...markNodes(value))
  const cut = h('bdi', { class: 'value' }, ...markNodes(clip(value, most)), '…')
  if (!whole) return cut
  const all = h('button', { type: 'button', class: 'quiet', onclick: () => showAll(value) })
  all.textContent = `Show all ${value.length.toLocaleString('en')} characters`
  return h('span', { class: 'long' }, cut, all)
}

/** Never ends in half of a surrogate pair. */
const clip = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '')

/** The beginning of any text, on one line. */
export function brief(text: string | null, most = 40): string {
  if (text === null) return 'not set'
  const cut = text.length > most ? `${markText(clip(text, most))}…` : markText(text)
  // Between "first strong isolate" and its end: this goes into sentences, titles and buttons.
  return `\u2068${cut}\u2069`
}

function showAll(value: string): void {
  const close = h('button', { type: 'button', class: 'primary' }, 'Close')
  const copy = copyButton(() => value, 'Copy all')
  const text = h(
    'pre',
    { class: 'value whole', dir: 'auto', tabindex: '0', role: 'region', 'aria-label': 'The whole value' },
    ...markNodes(value),
  )
  const dialog = h(
    'dialog',
    { class: 'sheet wide', 'aria-label': 'The whole value' },
    text,
    h('div', { class: 'actions' }, copy, close),
  )
  close.addEventListener('click', () => dialog.close())
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
