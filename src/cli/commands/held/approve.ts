/** `approve`: the second person. Without an id, what there is to approve. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { WRITE, type Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { printHeld, readHeld } from './held.ts'
import { replyChange } from '../../output/reply-change.ts'

export const approve: Command = {
  usage: '[<held id>]',
  takes: [0, 1],
  options: WRITE,
  notes: 'Without an id it lists what waits. Whoever asked for a change cannot approve it.',
  async run(input, { print, session }) {
    const stash = session()
    const [id] = input.args
    if (id !== undefined) {
      const path = `/held/${encodeURIComponent(id)}/approve`
      return replyChange(print, await stash.change<ChangeReply>('POST', path, undefined, input))
    }
    const held = await readHeld(stash)
    if (print.json) print.document({ held })
    else if (held.length === 0) print.say('Nothing waits.')
    else printHeld(print, held)
    return EXIT.done
  },
}
