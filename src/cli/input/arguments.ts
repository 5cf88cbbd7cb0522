/** Reads what was typed. A token in it is refused before anything else is looked at: others can see it there. */
import type { ParseArgsConfig } from 'node:util'
import { COMMON, type Command, type Option } from '../command.ts'
import type { Input } from './input.ts'
import { Misuse } from '../exit.ts'

// As in `start.mjs`.
const { parseArgs } = process.getBuiltinModule('node:util')

export function refuseTokens(typed: string[]): void {
  if (!typed.some((word) => /(?:^|=)swy_|swy_[0-9A-Za-z]{38}/.test(word))) return
  throw new Misuse(
    'That is a token, and the command line can be read by others (ps, the shell\'s history). Keep it in SWITCHYARD_TOKEN or a profile; and make another one in its place: "switchyard token".',
  )
}

export const optionsOf = ({ options = {} }: Command): Record<string, Option> => ({ ...options, ...COMMON })

export function readInput(name: string, command: Command, typed: string[]): Input {
  const known = optionsOf(command)
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [option, { takes }] of Object.entries(known)) {
    options[option] = takes === undefined ? { type: 'boolean' } : { type: 'string' }
  }
  const { values, positionals: args } = parse(name, typed, options)
  const [least, most] = command.takes
  // Whoever asks how a command is called need not call it rightly.
  if (values['help'] !== true && (args.length < least || args.length > most)) {
    throw new Misuse(`Usage: switchyard ${name} ${command.usage}`.trimEnd())
  }
  return {
    args,
    text: (option) => (typeof values[option] === 'string' ? values[option] : undefined),
    isSet: (option) => values[option] === true,
  }
}

function parse(name: string, args: string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (fault) {
    const message = fault instanceof Error ? fault.message.split('. ')[0] : ''
    throw new Misuse(`${message}. "switchyard help ${name}" lists what it takes.`)
  }
}
