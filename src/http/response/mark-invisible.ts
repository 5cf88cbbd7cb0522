/**
 * Texts of others in a page. A value may hold what turns the direction of reading, what is not seen, or blanks at its end:
 * then it looks like another one. Such characters are shown as marks, and never obeyed. The dashboard and the command line
 * do the same with means of their own.
 */
import { html, raw } from 'hono/html'

/** What joins emoji is left alone between them; everything else that is not seen is marked, and blanks at either end. */
const UNSEEN =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\ufe0f|(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|^ +| +$/gu

const NAMED: Record<string, string> = { '\n': '⏎', '\r': '␍', '\t': '⇥' }

function toMark(unseen: string): string {
  if (unseen.startsWith(' ')) return '␣'.repeat(unseen.length)
  return NAMED[unseen] ?? `\\u{${(unseen.codePointAt(0) ?? 0).toString(16)}}`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** A text, isolated from the text direction around it. Line ends are kept. */
export function markInvisible(text: string) {
  // Escapes add no invisible characters and remove none of the text.
  const body = escape(text).replace(
    UNSEEN,
    (unseen) => `<mark>${toMark(unseen)}</mark>${unseen === '\n' ? unseen : ''}`,
  )
  return html`<bdi>${raw(body)}</bdi>`
}
