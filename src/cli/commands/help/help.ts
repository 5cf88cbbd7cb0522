/** `help`: made from the commands themselves, so that it cannot say otherwise than they do. */
import { optionsOf } from '../../input/arguments.ts'
import type { Command, Context, Option } from '../../command.ts'
import { findCommand, GROUPS, listCommandNames } from '../../commands.ts'
import { EXIT, EXIT_MEANINGS, Misuse } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import { bold, dim } from '../../output/print.ts'

export const help: Command = {
  usage: '[<command>]',
  takes: [0, 1],
  examples: [['switchyard help maintenance', 'how a command is called, with examples']],
  async run({ args: [name] }, context) {
    if (name === undefined) printOverview(context)
    else await printCommand(name, context)
    return EXIT.done
  },
}

const SETTINGS: [string, string][] = [
  ['SWITCHYARD_PROFILE', 'the profile, instead of the current one'],
  ['SWITCHYARD_URL', 'the address: https://flags.example/api'],
  ['SWITCHYARD_STASH', "the stash: its slug or id, instead of a profile's"],
  ['SWITCHYARD_TOKEN', 'the token. Never on the command line'],
  ['NO_COLOR', 'no colour'],
]

function printOverview({ print }: Context): void {
  const commands = Object.values(GROUPS).flatMap((group) =>
    Object.entries(group).map(([name, { summary }]) => ({ name, summary })),
  )
  if (print.format !== 'table') {
    print.data({ commands, exit: Object.fromEntries(EXIT_MEANINGS) }, listCommandNames(), () => {})
    return
  }
  print.line('switchyard <command> …: operational flags.')
  for (const [title, group] of Object.entries(GROUPS)) {
    print.line()
    print.line(bold(title))
    print.table(Object.entries(group).map(([name, { summary }]) => [`  ${name}`.padEnd(14), summary]))
  }
  print.line()
  print.line(bold('Settings of the environment'))
  print.table(SETTINGS.map(([name, means]) => [`  ${name}`, dim(means)]))
  print.line()
  print.line(bold('Exit codes'))
  print.table(EXIT_MEANINGS.map(([code, means]) => [`  ${code}`, dim(means)]))
  print.line()
  print.line('"switchyard help <command>" or "switchyard <command> -h": its options, with examples.')
}

async function printCommand(name: string, { print }: Context): Promise<void> {
  const entry = findCommand(name)
  if (entry === undefined)
    throw new Misuse(
      `There is no command "${name}"${askIfMeant(listNearest(name, listCommandNames()))} "switchyard help" lists them.`,
    )
  const command = await entry.load()
  const { usage, notes, examples } = command
  const { summary, aliases = [] } = entry
  const options = Object.entries(optionsOf(command))
  print.data(
    { command: name, summary, usage, aliases, options: Object.fromEntries(options), examples },
    options.map(([option]) => `--${option}`),
    () => {
      print.line(bold(`switchyard ${name} ${usage}`.trimEnd()))
      print.line(`  ${summary}${aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`}`)
      if (notes !== undefined) print.line(`  ${notes}`)
      print.line()
      print.line(bold('Examples'))
      print.table(examples.map(([example, means]) => [`  ${example}`, dim(means)]))
      print.line()
      print.line(bold('Options'))
      print.table(options.map(([option, details]) => [describeOption(option, details), dim(details.means)]))
    },
  )
}

const describeOption = (option: string, { takes = '', short }: Option): string =>
  `  ${short === undefined ? '    ' : `-${short}, `}--${option} ${takes}`.trimEnd()
