/**
 * `status`: what is not normal first, then every service. Without a token it shows what is public; with one, also who changed
 * what is not normal, and what is pending. `--all` shows every profile.
 */
import type { Command } from '../../command.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { listNotNormal } from './status/describe-status.ts'
import { printStatus } from './status/print-status.ts'
import { readStatus } from './status/read-status.ts'
import { findUnknown, selectStatus } from './status/select-status.ts'
import { toDocument } from './status/to-document.ts'

export const status: Command = {
  usage: '[<service or pattern> …]',
  takes: [0, 100],
  options: {
    all: { means: 'of every profile' },
    long: { short: 'l', means: 'also type, author, reason and purpose of each flag' },
    'exit-code': { means: 'end with 5 if a flag is not normal: for monitors' },
  },
  examples: [
    ['switchyard status', 'what is not normal, and every flag by service'],
    ['switchyard status checkout', 'of one service'],
    ['switchyard status --all', 'of every profile, at once'],
    ['switchyard status --all --exit-code -o name', 'for a monitor: 0 all normal, 5 not, 3 no answer'],
  ],
  notes:
    'A flag is not normal if it is not at the safe value of its guard, or in a time-box. -o name lists the keys of these. Without a token: no authors, reasons, or pending changes.',
  async run(input, context) {
    const names = input.args
    if (input.isSet('all')) {
      if (context.profile !== undefined) throw new Misuse('--all is every profile: without --profile.')
      const { showAll } = await import('./status/show-all.ts')
      return showAll(context, names, input.isSet('exit-code'))
    }
    const { print } = context
    const stash = context.session()
    const isLong = input.isSet('long')
    // Scripts have had the author of each flag.
    const whole = await readStatus(stash, isLong || print.json ? 'all' : 'not normal')
    const unknown = findUnknown(stash, whole, names)
    if (unknown !== null) throw unknown
    const shown = selectStatus(whole, names)
    const notNormal = listNotNormal(shown)
    print.data(
      toDocument(stash, shown),
      notNormal.map(({ key }) => key),
      () => printStatus(print, stash, shown, isLong),
    )
    if (!stash.hasToken && print.format === 'table')
      print.say(`${stash.label}: only what is public. Who changed what and why, and what is pending, take a token.`)
    return input.isSet('exit-code') && notNormal.length > 0 ? EXIT.differs : EXIT.done
  },
}
