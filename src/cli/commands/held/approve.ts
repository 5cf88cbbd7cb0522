/** `approve`: what the second person does. Without an id it lists the changes that need approval. */
import { toReasonCall } from '../../change/change-options.ts'
import { performChange } from '../../change/perform-change.ts'
import { WRITE, type Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { showValue } from '../../output/print.ts'
import { describeChange, printHeld, readHeld, toWrites } from './pending.ts'
import { findHeld } from './held.ts'

export const approve: Command = {
  usage: '[<held id>]',
  takes: [0, 1],
  options: WRITE,
  examples: [
    ['switchyard approve', 'which changes need approval'],
    ['switchyard approve mYrzHzH4421AimLu', 'approve one; it is applied at once'],
  ],
  notes: 'The person who asked for a change cannot approve it. "held" lists all pending changes, "drop" declines one.',
  async run(input, { print, session }) {
    const stash = session()
    const all = await readHeld(stash)
    const [id] = input.args
    if (id === undefined) {
      const waiting = all.filter(({ kind }) => kind === 'approval')
      const names = waiting.map(({ held_id }) => held_id)
      print.data({ stash: stash.label, held: waiting }, names, () => printHeld(print, waiting))
      if (waiting.length === 0) print.say(`${stash.label}: nothing needs approval.`)
      return EXIT.done
    }
    const one = findHeld(all, id)
    return performChange(print, stash, input, {
      method: 'POST',
      path: stash.path(`/held/${encodeURIComponent(id)}/approve`),
      call: toReasonCall(input),
      action: `Approve ${id}: ${describeChange(one)}`,
      done: () => {
        const values = toWrites(one.change).map(({ key, value }) =>
          value === null ? `${key} is deleted` : `${key} is now ${showValue(value)}`,
        )
        return `approved, and applied. ${values.join(', ') || describeChange(one)}`
      },
    })
  },
}
