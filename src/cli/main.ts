/**
 * The command line: finds the command, runs it, and ends with a code that scripts can trust (`exit.ts`). No command
 * writes to a stream or ends the process itself.
 */
import { readInput, refuseTokens } from './input/arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS, suggestFor } from './commands.ts'
import { EXIT, Misuse, type Exit } from './exit.ts'
import { paint, Printer } from './output/print.ts'
import { isChanging, Session } from './api/session.ts'
import { readSettings } from './config/settings.ts'

const streams = { stdout: process.stdout, stderr: process.stderr }

// Whoever read us has left (`| head`). There is nobody to tell.
process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code === 'EPIPE') process.exit(EXIT.brokenPipe)
  process.stderr.write(`Nothing can be written: ${String(fault.code)}.\n`)
  process.exit(EXIT.unknown)
})
process.on('SIGINT', () => {
  if (isChanging())
    process.stderr.write('\nInterrupted. Whether it was done is not known: look at "switchyard history".\n')
  process.exit(EXIT.interrupted)
})

const typed = process.argv.slice(2)
const isJson = typed.slice(0, typed.indexOf('--') >>> 0).includes('--json')
process.exitCode = await run(typed, new Printer(streams, process.env, isJson)).catch(fail)

async function run([name = 'help', ...rest]: string[], print: Printer): Promise<Exit> {
  refuseTokens(process.argv.slice(2))
  if (name === '--help' || name === '-h') return run(['help'], print)
  const command = await load(name)
  const input = readInput(name, command, rest)
  const { env } = process
  if (input.isSet('help')) return run(['help', name], print)
  const profile = input.text('profile')
  const session = (): Session => {
    const settings = readSettings(profile, env)
    if (settings.warning !== undefined) print.say(paint('yellow', settings.warning))
    return new Session(settings)
  }
  return command.run(input, { print, env, profile, session })
}

async function load(name: string): Promise<Command> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry !== undefined) return entry.load()
  const meant = suggestFor(name)
  throw new Misuse(
    `There is no command "${name}"${meant === undefined ? '.' : `; did you mean "${meant}"?`} "switchyard help" lists them.`,
  )
}

async function fail(fault: unknown): Promise<Exit> {
  const { describeFailure: wordFailure } = await import('./output/describe-failure.ts')
  const { exit, code, words, facts } = wordFailure(fault)
  const print = new Printer(streams, process.env, isJson)
  if (isJson) print.document({ error: { ...facts, code, message: words } })
  print.say(paint('red', words))
  return exit
}
