/** One JSON object, `{"<key>": "<text>"}`, a line for each flag. The texts are those of the service: `false` is `"false"`. */
import type { Format } from './format.ts'

export const toJson: Format = (flags) => ({
  text:
    flags.length === 0
      ? '{}\n'
      : `{\n${flags.map(([key, text]) => `  ${JSON.stringify(key)}: ${JSON.stringify(text)}`).join(',\n')}\n}\n`,
})
