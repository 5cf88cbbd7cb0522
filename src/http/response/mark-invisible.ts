/**
 * Shows texts of other people in a page. Bidirectional controls, invisible characters and blanks at the end can make a value
 * look like another one, so they are shown as marks and have no effect. The dashboard and the command line show the same
 * characters (`model/invisible.ts`) in ways of their own.
 */
import { html, raw } from 'hono/html'
import { INVISIBLE_OR_BLANK } from '../../model/invisible.ts'

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
    INVISIBLE_OR_BLANK,
    (unseen) => `<mark>${toMark(unseen)}</mark>${unseen === '\n' ? unseen : ''}`,
  )
  return html`<bdi>${raw(body)}</bdi>`
}
