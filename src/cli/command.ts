/**
 * What a command is: how it is called, and what it does. Each stands in a file of its own and is loaded only when it is
 * called, so that `get` does not pay for `apply`.
 */
import type { Environment } from './config/environment.ts'
import type { Exit } from './exit.ts'
import type { Input } from './input/input.ts'
import type { Printer } from './output/print.ts'
import type { Session } from './api/session.ts'

export type Option = {
  /** What stands after it: `<why>`. Left out: it is a switch. */
  takes?: string
  means: string
}

export type Command = {
  /** What stands after the name: `<key> <value>`. */
  usage: string
  /** How many arguments it takes. */
  takes: [least: number, most: number]
  options?: Record<string, Option>
  /** What a reader of `help` should know besides. */
  notes?: string
  run(input: Input, context: Context): Promise<Exit>
}

export type Context = {
  print: Printer
  env: Environment
  /** The profile asked for by name; undefined: the default. */
  profile: string | undefined
  /** The stash of the settings. Throws `Misuse` where there are none. */
  session(): Session
}

/** On every command. */
export const COMMON: Record<string, Option> = {
  profile: { takes: '<name>', means: 'the profile to use (SWITCHYARD_PROFILE; else "default")' },
  json: { means: 'one JSON document on stdout' },
  help: { means: 'how this command is called' },
}

/** On whatever changes something. */
export const WRITE: Record<string, Option> = {
  reason: { takes: '<why>', means: 'recorded in the history' },
  'break-glass': { takes: '<why>', means: 'go through a freeze; recorded, takes a token that can' },
}

/** On whatever changes values. */
export const TIMED: Record<string, Option> = {
  for: { takes: '<30m>', means: 'then it goes back by itself: 90s, 30m, 2h, 7d' },
  at: { takes: '<time>', means: 'not now, but then: 2026-12-01T02:00:00Z' },
  ...WRITE,
}
