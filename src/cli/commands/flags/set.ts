/** `set`: one value, or several as one revision. */
import { isPattern, readFlags, selectKeys } from '../../change/find-flags.ts'
import { writeFlags, type Write } from '../../change/write-flags.ts'
import { CREATING, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { readStdin } from '../../input/stdin.ts'

export const set: Command = {
  usage: '<key> <value> | <key>=<value> …',
  takes: [1, 200],
  options: CREATING,
  examples: [
    ['switchyard set checkout.banner "Back at 9:00" --for 2h', 'one flag, for two hours'],
    ['switchyard set checkout.region=eu search.region=eu', 'several flags, as one revision'],
    ['switchyard set "*.maintenance-mode" true', 'every flag that matches; asks first'],
    ['switchyard set checkout.limits - < limits.json', 'the value from stdin, to the byte'],
  ],
  notes:
    'A flag that does not exist is written with --create only. A value that begins with - stands after --: set a -- -5',
  async run(input, context) {
    const [key = '', given = ''] = input.args
    if (key.includes('=')) return writeFlags(readPairs(input.args), input, context)
    if (input.args.length !== 2)
      throw new Misuse(`"set ${key}" takes a value: switchyard set ${key} <value>. Several: <key>=<value> …`)
    const value = given === '-' ? await readStdin() : given
    if (!isPattern(key)) return writeFlags([{ key, value }], input, context)
    const stash = context.session()
    const keys = selectKeys(stash, [key], (await readFlags(stash)).keys())
    const consequence = `"${key}" is ${keys.join(', ')}.`
    return writeFlags(
      keys.map((one) => ({ key: one, value })),
      input,
      context,
      { consequence },
    )
  },
}

function readPairs(args: readonly string[]): Write[] {
  const writes = new Map<string, string>()
  for (const arg of args) {
    const end = arg.indexOf('=')
    const key = arg.slice(0, Math.max(0, end))
    if (end < 1) throw new Misuse(`"${arg}" is not <key>=<value>.`)
    if (isPattern(key)) throw new Misuse(`"${key}" is a pattern: switchyard set "${key}" <value>`)
    if (writes.has(key)) throw new Misuse(`"${key}" is given twice.`)
    writes.set(key, arg.slice(end + 1))
  }
  return [...writes].map(([key, value]) => ({ key, value }))
}
