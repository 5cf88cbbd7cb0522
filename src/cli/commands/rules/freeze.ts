/** `freeze`: nothing changes. Its end is a time, and `--for` a duration by the clock of this machine; elsewhere `for` is the service's. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { WRITE, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { replyChange } from '../../output/reply-change.ts'
import { endFreeze } from './unfreeze.ts'

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export const freeze: Command = {
  usage: '[off] [--for 2h | --until <time>]',
  takes: [0, 1],
  options: {
    for: { takes: '<2h>', means: 'until then, by the clock of this machine' },
    until: { takes: '<time>', means: 'until then: 2026-12-24T06:00:00Z; else until "freeze off"' },
    ...WRITE,
  },
  async run(input, context) {
    const [word] = input.args
    if (word === 'off') return endFreeze(input, context)
    if (word !== undefined) throw new Misuse(`Usage: switchyard freeze ${freeze.usage}`)
    const until = readUntil(input.text('for'), input.text('until'))
    // A reason in the query is all that a freeze needs; `for` means something else there.
    const body = until === undefined ? {} : { until }
    const reply = await context
      .session()
      .change<ChangeReply>('PUT', '/freeze', body, input, { query: { for: undefined } })
    return replyChange(context.print, reply, until === undefined ? 'Frozen' : `Frozen until ${until}`)
  },
}

function readUntil(duration: string | undefined, until: string | undefined): string | undefined {
  if (duration === undefined) return until
  if (until !== undefined) throw new Misuse('--for or --until, not both.')
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(duration) ?? []
  const ms = Number(count) * (UNITS_MS[unit] ?? NaN)
  if (Number.isNaN(ms) || ms === 0)
    throw new Misuse(`--for takes a duration such as 90s, 30m, 2h or 7d; "${duration}" is none.`)
  return new Date(Date.now() + ms).toISOString()
}
