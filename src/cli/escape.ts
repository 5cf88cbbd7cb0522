/**
 * Text that others wrote, made fit to be shown. A flag's value may hold what moves the cursor, rewrites the line above,
 * or turns the direction of reading; on a terminal it is shown as `\x1b`, not obeyed.
 */

/**
 * C0 and C1 controls, separators of lines, marks of direction, what is not seen, and halves of surrogate pairs. What joins
 * emoji is left alone between them. The dashboard marks the same (`marks.js`).
 */
const UNFIT =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\ufe0f|(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** One line, whatever it held. */
export const escapeText = (text: string): string => text.replace(UNFIT, writeCode)

/** For what may be shown as several lines: tabs and line ends stay. */
export const escapeLines = (text: string): string =>
  text.replace(UNFIT, (c) => (c === '\n' || c === '\t' ? c : writeCode(c)))

/** The same document: JSON may write any character as `\u001b`, and must not hide one. */
export const writeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(UNFIT, (c) => (c === '\n' ? c : writeUnits(c)))

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
