/** `unfreeze`, and `freeze off`: one word is easier to find at night. */
import { WRITE, type Command, type Context, type Input } from './command.ts'
import type { Exit } from './exit.ts'
import { replyChange, type Changed } from './reply-words.ts'

export const unfreeze: Command = {
  usage: '',
  takes: [0, 0],
  options: WRITE,
  run: endFreeze,
}

export async function endFreeze(input: Input, { print, session }: Context): Promise<Exit> {
  const reply = await session().change<Changed>('DELETE', '/freeze', undefined, input, { query: { for: undefined } })
  return replyChange(print, reply)
}
