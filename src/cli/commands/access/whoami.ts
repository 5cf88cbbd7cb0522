/** `whoami`: the token of the settings, as the service knows it. */
import type { OwnToken } from '../../api/answer-types.ts'
import type { Command } from '../../command.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { paint, type Piece } from '../../output/print.ts'
import { formatRelativeFirst } from '../../output/time-text.ts'
import { toLabel } from './describe-token.ts'
import { colourOfEnd } from './list-tokens.ts'

export const whoami: Command = {
  usage: '',
  takes: [0, 0],
  examples: [['switchyard whoami', 'label, abilities, flags, and when it expires']],
  async run(_, { print, session }) {
    const stash = session()
    const { profile = null, url, stash: address } = stash.settings
    if (!stash.hasToken) {
      const where = profile === null ? 'SWITCHYARD_TOKEN is not set' : `the profile "${profile}" has no token`
      throw new Misuse(`${stash.label}: ${where}: reads work, changes do not. "switchyard login" keeps one.`)
    }
    const shape = { token_id: 'string', label: 'string', can: 'list', keys: 'list' } as const
    const { body: own } = await stash.read<OwnToken>('/token', shape)
    const rows: [string, Piece][] = [
      ['label', own.master ? 'master token' : own.label],
      ['id', own.token_id],
      ['may', own.master ? 'everything' : own.can.join(', ')],
      ['flags', own.keys.includes('*') ? 'every flag' : own.keys.join(', ')],
      [
        'expires',
        own.expires_at === null ? 'never' : paint(colourOfEnd(own.expires_at), formatRelativeFirst(own.expires_at)),
      ],
      ['made by', own.made_by ?? (own.master ? 'the service' : 'not known')],
      ['profile', profile ?? 'none: from the environment'],
      ['stash', stash.label === address ? address : `${stash.label} (${address})`],
      ['url', url],
    ]
    print.data({ ...own, profile, url, stash: stash.label, stash_address: address }, [toLabel(own)], () =>
      print.table(rows),
    )
    return EXIT.done
  },
}
