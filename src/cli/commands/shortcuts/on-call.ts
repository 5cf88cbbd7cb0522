/** `on-call`: who is, in a flag that others read. */
import { TIMED, type Command } from '../../command.ts'
import { setFlag } from '../flags/set.ts'

export const onCall: Command = {
  usage: '<who>',
  takes: [1, 1],
  options: { key: { takes: '<key>', means: 'the flag; else on-call' }, ...TIMED },
  run: (input, context) => setFlag(input.text('key') ?? 'on-call', input.args[0] ?? '', input, context),
}
