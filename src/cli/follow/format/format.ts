/**
 * The formats of the file that a follower keeps. Each either writes every flag so that its reader gets the exact text back,
 * or refuses the whole file and says which flag is why: a file with a part of the flags, or with another text, would be
 * believed.
 */
import { quote } from '../../output/print.ts'

export type Flags = readonly (readonly [key: string, text: string])[]

/** `behind`: why the text lacks the newest changes; they are asked for again. */
export type Rendered =
  { text: string; flaw?: undefined; behind?: unknown } | { text?: undefined; flaw: string; behind?: undefined }

/** What a format may use besides the flags. */
export type Surroundings = {
  revision: number
  isSelected: (key: string) => boolean
  /** The selected flags that have another value than the service has sent: by the end of a time-box, or an override. */
  listMoved: () => [key: string, text: string | null, isReverted: boolean][]
  /** The text of the file as it is; null: there is none. */
  readOld: () => Promise<string | null>
}

export type Format = (flags: Flags, more: Surroundings) => Rendered | Promise<Rendered>

export const refuse = (flaw: string): Rendered => ({ flaw })

/** The first two keys that have the same name; undefined: each name is of one key. */
export function findClash(flags: Flags, toName: (key: string) => string): [string, string, name: string] | undefined {
  const byName = new Map<string, string>()
  for (const [key] of flags) {
    const name = toName(key)
    const other = byName.get(name)
    if (other !== undefined) return [other, key, name]
    byName.set(name, key)
  }
  return undefined
}

/** U+0000, which neither an environment nor a text file of another program can hold, and halves of characters. */
export const hasNoTextForm = (text: string): boolean => text.includes('\0') || !text.isWellFormed()

export const describeFlag = (key: string, text: string): string => `the flag ${key} has the value ${quote(text)}`
