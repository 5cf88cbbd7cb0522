/** `unset`: a flag taken away. A service reads then that it does not exist, not that it is empty. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { TIMED, type Command } from '../../command.ts'
import { replyChange } from '../../output/reply-change.ts'

export const unset: Command = {
  usage: '<key>',
  takes: [1, 1],
  options: TIMED,
  async run(input, { print, session }) {
    const [key = ''] = input.args
    return replyChange(
      print,
      await session().changeItem<ChangeReply>('DELETE', key, undefined, input),
      `${key} is gone`,
    )
  },
}
