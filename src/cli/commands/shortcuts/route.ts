/** `route`: the target of traffic, in a flag that others read. */
import type { Command } from '../../command.ts'
import { shortcutOptions, showShortcut, writeShortcut } from './shortcut.ts'

const ROUTE = { name: 'route', key: 'traffic-target' }

export const route: Command = {
  usage: '[<target> [<service> …]]',
  takes: [0, 100],
  options: shortcutOptions(ROUTE.key),
  examples: [
    ['switchyard route green checkout', 'checkout.traffic-target is green'],
    ['switchyard route blue checkout search --reason "drain green"', 'two services, as one revision'],
    ['switchyard route', 'where traffic goes, by service'],
  ],
  run(input, context) {
    const [target, ...services] = input.args
    return target === undefined
      ? showShortcut(ROUTE, [], input, context)
      : writeShortcut(ROUTE, target, services, input, context)
  },
}
