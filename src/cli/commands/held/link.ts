/** `link`: a change for somebody without a token. Each holder of the link can use it, so it goes to stdout alone. */
import type { DryRun, Link } from '../../api/answer-types.ts'
import { toChangeCall } from '../../change/change-options.ts'
import { printDryRun } from '../../change/dry-run.ts'
import { noSuchFlag, readFlags } from '../../change/find-flags.ts'
import { askFirst } from '../../change/perform-change.ts'
import { WRITE, type Command, type Option } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { showValue } from '../../output/print.ts'
import { formatTime } from '../../output/time-text.ts'

const { reason, 'dry-run': dryRun, yes } = WRITE as Record<'reason' | 'dry-run' | 'yes', Option>

export const link: Command = {
  usage: '<key> <value>',
  takes: [2, 2],
  options: {
    for: { takes: '<30m>', means: 'from its use, for so long' },
    decision: { takes: '<name>', means: 'ties links together: the first that is used voids the others' },
    create: { means: 'also for a flag that does not exist' },
    reason,
    'dry-run': dryRun,
    yes,
  },
  examples: [
    ['switchyard link checkout.maintenance-mode true --for 30m', 'a link that puts checkout into maintenance, once'],
  ],
  notes:
    'Each holder of the link can make this one change, once, within 15 minutes: by the button that it shows, or by curl -X POST.',
  async run(input, { print, session }) {
    const [key = '', value = ''] = input.args
    const stash = session()
    if (!input.isSet('create')) {
      const known = await readFlags(stash)
      if (!known.has(key)) throw noSuchFlag(stash, key, known.keys(), 'create')
    }
    const { query, headers } = toChangeCall(input)
    const call = { query: { ...query, decision: input.text('decision') }, headers, body: value }
    const path = `${stash.itemPath(key)}/presign`
    const action = `Make a link that sets ${key} to ${showValue(value)}`
    if (input.isSet('dry-run')) {
      const plan = await stash.dryRun<DryRun>('POST', path, call, { dry_run: 'boolean' })
      return printDryRun(print, stash, action, plan.body)
    }
    await askFirst(print, stash, input, { action })
    const { body } = await stash.sendOnce<Link>(path, call, { url: 'string', held_id: 'string' })
    print.data({ stash: stash.label, ...body }, [body.held_id], () => print.line(body.url))
    print.say(
      `${stash.label}: a link that sets ${key} to ${showValue(value)}, once, until ${formatTime(body.expires_at)}. To void it: switchyard drop ${body.held_id}`,
    )
    return EXIT.done
  },
}
