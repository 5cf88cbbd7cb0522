/**
 * The shape of a command: how it is called, and its work. Each command has a file of its own, which is loaded when the command
 * is called, so that `get` does not pay for `apply`.
 */
import type { Session } from './api/session.ts'
import type { Environment } from './config/environment.ts'
import type { Exit } from './exit.ts'
import type { Input } from './input/input.ts'
import type { Printer } from './output/print.ts'

export type Option = {
  /** What stands after it: `<why>`. Left out: it is a switch. */
  takes?: string
  /** It is the last one: all words after it are its value. */
  takesRest?: boolean
  /** One letter: `p` for `-p`. */
  short?: string
  means: string
}

export type Command = {
  /** What stands after the name: `<key> <value>`. */
  usage: string
  /** How many arguments it takes. */
  takes: [least: number, most: number]
  options?: Record<string, Option>
  /** Shown by `help`: a command with what it is for. */
  examples: [command: string, means: string][]
  /** What a reader of `help` should know besides. */
  notes?: string
  run(input: Input, context: Context): Promise<Exit>
}

export type Context = {
  print: Printer
  env: Environment
  /** The profile asked for by name; undefined: the current one. */
  profile: string | undefined
  /** The stash of the settings. Throws `Misuse` where there are none. */
  session(): Session
}

/** On every command, and before it: `switchyard -p prod status`. */
export const COMMON: Record<string, Option> = {
  profile: { takes: '<name>', short: 'p', means: 'the profile to use, instead of the current one' },
  output: { takes: '<table|json|name>', short: 'o', means: 'how data is written; json has times in UTC' },
  json: { means: 'the same as -o json' },
  quiet: { short: 'q', means: 'no messages but errors' },
  help: { short: 'h', means: 'how this command is called' },
}

/** On each command that changes something. */
export const WRITE: Record<string, Option> = {
  reason: { takes: '<why>', short: 'r', means: 'recorded in the history' },
  'break-glass': { takes: '<why>', means: 'override a freeze; recorded, and takes a token that may' },
  'dry-run': { short: 'n', means: 'only show what would happen' },
  yes: { short: 'y', means: 'do not ask' },
  wait: { means: 'if a second person must approve it, wait for their answer' },
  timeout: { takes: '<15m>', means: 'how long --wait waits' },
}

/** On each command that changes values. */
export const TIMED: Record<string, Option> = {
  for: { takes: '<30m>', means: 'then it goes back by itself: 90s, 30m, 1h30m, 7d' },
  at: { takes: '<time>', means: 'not now, but then: 02:00, "tomorrow 02:00", "2026-12-01 02:00"' },
  ...WRITE,
}

/** On each command that writes values. */
export const CREATING: Record<string, Option> = {
  create: { means: 'create the flag if it does not exist' },
  ...TIMED,
}
