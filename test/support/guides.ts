/** The documents for users, README.md and the guides in src/docs, as paths relative to the root of the project. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Lists the Markdown files in a folder and in those below it. */
export const markdownIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .toSorted()
    .map((name) => `${folder}/${name}`)

export const GUIDES = ['README.md', ...markdownIn('src/docs')]

export const readText = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

/** A block of shell commands, with the output that the document shows below it, or `null` if it shows none. */
export type ShellBlock = { commands: string; printed: string | null }

export function shellBlocksOf(text: string): ShellBlock[] {
  const blocks = text.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)
  return [...blocks].map(([, commands = '', printed]) => ({ commands, printed: printed ?? null }))
}

/**
 * `…` stands for what differs from run to run, within a line. Two or more spaces, between the columns of a table, fit any number
 * from two on: the width of a column depends on what differs.
 */
function toPattern(printed: string): RegExp {
  const escaped = printed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('…', '.*?').replace(/ {2,}/g, ' {2,}')}$`)
}

/**
 * Replaces each line of an output that fits what the guide prints by the printed line. The result equals `printed` exactly if the
 * whole output fits, and its diff to `printed` shows only the lines that do not.
 */
export function fitToPrinted(output: string, printed: string): string {
  const expected = printed.split('\n')
  return output
    .split('\n')
    .map((line, i) => (expected[i] !== undefined && toPattern(expected[i]).test(line) ? expected[i] : line))
    .join('\n')
}
