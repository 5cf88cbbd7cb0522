/** `help`: made from the commands themselves, so that it cannot say otherwise than they do. */
import { optionsOf } from '../../input/arguments.ts'
import type { Command, Context, Option } from '../../command.ts'
import { findCommand, GROUPS, listCommandNames } from '../../commands.ts'
import { EXIT, EXIT_MEANINGS, Misuse } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import { bold, dim, type Printer } from '../../output/print.ts'

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
  const commands = Object.entries(GROUPS).flatMap(([group, entries]) =>
    Object.entries(entries).map(([name, { summary }]) => ({ name, summary, group })),
  )
  if (print.format !== 'table') {
    print.data({ commands, exit: Object.fromEntries(EXIT_MEANINGS) }, listCommandNames(), () => {})
    return
  }
  print.line('switchyard <command> …: operational flags. "switchyard help <command>": its options, with examples.')
  for (const [title, group] of Object.entries(GROUPS)) {
    print.line(bold(title))
    print.table(Object.entries(group).map(([name, { summary }]) => [`  ${name}`.padEnd(14), summary]))
  }
  print.line(bold('Settings of the environment'))
  print.table(SETTINGS.map(([name, means]) => [`  ${name}`, dim(means)]))
  print.line(bold('Exit codes'))
  print.table(EXIT_MEANINGS.map(([code, means]) => [`  ${code}`, dim(means)]))
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
      for (const line of wrap(`switchyard ${name} ${usage}`.trimEnd(), '    ')) print.line(bold(line))
      print.line(`  ${summary}${aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`}`)
      if (notes !== undefined) for (const line of wrap(`  ${notes}`, '  ')) print.line(line)
      print.line()
      print.line(bold('Examples'))
      printExamples(print, examples)
      print.line()
      print.line(bold('Options'))
      print.table(options.map(([option, details]) => [describeOption(option, details), dim(details.means)]))
    },
  )
}

const WIDTH = 100

/** @param indent of the lines after the first */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH)
    if (at <= indent.length) break
    lines.push(rest.slice(0, at))
    rest = indent + rest.slice(at + 1)
  }
  return [...lines, rest]
}

/** Beside each other where all fit, else what it is for stands above the command. */
function printExamples(print: Printer, examples: Command['examples']): void {
  const widest = Math.max(...examples.map(([example]) => example.length))
  if (examples.every(([, means]) => widest + means.length + 4 <= WIDTH))
    print.table(examples.map(([example, means]) => [`  ${example}`, dim(means)]))
  else
    for (const [example, means] of examples) {
      print.line(dim(`  # ${means}`))
      print.line(`  ${example}`)
    }
}

const describeOption = (option: string, { takes = '', short }: Option): string =>
  `  ${short === undefined ? '    ' : `-${short}, `}--${option} ${takes}`.trimEnd()
