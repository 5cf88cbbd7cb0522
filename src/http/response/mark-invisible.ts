/**
 * Shows texts of other people in a page. Bidirectional controls, invisible characters and blanks at the end can make a value
 * look like another one, so they are shown as marks and have no effect. The dashboard and the command line have their own
 * implementations.
 */
import { html, raw } from 'hono/html'

/**
 * Invisible characters, and blanks at either end. Joiners between emoji are excepted, because they are part of the
 * emoji.
 */
const UNSEEN =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\ufe0f|(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|^ +| +$/gu

const NAMED: Record<string, string> = { '\n': '⏎', '\r': '␍', '\t': '⇥' }

function toMark(unseen: string): string {
  if (unseen.startsWith(' ')) return '␣'.repeat(unseen.length)
  return NAMED[unseen] ?? `\\u{${(unseen.codePointAt(0) ?? 0).toString(16)}}`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** The text as HTML, isolated from the text direction around it. Line ends are kept. */
export function markInvisible(text: string) {
  // Escapes add no invisible characters and remove none of the text.
  const body = escape(text).replace(
    UNSEEN,
    (unseen) => `<mark>${toMark(unseen)}</mark>${unseen === '\n' ? unseen : ''}`,
  )
  return html`<bdi>${raw(body)}</bdi>`
}
