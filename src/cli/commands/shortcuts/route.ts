/** `route`: the target of traffic, in a flag that others read. */
import { TIMED, type Command } from '../../command.ts'
import { setFlag } from '../flags/set.ts'

export const route: Command = {
  usage: '<target>',
  takes: [1, 1],
  options: { key: { takes: '<key>', means: 'the flag; else traffic-target' }, ...TIMED },
  run: (input, context) => setFlag(input.text('key') ?? 'traffic-target', input.args[0] ?? '', input, context),
}
