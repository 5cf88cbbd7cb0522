/**
 * Text that others wrote, made fit to be shown. A flag's value may hold what moves the cursor, rewrites the line above,
 * or turns the direction of reading; on a terminal it is shown as `\x1b`, not obeyed.
 */
import { INVISIBLE } from '../../model/invisible.ts'

/** One line, whatever it held. */
export const escapeText = (text: string): string => text.replace(INVISIBLE, writeCode)

/** For what may be shown as several lines: tabs and line ends stay. */
export const escapeLines = (text: string): string =>
  text.replace(INVISIBLE, (c) => (c === '\n' || c === '\t' ? c : writeCode(c)))

/** The same document: JSON may write any character as `\u001b`, and must not hide one. */
export const writeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(INVISIBLE, (c) => (c === '\n' ? c : writeUnits(c)))

const writeUnits = (c: string): string =>
  c
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function writeCode(c: string): string {
  const code = c.codePointAt(0) ?? 0
  const hex = code.toString(16)
  return NAMED[c] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`)
}
