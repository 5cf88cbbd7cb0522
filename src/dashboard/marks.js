/**
 * Texts of others, made fit to be shown. A value may hold what turns the direction of reading, what is not seen, or a line
 * end behind a word: then it looks like another one. Such characters are shown as marks, and never obeyed.
 */
import { h } from './dom.js'

/** What joins emoji is left alone between them; everything else that is not seen is marked, and blanks at either end. */
const UNSEEN =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\ufe0f|(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|^ +| +$/gu

/** @type {Record<string, [mark: string, name: string]>} */
const NAMED = {
  '\n': ['⏎', 'line end'],
  '\r': ['␍', 'carriage return'],
  '\t': ['⇥', 'tab'],
}

/** @returns {[mark: string, name: string]} */
function nameOf(/** @type {string} */ unseen) {
  if (unseen.startsWith(' '))
    return ['␣'.repeat(unseen.length), unseen.length === 1 ? 'blank' : `${unseen.length} blanks`]
  const code = (unseen.codePointAt(0) ?? 0).toString(16)
  return NAMED[unseen] ?? [`\\u{${code}}`, `invisible character ${code}`]
}

/** As text alone: for buttons, titles and sentences. */
export const markText = (/** @type {string} */ text) => text.replace(UNSEEN, (unseen) => nameOf(unseen)[0])

/** For the page: small marks, each with its name; a line still ends where one does. */
export function markNodes(/** @type {string} */ text) {
  /** @type {import('./dom.js').Child[]} */
  const nodes = []
  let from = 0
  for (const { 0: unseen, index } of text.matchAll(UNSEEN)) {
    const [mark, name] = nameOf(unseen)
    nodes.push(
      text.slice(from, index),
      h('span', { class: 'mark', role: 'img', 'aria-label': name, title: name }, mark),
    )
    from = index + unseen.length
    if (unseen === '\n' && from < text.length) nodes.push('\n')
  }
  return [...nodes, text.slice(from)].filter((node) => node !== '')
}

/** A name that somebody gave: isolated, and marked. */
export const nameNode = (/** @type {string} */ text, /** @type {string | undefined} */ kind = undefined) =>
  h('bdi', { class: kind }, ...markNodes(text))
