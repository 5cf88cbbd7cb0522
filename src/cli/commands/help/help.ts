/** `help`: made from the commands themselves, so that it cannot say otherwise than they do. */
import { optionsOf } from '../../input/arguments.ts'
import type { Command, Context } from '../../command.ts'
import { COMMANDS } from '../../commands.ts'
import { EXIT, EXIT_MEANINGS, Misuse } from '../../exit.ts'
import { bold, dim } from '../../output/print.ts'

export const help: Command = {
  usage: '[<command>]',
  takes: [0, 1],
  async run({ args: [name] }, context) {
    if (name === undefined) printOverview(context)
    else await printCommand(name, context)
    return EXIT.done
  },
}

const SETTINGS: [string, string][] = [
  ['SWITCHYARD_URL', 'where: https://flags.example/api'],
  ['SWITCHYARD_STASH', "which stash: its id. Left out: the profile's"],
  ['SWITCHYARD_TOKEN', 'in whose name. Never on the command line'],
  ['SWITCHYARD_PROFILE', 'which profile; else "default"'],
  ['NO_COLOR', 'no colour'],
]

function printOverview({ print }: Context): void {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => ({ name, summary }))
  if (print.json) {
    print.document({ commands, exit: Object.fromEntries(EXIT_MEANINGS) })
    return
  }
  print.line('switchyard <command> …: operational flags.')
  print.line()
  print.table(commands.map(({ name, summary }) => ['  ', bold(name), summary]))
  print.line()
  print.line('Settings, else a profile:')
  print.table(SETTINGS.map(([name, means]) => ['  ', name, dim(means)]))
  print.line()
  print.line('It ends with:')
  print.table(EXIT_MEANINGS.map(([code, means]) => ['  ', String(code), dim(means)]))
  print.line()
  print.line('"switchyard help <command>" says how it is called.')
}

async function printCommand(name: string, { print }: Context): Promise<void> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) throw new Misuse(`There is no command "${name}". "switchyard help" lists them.`)
  const command = await entry.load()
  const options = Object.entries(optionsOf(command))
  if (print.json) {
    print.document({
      command: name,
      summary: entry.summary,
      usage: command.usage,
      options: Object.fromEntries(options),
    })
    return
  }
  print.line(bold(`switchyard ${name} ${command.usage}`))
  print.line(`  ${entry.summary}`)
  if (command.notes !== undefined) print.line(`  ${command.notes}`)
  print.line()
  print.table(options.map(([option, { takes = '', means }]) => ['  ', `--${option} ${takes}`.trimEnd(), dim(means)]))
}
