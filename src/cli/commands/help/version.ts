/** `version`: that of the command line, and of the Node that runs it. Also as `--version` and `-V`. */
import type { Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { VERSION } from '../../../version.ts'

export const version: Command = {
  usage: '',
  takes: [0, 0],
  examples: [['switchyard version', 'for a report of a problem']],
  async run(_, { print }) {
    const node = process.versions.node
    print.data({ version: VERSION, node }, [VERSION], () => print.line(`switchyard ${VERSION}`))
    return EXIT.done
  },
}
