/**
 * Reads what was typed. Options that all commands take may stand before the command. A token in it is refused before anything
 * else is looked at, because others can see it there.
 */
import type { ParseArgsConfig } from 'node:util'
import { COMMON, type Command, type Option } from '../command.ts'
import { Misuse } from '../exit.ts'
import { FORMATS, isFormat, type Format } from '../output/format.ts'
import { askIfMeant, listNearest } from './find-nearest.ts'
import type { Input } from './input.ts'

// As in `start.mjs`.
const { parseArgs } = process.getBuiltinModule('node:util')

export function refuseTokens(typed: string[]): void {
  if (!typed.some((word) => /(?:^|=)swy_|swy_[0-9A-Za-z]{38}/.test(word))) return
  throw new Misuse(
    'That is a token, and the command line can be read by others (ps, the shell\'s history). Keep it in SWITCHYARD_TOKEN or a profile ("switchyard login"); and make another one in its place: "switchyard token".',
  )
}

export const optionsOf = ({ options = {} }: Command): Record<string, Option> => ({ ...options, ...COMMON })

/** Separates the options before the command from the rest. @returns the name of the command, '' without one, and its words */
export function splitCommand(typed: string[]): { name: string; rest: string[] } {
  const before: string[] = []
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i] ?? ''
    if (!word.startsWith('-') || word === '-') return { name: word, rest: [...before, ...typed.slice(i + 1)] }
    before.push(word)
    if (takesNext(word)) before.push(typed[++i] ?? '')
  }
  return { name: '', rest: before }
}

/** Whether the value of this option is the next word. An option that is not known takes none. */
function takesNext(word: string): boolean {
  const [, long, short] = /^(?:--([a-z-]+)|-([a-z]))$/.exec(word) ?? []
  return Object.entries(COMMON).some(
    ([name, option]) => option.takes !== undefined && (name === long || option.short === short),
  )
}

/** How data is to be written. It is read before the rest, because a wrong use is reported in this form too. */
export function readFormat(typed: string[]): Format {
  // What follows is no option of ours: a command that `follow` runs may have one of the same name.
  const end = typed.findIndex((word) => word === '--' || word === '--exec')
  const words = typed.slice(0, end >>> 0)
  let format: Format = 'table'
  for (const [i, word] of words.entries()) {
    if (word === '--json') format = 'json'
    const given = word === '-o' || word === '--output' ? words[i + 1] : /^(?:--output=|-o=?)(.+)$/.exec(word)?.[1]
    if (given !== undefined && isFormat(given)) format = given
  }
  return format
}

export function readInput(name: string, command: Command, typed: string[]): Input {
  const known = optionsOf(command)
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [option, { takes, short }] of Object.entries(known)) {
    options[option] = { type: takes === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) }
  }
  const { words, rest } = splitRest(typed, known)
  const { values, positionals: args } = parse(name, words, options, Object.keys(known))
  const [least, most] = command.takes
  // A request for help need not be a right call.
  if (values['help'] !== true && (args.length < least || args.length > most)) throw new Misuse(toUsage(name, command))
  const output = values['output']
  if (typeof output === 'string' && !isFormat(output))
    throw new Misuse(`-o takes ${FORMATS.join(', ')}; "${output}" is not one.`)
  return {
    args,
    text: (option) => (typeof values[option] === 'string' ? values[option] : undefined),
    isSet: (option) => values[option] === true,
    rest,
  }
}

/** Takes the option that takes all words after it, with these, off the end. */
function splitRest(typed: string[], known: Record<string, Option>): { words: string[]; rest: string[] | undefined } {
  const [last] = Object.entries(known).find(([, { takesRest }]) => takesRest === true) ?? []
  const at = last === undefined ? -1 : typed.findIndex((word) => word === `--${last}` || word.startsWith(`--${last}=`))
  if (at < 0) return { words: typed, rest: undefined }
  const [, given] = /^[^=]*=([^]*)$/.exec(typed[at] ?? '') ?? []
  return { words: typed.slice(0, at), rest: [...(given === undefined ? [] : [given]), ...typed.slice(at + 1)] }
}

/** The line of `help`, and an example: somebody who has just mistyped it needs one. */
export function toUsage(name: string, { usage, examples }: Pick<Command, 'usage' | 'examples'>): string {
  const [example] = examples
  return `Usage: switchyard ${name} ${usage}`.trimEnd() + (example === undefined ? '' : `\n  ${example[0]}`)
}

function parse(
  name: string,
  args: string[],
  options: NonNullable<ParseArgsConfig['options']>,
  known: readonly string[],
) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (fault) {
    const message = fault instanceof Error ? (fault.message.split('. ')[0] ?? '') : ''
    const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1]
    const near = unknown === undefined ? [] : listNearest(unknown, known).map((option) => `--${option}`)
    throw new Misuse(`${message}${askIfMeant(near)} "switchyard help ${name}" lists what it takes.`)
  }
}
