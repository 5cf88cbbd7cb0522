/** Values as a person may see them: as text, marked, isolated from what stands around them, and cut where they are long. */
import { copyButton, h } from './dom.js'
import { markNodes, markText } from './marks.js'

const SHOWN_CHARS = 160

/**
 * A value as a person may see it: isolated, so that no direction mark in it turns what stands around it; long ones cut, with
 * a way to all of them.
 * @param {string | null} value null: the key is not set
 * @param {{ most?: number, whole?: boolean }} [terms] `whole`: whether to offer all of it
 */
export function valueOf(value, { most = SHOWN_CHARS, whole = true } = {}) {
  if (value === null) return h('em', { class: 'unset' }, 'not set')
  if (value.length <= most) return h('bdi', { class: 'value' }, ...markNodes(value))
  const cut = h('bdi', { class: 'value' }, ...markNodes(clip(value, most)), '…')
  if (!whole) return cut
  const all = h('button', { type: 'button', class: 'quiet', onclick: () => showAll(value) })
  all.textContent = `Show all ${value.length.toLocaleString('en')} characters`
  return h('span', { class: 'long' }, cut, all)
}

/** Never half of a surrogate pair. */
const clip = (/** @type {string} */ text, /** @type {number} */ most) =>
  text.slice(0, most).replace(/[\ud800-\udbff]$/, '')

/** One line of a text that may be anything. */
export const brief = (/** @type {string | null} */ text, most = 40) => {
  if (text === null) return 'not set'
  const cut = text.length > most ? `${markText(clip(text, most))}…` : markText(text)
  // First-strong isolate, and its end: this goes into sentences, titles and buttons.
  return `\u2068${cut}\u2069`
}

function showAll(/** @type {string} */ value) {
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
