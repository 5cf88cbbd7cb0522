/** `undo`: the opposite of one revision. Later changes in the way are for a person to look at, not for us to override. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { TIMED, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { replyChange } from '../../output/reply-change.ts'

export const undo: Command = {
  usage: '<revision>',
  takes: [1, 1],
  options: TIMED,
  notes: '"switchyard history" has the revisions. It is taken back as a whole, or not at all.',
  async run(input, { print, session }) {
    const revision = /^\d{1,15}$/.test(input.args[0] ?? '') ? Number(input.args[0]) : 0
    if (revision < 1) throw new Misuse(`"${input.args[0] ?? ''}" is no revision: 1, 2, 3 …`)
    const reply = await session().change<ChangeReply>('POST', '/undo', { revision }, input)
    return replyChange(print, reply, `Revision ${revision} is taken back: ${reply.body.changed?.join(', ') ?? ''}`)
  },
}
