/** `drop`: what waits will not happen. Of a time-boxed change, what waits is its end. */
import { WRITE, type Command } from './command.ts'
import { replyChange, type Changed } from './reply-words.ts'

export const drop: Command = {
  usage: '<held id>',
  takes: [1, 1],
  options: WRITE,
  notes: 'Of a change for a time, it drops the end: the value stays. "switchyard approve" lists the ids.',
  async run(input, { print, session }) {
    const path = `/held/${encodeURIComponent(input.args[0] ?? '')}`
    return replyChange(print, await session().change<Changed>('DELETE', path, undefined, input))
  },
}
