/** `maintenance`: a boolean in the words of an operator. What the flag means is up to the services that read it. */
import { TIMED, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { setFlag } from '../flags/set.ts'

const VALUES = new Map([
  ['on', 'true'],
  ['off', 'false'],
])

/** What it writes; `--key` names another. */
export const MAINTENANCE = 'maintenance-mode'

export const maintenance: Command = {
  usage: 'on|off [--for 30m]',
  takes: [1, 1],
  options: { key: { takes: '<key>', means: `the flag; else ${MAINTENANCE}` }, ...TIMED },
  run(input, context) {
    const value = VALUES.get(input.args[0] ?? '')
    if (value === undefined) throw new Misuse('Usage: switchyard maintenance on|off [--for 30m]')
    return setFlag(input.text('key') ?? MAINTENANCE, value, input, context)
  },
}
