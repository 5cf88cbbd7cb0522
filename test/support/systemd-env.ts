/**
 * Reads an EnvironmentFile as systemd does (`parse_env_file_internal` in src/basic/env-file.c): the states and their moves,
 * without the trimming of blanks in values that are not quoted.
 */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  let state: 'before key' | 'key' | 'before value' | 'value' | 'escape' | 'single' | 'double' | 'double escape' =
    'before key'
  let [key, value] = ['', '']
  const push = (): void => {
    found[key] = value
    key = value = ''
    state = 'before key'
  }
  for (const c of text) {
    switch (state) {
      case 'before key':
        if (c.trim() !== '') [state, key] = ['key', c]
        break
      case 'key':
        if (c === '=') state = 'before value'
        else key += c
        break
      case 'before value':
        if (c === '\n' || c === '\r') push()
        else if (c === "'") state = 'single'
        else if (c === '"') state = 'double'
        else if (c === '\\') state = 'escape'
        else if (c.trim() !== '') [state, value] = ['value', value + c]
        break
      case 'value':
        if (c === '\n' || c === '\r') push()
        else if (c === '\\') state = 'escape'
        else value += c
        break
      case 'escape':
        state = 'value'
        if (c !== '\n') value += c
        break
      case 'single':
        if (c === "'") state = 'before value'
        else value += c
        break
      case 'double':
        if (c === '"') state = 'before value'
        else if (c === '\\') state = 'double escape'
        else value += c
        break
      case 'double escape':
        state = 'double'
        // "\"\\`$" are unescaped, an escaped line end is dropped, and before anything else the backslash stays.
        if ('"\\`$'.includes(c)) value += c
        else if (c !== '\n') value += `\\${c}`
        break
    }
  }
  if (key !== '') push()
  return found
}
