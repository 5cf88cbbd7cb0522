/** `list`: flags with their values, sorted by key. `status` shows what is not normal first. */
import type { Command } from '../../command.ts'
import { showFlags } from './show-flags.ts'

export const list: Command = {
  usage: '[<key or pattern> …]',
  takes: [0, 100],
  examples: [
    ['switchyard list', 'all flags'],
    ['switchyard list "checkout.*" -o name', 'the keys of a service, for a script'],
  ],
  notes: 'Takes no token.',
  run: (input, context) => showFlags(context, input.args, { demandAll: true }),
}
