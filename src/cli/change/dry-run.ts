/** Prints what a change would do. Nothing was changed. */
import type { DryRun } from '../api/answer-types.ts'
import type { Session } from '../api/session.ts'
import { EXIT, type Exit } from '../exit.ts'
import { showValue, type Printer } from '../output/print.ts'
import { formatTime } from '../output/time-text.ts'

/** The most changes that are listed. */
const LISTED_MAX = 50

const WAITS = { approval: 'a second person to approve it', time: 'its time', link: 'the use of its link' } as const

/** @param action of the command: `Set a to 1` */
export function printDryRun(print: Printer, stash: Session, action: string, plan: DryRun): Exit {
  print.data(
    { stash: stash.label, ...plan },
    plan.changes.map(({ key }) => key),
    () => {},
  )
  print.say(`${stash.label}: ${describePlan(action, plan)} Nothing was changed: this was a dry run.`)
  return plan.waits_for === undefined ? EXIT.done : EXIT.held
}

function describePlan(action: string, { does, changes, waits_for, due_at, reverts_at }: DryRun): string {
  const isNothing = does === null && changes.length === 0 && waits_for === undefined
  if (isNothing) return 'nothing would change.'
  const values = changes
    .slice(0, LISTED_MAX)
    .map(({ key, before, after }) =>
      before === after ? `${key}: stays ${toText(before)}` : `${key}: ${toText(before)} → ${toText(after)}`,
    )
  const more = changes.length > LISTED_MAX ? ` and ${changes.length - LISTED_MAX} more` : ''
  const what = values.length === 0 ? toLowerFirst(action) : `change ${values.join(', ')}${more}`
  const until = reverts_at === undefined ? '' : `, until ${formatTime(reverts_at)}`
  if (waits_for === undefined) return `would ${what}${until}.`
  const due = due_at === undefined ? WAITS[waits_for] : formatTime(due_at)
  return `would ${what}${until}, and wait for ${due}.`
}

const toText = (value: string | null): string => (value === null ? 'no flag' : showValue(value))
const toLowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
