/** The documents for users, README.md and the guides in src/docs, as paths relative to the root of the project. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Lists the Markdown files directly in a folder. */
export const markdownIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
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
