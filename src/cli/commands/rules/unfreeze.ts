/** `unfreeze`, and `freeze off`: one word is easier to find at night. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import type { Input } from '../../input/input.ts'
import type { Exit } from '../../exit.ts'
import { replyChange } from '../../output/reply-change.ts'

export const unfreeze: Command = {
  usage: '',
  takes: [0, 0],
  options: WRITE,
  run: endFreeze,
}

export async function endFreeze(input: Input, { print, session }: Context): Promise<Exit> {
  const reply = await session().change<ChangeReply>('DELETE', '/freeze', undefined, input, {
    query: { for: undefined },
  })
  return replyChange(print, reply)
}
