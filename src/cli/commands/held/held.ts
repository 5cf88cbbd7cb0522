/** `held`: the pending changes, those that need a person first; or one of them in full. */
import type { Held } from '../../api/answer-types.ts'
import type { Command } from '../../command.ts'
import { Declined, EXIT } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import type { Printer } from '../../output/print.ts'
import { formatRelativeFirst } from '../../output/time-text.ts'
import { describeChange, describeWait, printHeld, readHeld, sortHeld } from './pending.ts'

export const held: Command = {
  usage: '[<held id>]',
  takes: [0, 1],
  examples: [
    ['switchyard held', 'all pending changes'],
    ['switchyard held mYrzHzH4421AimLu', 'one of them in full'],
  ],
  notes: 'A change is pending while it waits for a second person, for its time, or for the use of its link.',
  async run(input, { print, session }) {
    const stash = session()
    const all = sortHeld(await readHeld(stash))
    const [id] = input.args
    if (id !== undefined) {
      const one = findHeld(all, id)
      print.data({ stash: stash.label, ...one }, [one.held_id], () => printOne(print, one))
      return EXIT.done
    }
    const names = all.map(({ held_id }) => held_id)
    print.data({ stash: stash.label, held: all }, names, () => printHeld(print, all))
    if (all.length === 0) print.say(`${stash.label}: nothing is pending.`)
    return EXIT.done
  },
}

/** @throws {Declined} if no pending change has this id */
export function findHeld(all: readonly Held[], id: string): Held {
  const found = all.find(({ held_id }) => held_id === id)
  if (found !== undefined) return found
  const near = listNearest(
    id,
    all.map(({ held_id }) => held_id),
  )
  throw new Declined(
    'held_not_found',
    `Nothing is pending under "${id}": it was approved, declined, or has expired${askIfMeant(near)}`,
    { held_id: id, did_you_mean: near },
  )
}

function printOne(print: Printer, one: Held): void {
  const { held_id, made_by, made_at, reason, decision, set_by } = one
  const facts: [string, string | null][] = [
    ['id', held_id],
    ['does', describeChange(one)],
    ['waits', describeWait(one)],
    ['asked by', set_by?.label ?? made_by],
    ['asked', formatRelativeFirst(made_at)],
    ['reason', reason],
    ['decision', decision],
  ]
  print.table(facts.flatMap(([name, text]) => (text === null ? [] : [[name, text]])))
}
