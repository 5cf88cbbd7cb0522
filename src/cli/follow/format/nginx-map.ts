/**
 * `"<key>" "<text>";` lines, for `include` within a `map` of nginx. A value that nginx would change, or would not read, is
 * refused: nginx has no way to write a `$` in a map, and reads no word of 4 KiB.
 */
import { describeFlag, findClash, hasNoTextForm, refuse, type Format } from './format.ts'

/** NGX_CONF_BUFFER is 4,096 bytes, and a word must fit into it with its quotes. */
const WORD_MAX_BYTES = 4_000

export const toNginxMap: Format = (flags) => {
  // A map ignores the case of its keys, and refuses the same key twice.
  const clash = findClash(flags, (key) => key.toLowerCase())
  if (clash !== undefined) {
    return refuse(`nginx takes the flags ${clash[0]} and ${clash[1]} for the same key; leave one out with --keys`)
  }
  const lines: string[] = []
  for (const [key, text] of flags) {
    if (text.includes('$')) return refuse(`${describeFlag(key, text)}, and nginx reads $ as a variable`)
    if (hasNoTextForm(text)) return refuse(`${describeFlag(key, text)}, which nginx cannot read`)
    const word = quoteText(text)
    if (Buffer.byteLength(word) > WORD_MAX_BYTES)
      return refuse(`the flag ${key} has a value that is longer than the ${WORD_MAX_BYTES} bytes that nginx reads`)
    lines.push(`"${escapeKey(key)}" ${word};\n`)
  }
  return { text: lines.join('') }
}

/** Parameters of `map`. A flag of such a name, `include` above all, must not become one. */
const PARAMETERS = /^(?:default|hostnames|include|volatile)$/

const escapeKey = (key: string): string => (PARAMETERS.test(key) ? `\\${key}` : key)

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const quoteText = (text: string): string => `"${text.replaceAll(/["\\\n\r\t]/g, (c) => ESCAPES[c] ?? `\\${c}`)}"`
