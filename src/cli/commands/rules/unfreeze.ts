/** `unfreeze`, also `freeze off`. It asks first, because changes are possible again. */
import { toReasonCall } from '../../change/change-options.ts'
import { performChange } from '../../change/perform-change.ts'
import type { ChangeReply } from '../../api/answer-types.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import type { Exit } from '../../exit.ts'
import type { Input } from '../../input/input.ts'
import { formatTime } from '../../output/time-text.ts'

export const unfreeze: Command = {
  usage: '[<key or pattern> …]',
  takes: [0, 20],
  options: WRITE,
  examples: [
    ['switchyard unfreeze', 'end the freeze of every flag; asks first'],
    ['switchyard unfreeze "checkout.*"', 'end the freeze that was begun with this pattern'],
  ],
  notes: '"switchyard status" lists the freezes. Other freezes stay, and the answer names them.',
  run: endFreeze,
}

/** The freezes that still stand. */
type Unfrozen = ChangeReply & { still?: { keys: string[] | null; until: string | null }[] }

export async function endFreeze(input: Input, { print, session }: Context): Promise<Exit> {
  const stash = session()
  const { query, headers } = toReasonCall(input)
  const { args: keys } = input
  const what = keys.length === 0 ? 'every flag' : keys.join(', ')
  return performChange(print, stash, input, {
    method: 'DELETE',
    path: stash.path('/freeze'),
    call: { query: { ...query, keys: keys.length === 0 ? undefined : keys.join(',') }, headers },
    action: `End the freeze of ${what}`,
    consequence: `${what} can be changed again by every token that may write.`,
    done: (reply: Unfrozen) => `the freeze of ${what} has ended${describeStill(reply.still ?? [])}`,
  })
}

function describeStill(still: NonNullable<Unfrozen['still']>): string {
  const listed = still.map(
    ({ keys, until }) => `${keys?.join(', ') ?? 'every flag'}${until === null ? '' : ` until ${formatTime(until)}`}`,
  )
  return listed.length === 0 ? '' : `. Still frozen: ${listed.join('; ')}`
}
