/** `set`: one value written. Also what the commands with a flag of their own come to. */
import type { ChangeReply } from '../../api/answer-types.ts'
import { TIMED, type Command, type Context } from '../../command.ts'
import type { Input } from '../../input/input.ts'
import { Misuse, type Exit } from '../../exit.ts'
import { quote } from '../../output/print.ts'
import { replyChange } from '../../output/reply-change.ts'
import { readStdin } from '../../input/stdin.ts'

export const set: Command = {
  usage: '<key> <value>',
  takes: [2, 2],
  options: TIMED,
  notes: 'The value - is read from stdin, to the byte. One that begins with - stands after --: set a -- -5',
  async run(input, context) {
    const [key = '', given = ''] = input.args
    return setFlag(key, given === '-' ? await readStdin() : given, input, context)
  },
}

/** Also for the commands that are a `set` with a key of their own. */
export async function setFlag(key: string, value: string, input: Input, { print, session }: Context): Promise<Exit> {
  if (value === '') throw new Misuse(`An empty value is no value. To take it away: switchyard unset ${key}`)
  const reply = await session().changeItem<ChangeReply>('PUT', key, value, input)
  return replyChange(print, reply, `${key} is ${quote(value)}`)
}
