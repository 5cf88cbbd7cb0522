/**
 * Makes other people's texts safe to read. A value may hold characters that turn the reading direction or are invisible, or
 * blanks at its end, and so look like another value. Such characters are shown as marks instead of being obeyed.
 */
import { INVISIBLE_OR_BLANK } from '../../model/invisible.ts'

type Mark = [mark: string, name: string]

const MARKS: Record<string, Mark> = {
  '\n': ['⏎', 'line end'],
  '\r': ['␍', 'carriage return'],
  '\t': ['⇥', 'tab'],
}

export function toMark(unseen: string): Mark {
  if (unseen.startsWith(' '))
    return ['␣'.repeat(unseen.length), unseen.length === 1 ? 'blank' : `${unseen.length} blanks`]
  const code = (unseen.codePointAt(0) ?? 0).toString(16)
  return MARKS[unseen] ?? [`\\u{${code}}`, `invisible character ${code}`]
}

/** As a string, for buttons, titles and sentences. */
export const markText = (text: string): string => text.replace(INVISIBLE_OR_BLANK, (unseen) => toMark(unseen)[0])

/** The beginning of any text, on one line, for sentences, titles and buttons. @param text null: the flag is not set */
export function brief(text: string | null, most = 40): string {
  if (text === null) return 'not set'
  const cut = text.length > most ? `${markText(clip(text, most))}…` : markText(text)
  // Between "first strong isolate" and its end, so that its direction changes nothing around it.
  return `\u2068${cut}\u2069`
}

/** Never ends in half of a surrogate pair. */
export const clip = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '')

/** The parts of a list that a person types, without blanks around them, and without empty ones. */
export const splitList = (text: string, separator: string | RegExp = ','): string[] =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
