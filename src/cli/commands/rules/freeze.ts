/** `freeze`: no changes, of every flag or of some. Its end is a time; `--for` counts by the clock of this machine. */
import { toReasonCall } from '../../change/change-options.ts'
import { readFlags, selectKeys } from '../../change/find-flags.ts'
import { performChange } from '../../change/perform-change.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import { Misuse, type Exit } from '../../exit.ts'
import { toUsage } from '../../input/arguments.ts'
import { parseDuration } from '../../input/duration.ts'
import type { Input } from '../../input/input.ts'
import { parseTime } from '../../input/time.ts'
import { formatTime } from '../../output/time-text.ts'
import { endFreeze } from './unfreeze.ts'

export const freeze: Command = {
  usage: '[<key or pattern> …] [--for 2h | --until <time>]',
  takes: [0, 20],
  options: {
    for: { takes: '<2h>', means: 'for so long, by the clock of this machine' },
    until: { takes: '<time>', means: 'until then: 06:00, "2026-12-24 06:00"; else until "unfreeze"' },
    ...WRITE,
  },
  examples: [
    ['switchyard freeze --for 2h --reason launch', 'no changes to any flag'],
    ['switchyard freeze "checkout.*" --until "tomorrow 06:00"', 'no changes to one service'],
    ['switchyard unfreeze', 'end it'],
  ],
  async run(input, context) {
    if (input.args[0] === 'on') throw new Misuse(toUsage('freeze', freeze))
    if (input.args[0] === 'off') return endFreeze({ ...input, args: input.args.slice(1) }, context)
    return beginFreeze(input, context)
  },
}

async function beginFreeze(input: Input, { print, session }: Context): Promise<Exit> {
  const until = readUntil(input)
  const { args: keys } = input
  const stash = session()
  // A pattern that no flag matches would freeze nothing, and look like a freeze.
  if (keys.length > 0) selectKeys(stash, keys, (await readFlags(stash)).keys())
  const what = keys.length === 0 ? 'every flag' : keys.join(', ')
  return performChange(print, stash, input, {
    method: 'PUT',
    path: stash.path('/freeze'),
    call: {
      ...toReasonCall(input),
      body: { ...(keys.length > 0 && { keys }), ...(until !== undefined && { until }) },
    },
    action: `Freeze ${what}`,
    done: () =>
      `${what} ${keys.length > 1 ? 'are' : 'is'} frozen${until === undefined ? ', until "unfreeze"' : `, until ${formatTime(until)}`}`,
  })
}

function readUntil(input: Input): string | undefined {
  const [duration, until] = [input.text('for'), input.text('until')]
  if (duration === undefined) return until === undefined ? undefined : parseTime('--until', until)
  if (until !== undefined) throw new Misuse('--for or --until, not both.')
  return new Date(Date.now() + parseDuration('--for', duration)).toISOString()
}
