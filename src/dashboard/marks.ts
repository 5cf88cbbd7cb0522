/**
 * Makes other people's texts safe to read. A value may hold characters that turn the reading direction or are invisible, or
 * blanks at its end, and so look like another value. Such characters are shown as marks instead of being obeyed.
 */
import { INVISIBLE_OR_BLANK } from '../model/invisible.ts'
import { h, type Child } from './dom.ts'

type Mark = [mark: string, name: string]

const MARKS: Record<string, Mark> = {
  '\n': ['⏎', 'line end'],
  '\r': ['␍', 'carriage return'],
  '\t': ['⇥', 'tab'],
}

function toMark(unseen: string): Mark {
  if (unseen.startsWith(' '))
    return ['␣'.repeat(unseen.length), unseen.length === 1 ? 'blank' : `${unseen.length} blanks`]
  const code = (unseen.codePointAt(0) ?? 0).toString(16)
  return MARKS[unseen] ?? [`\\u{${code}}`, `invisible character ${code}`]
}

/** As a string, for buttons, titles and sentences. */
export const markText = (text: string): string => text.replace(INVISIBLE_OR_BLANK, (unseen) => toMark(unseen)[0])

/** As nodes: each mark has a name that screen readers say. Lines still end where they did. */
export function markNodes(text: string): Child[] {
  const nodes: Child[] = []
  let from = 0
  for (const { 0: unseen, index } of text.matchAll(INVISIBLE_OR_BLANK)) {
    const [mark, name] = toMark(unseen)
    nodes.push(
      text.slice(from, index),
      h('span', { class: 'mark', role: 'img', 'aria-label': name, title: name }, mark),
    )
    from = index + unseen.length
    if (unseen === '\n' && from < text.length) nodes.push('\n')
  }
  return [...nodes, text.slice(from)].filter((node) => node !== '')
}

/** A name that somebody gave, marked, and isolated from the text direction around it. */
export const nameNode = (text: string, kind?: string): HTMLElement => h('bdi', { class: kind }, ...markNodes(text))
