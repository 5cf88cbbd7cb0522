/** `get`: one value, as anyone may read it. The fastest command, because scripts call it in loops: it loads nothing it does not need. */
import type { Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'

export const get: Command = {
  usage: '<key>',
  takes: [1, 1],
  notes: 'Takes no token. Into a pipe the value goes as it is, to the byte; on a terminal nothing in it is obeyed.',
  async run({ args: [key = ''] }, { print, session }) {
    const { headers, body } = await session().readItem(key)
    if (print.json) {
      const version = Number((headers.get('ETag') ?? '').replaceAll(/[^0-9]/g, ''))
      const revision = Number(headers.get('Switchyard-Revision'))
      print.document({ key, value: body, version, revision, source: headers.get('Switchyard-Source') })
    } else print.raw(body)
    return EXIT.done
  },
}
