/** `maintenance`: the switch of a service, in the words of an operator. What it means is up to the services that read it. */
import type { Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import { shortcutOptions, showShortcut, writeShortcut } from './shortcut.ts'

const VALUES = new Map([
  ['on', 'true'],
  ['off', 'false'],
])

export const MAINTENANCE = { name: 'maintenance', key: 'maintenance-mode' }

export const maintenance: Command = {
  usage: '[on|off] [<service> …]',
  takes: [0, 100],
  options: shortcutOptions(MAINTENANCE.key),
  examples: [
    ['switchyard maintenance on checkout --for 30m', 'checkout.maintenance-mode is true, and goes back by itself'],
    ['switchyard maintenance off checkout', 'end it now'],
    ['switchyard maintenance', 'which services are in maintenance'],
    ['switchyard maintenance on --all', 'every service, as one revision; asks first'],
  ],
  notes: 'Without a service it is the flag maintenance-mode of the stash as a whole.',
  run(input, context) {
    const [word = '', ...services] = input.args
    const value = VALUES.get(word)
    if (value !== undefined) return writeShortcut(MAINTENANCE, value, services, input, context)
    const near = word === '' || services.length === 0 ? [] : listNearest(word, VALUES.keys(), 1)
    if (near.length > 0) throw new Misuse(`"${word}" is neither on nor off${askIfMeant(near)}`)
    return showShortcut(MAINTENANCE, input.args, input, context)
  },
}
