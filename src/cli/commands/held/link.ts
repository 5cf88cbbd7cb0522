/** `link`: a change for somebody without a token. Whoever has the link can press it, so it goes to stdout alone. */
import type { Link } from '../../api/answer-types.ts'
import { WRITE, type Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'

export const link: Command = {
  usage: '<key> <value>',
  takes: [2, 2],
  options: {
    for: { takes: '<30m>', means: 'once it is pressed, for so long' },
    decision: { takes: '<name>', means: 'ties links together: the first that is pressed voids the others' },
    ...(WRITE['reason'] && { reason: WRITE['reason'] }),
  },
  notes:
    'Whoever has the link can make this one change, once, within 15 minutes: by the button that it shows, or by curl -X POST.',
  async run(input, { print, session }) {
    const [key = '', value = ''] = input.args
    const query = { decision: input.text('decision') }
    const { body } = await session().presign<Link>(key, value, input, query)
    if (print.json) print.document(body)
    else print.line(body.url)
    print.say(`Good for one press, until ${body.expires_at}. To void it: switchyard drop ${body.held_id}`)
    return EXIT.done
  },
}
