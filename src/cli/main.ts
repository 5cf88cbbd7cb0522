/**
 * The command line: finds the command, runs it, and ends with a code that scripts can trust (`exit.ts`). No command
 * writes to a stream or ends the process itself.
 */
import { isChanging, Session } from './api/session.ts'
import type { Command } from './command.ts'
import { findCommand, listCommandNames } from './commands.ts'
import { readSettings } from './config/settings.ts'
import { EXIT, Misuse, type Exit } from './exit.ts'
import { passInterrupt } from './interrupt.ts'
import { readFormat, readInput, refuseTokens, splitCommand } from './input/arguments.ts'
import { paint, Printer } from './output/print.ts'

/** The most that a shell waits for its completion, without the start of Node. */
const COMPLETION_MS = 1_300

const streams = { stdout: process.stdout, stderr: process.stderr }

// The reader of the output has ended (`| head`), so there is nothing more to do.
process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code === 'EPIPE') process.exit(EXIT.brokenPipe)
  process.stderr.write(`Nothing can be written: ${String(fault.code)}.\n`)
  process.exit(EXIT.unknown)
})
process.on('SIGINT', () => {
  if (passInterrupt()) return
  if (isChanging())
    process.stderr.write('\nInterrupted. Whether the change was made is not known: look at "switchyard history".\n')
  process.exit(EXIT.interrupted)
})

const typed = process.argv.slice(2)
const format = readFormat(typed)
process.exitCode = await run(typed).catch(fail)

async function run(words: string[]): Promise<Exit> {
  if (words[0] === '__complete')
    return runCompletion(words.slice(words[1] === '--' ? 2 : 1)).catch((): Exit => EXIT.done)
  refuseTokens(words)
  const { name, rest } = splitCommand(words)
  const isVersion = (word: string): boolean => word === '--version' || word === '-V'
  const isHelp = (word: string): boolean => word === '--help' || word === '-h'
  if (name === '')
    return runCommand(
      rest.some(isVersion) ? 'version' : 'help',
      rest.filter((word) => !isVersion(word) && !isHelp(word)),
    )
  return runCommand(name, rest)
}

async function runCommand(name: string, rest: string[]): Promise<Exit> {
  const command = await load(name)
  const input = readInput(name, command, rest)
  if (input.isSet('help')) return runCommand('help', [name, ...(format === 'json' ? ['--json'] : [])])
  const { env } = process
  const print = new Printer(streams, env, { format, isQuiet: input.isSet('quiet') })
  const profile = input.text('profile')
  const session = (): Session => {
    const settings = readSettings(profile, env)
    if (settings.warning !== undefined) print.warn(paint('yellow', settings.warning))
    return new Session(settings)
  }
  return command.run(input, { print, env, profile, session })
}

/** Says nothing but candidates, whatever happens. */
async function runCompletion(words: string[]): Promise<Exit> {
  setTimeout(() => process.exit(EXIT.done), COMPLETION_MS).unref()
  const { complete } = await import('./commands/help/complete.ts')
  const found = await complete(words, process.env)
  new Printer(streams, process.env, { format: 'name', isQuiet: true }).names(found)
  return EXIT.done
}

async function load(name: string): Promise<Command> {
  const entry = findCommand(name)
  if (entry !== undefined) return entry.load()
  const { askIfMeant, listNearest } = await import('./input/find-nearest.ts')
  const near = listNearest(name, listCommandNames(), 2)
  throw new Misuse(`There is no command "${name}"${askIfMeant(near)} "switchyard help" lists them.`)
}

async function fail(fault: unknown): Promise<Exit> {
  const { describeFailure } = await import('./output/describe-failure.ts')
  const { exit, code, words, facts } = describeFailure(fault)
  const print = new Printer(streams, process.env, { format, isQuiet: false })
  if (print.json) print.document({ error: { ...facts, code, message: words } })
  print.warn(paint('red', words))
  return exit
}
