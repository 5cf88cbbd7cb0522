/**
 * One JSON object, `{"<key>": "<text>"}`, a line for each flag. The texts are those of the service: `false` is `"false"`.
 */
import type { Flags, Rendered } from './format.ts'

export const toJson = (flags: Flags): Rendered => ({
  text:
    flags.length === 0
      ? '{}\n'
      : `{\n${flags.map(([key, text]) => `  ${JSON.stringify(key)}: ${JSON.stringify(text)}`).join(',\n')}\n}\n`,
})
