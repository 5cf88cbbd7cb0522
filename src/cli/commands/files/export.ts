/** `export`: flags and guards as the service gives them. */
import type { Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'

export const exportFlags: Command = {
  usage: '',
  takes: [0, 0],
  examples: [['switchyard export > flags.json', 'a backup, and what "diff" and "apply" take']],
  notes: 'Flags and guards, without secrets: a backup, or what "diff" and "apply" take. > shop.json',
  async run(_, { print, session }) {
    const { body } = await session().read('/export', { revision: 'number', items: 'list', guards: 'list' })
    print.document(body, print.json ? undefined : 2)
    return EXIT.done
  },
}
