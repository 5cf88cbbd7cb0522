/** `undo`: the opposite of one revision. Later changes of the same flags are in the way, and are for a person to look at. */
import { toChangeCall } from '../../change/change-options.ts'
import { performChange } from '../../change/perform-change.ts'
import { TIMED, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'

export const undo: Command = {
  usage: '<revision>',
  takes: [1, 1],
  options: TIMED,
  examples: [['switchyard undo 41 --reason "wrong service"', 'restores what revision 41 changed']],
  notes: '"switchyard history" has the revisions. A revision is undone as a whole, or not at all.',
  async run(input, { print, session }) {
    const typed = (input.args[0] ?? '').replace(/^#/, '')
    const revision = /^\d{1,15}$/.test(typed) ? Number(typed) : 0
    if (revision < 1) throw new Misuse(`"${input.args[0] ?? ''}" is not a revision: 1, 2, 3 …`)
    const stash = session()
    return performChange(print, stash, input, {
      method: 'POST',
      path: stash.path('/undo'),
      call: { ...toChangeCall(input), body: { revision } },
      action: `Undo revision ${revision}`,
      done: ({ changed = [] }) => `revision ${revision} is undone: ${changed.join(', ') || 'nothing had to change'}`,
    })
  },
}
