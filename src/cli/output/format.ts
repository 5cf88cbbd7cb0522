/** How data is written to stdout. */
export const FORMATS = ['table', 'json', 'name'] as const

/** `table`: for people. `json`: one document, times in UTC. `name`: only names or ids, one a line, for other commands. */
export type Format = (typeof FORMATS)[number]

export const isFormat = (text: string): text is Format => (FORMATS as readonly string[]).includes(text)
