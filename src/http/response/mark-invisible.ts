/**
 * Shows texts of other people in a page. Bidirectional controls, invisible characters, unusual blanks, and spaces at either end
 * can make a value look like another one, so they are shown as marks and have no effect. The dashboard marks the same characters
 * (`model/invisible.ts`), and the command line marks those that are not blanks. Each has marks of its own.
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
  // The HTML escapes neither add nor remove an invisible character, so the text may be escaped first.
  const body = escape(text).replace(
    INVISIBLE_OR_BLANK,
    (unseen) => `<mark>${toMark(unseen)}</mark>${unseen === '\n' ? unseen : ''}`,
  )
  return html`<bdi>${raw(body)}</bdi>`
}
