/** `on-call`: who is on call, in a flag that others read. */
import type { Command } from '../../command.ts'
import { shortcutOptions, showShortcut, writeShortcut } from './shortcut.ts'

const ON_CALL = { name: 'on-call', key: 'on-call' }

export const onCall: Command = {
  usage: '[<person> [<service> …]]',
  takes: [0, 100],
  options: shortcutOptions(ON_CALL.key),
  examples: [
    ['switchyard on-call alice checkout --reason "week 48"', 'checkout.on-call is alice'],
    ['switchyard on-call bob --for 8h', 'the flag on-call of the stash as a whole'],
    ['switchyard on-call', 'who is on call, by service'],
  ],
  run(input, context) {
    const [person, ...services] = input.args
    return person === undefined
      ? showShortcut(ON_CALL, [], input, context)
      : writeShortcut(ON_CALL, person, services, input, context)
  },
}
